/**
 * The part of a root that goes into the layer, as it grows: files, the links that lead to them, and
 * for each of them why it is there.
 */
import * as path from 'path';
import { Root } from '../root/root';

/** Why something is in the layer. */
export interface Why {
  /** in words, as `needed by`, `mentioned in` */
  readonly reason: string;
  /** the resolved path of the file through which it came in; a program that was asked for has none */
  readonly through?: string;
}

/** What never goes in unless it is named in `include`: it is private, fleeting, or the host's own. */
const NEVER = /^\/(home|root|proc|sys|dev|run|tmp|mnt|media|boot|lost\+found)(\/|$)|^\/var\/(tmp|run|lock|log|spool|mail|backups|crash)(\/|$)|^\/var\/cache\/(apt|debconf)(\/|$)|^\/var\/lib\/(dpkg|apt|systemd|private)(\/|$)|^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid|hosts|hostname|host\.conf|resolv\.conf|machine-id|mtab|fstab|sudoers|localtime|timezone|environment|nsswitch\.conf|ld\.so\.cache|ld\.so\.conf|ld\.so\.preload|motd|issue|issue\.net|shells|securetty|adjtime)-?(\/|$)|^\/etc\/(ld\.so\.conf\.d|sudoers\.d|pam\.d|security|cron\.[a-z]+|init\.d|rc[0-9S]\.d|systemd|skel)(\/|$)/;

/** Whether a path may go in at all without being named. */
export function isTheHosts(wanted: string): boolean {
  return NEVER.test(wanted);
}

export class Excerpt {
  /** resolved path of each file → why */
  public readonly files = new Map<string, Why>();
  /** each link, its parent resolved → what it says */
  public readonly links = new Map<string, string>();
  /** directories that were asked for, the empty ones among them */
  public readonly directories = new Set<string>();
  /** path → why it was left out */
  public readonly leftOut = new Map<string, string>();

  constructor(private readonly root: Root, private readonly excluded: (path: string) => boolean) {}

  /**
   * Adds a file with the links that lead to it, whatever it is: what a loader needs, what a user names.
   *
   * @returns its resolved path
   */
  public addFile(wanted: string, why: Why): string {
    const { real, links } = this.root.resolve(wanted);
    for (const link of links) this.links.set(link.path, link.target);
    if (!this.files.has(real!)) this.files.set(real!, why);
    return real!;
  }

  /**
   * Adds what was found rather than named: a file, or a directory with what is below it, as far as it may go in.
   *
   * @param accept which of the resolved paths below a directory, and which targets of the links there, belong to it
   * @returns the resolved paths of the files that are new
   */
  public add(wanted: string, why: Why, accept: (real: string) => boolean = () => true): string[] {
    const added: string[] = [];
    this.descend(wanted, why, accept, added);
    return added;
  }

  /** Whether something may go in without being named. */
  public refusal(real: string): string | undefined {
    if (isTheHosts(real)) return 'belongs to the host';
    if (this.excluded(real)) return 'excluded';
    const status = this.root.status(real);
    if (status?.type === 'other') return 'neither file nor directory';
    if (!this.root.isPublic(real)) return 'not readable by everybody';
    return undefined;
  }

  private descend(wanted: string, why: Why, accept: (real: string) => boolean, added: string[]): void {
    const { real, links } = this.root.resolve(wanted);
    if (real === undefined) return;
    const refusal = this.refusal(real);
    if (refusal) {
      this.leftOut.set(real, refusal);
      return;
    }
    if (this.root.status(real)!.type === 'file') {
      for (const link of links) this.links.set(link.path, link.target);
      if (this.files.has(real)) return;
      this.files.set(real, why);
      added.push(real);
      return;
    }
    for (const link of links) this.links.set(link.path, link.target);
    if (this.directories.has(real)) return;
    this.directories.add(real);
    for (const name of this.root.names(real)) {
      const child = path.posix.join(real, name);
      const target = this.root.real(child);
      if (target === undefined || !accept(child)) continue;
      if (this.root.status(child)!.type === 'link' && this.root.status(target)!.type === 'directory' && !accept(target)) continue;
      this.descend(child, why, accept, added);
    }
  }
}
