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

/** Something that the source does not have, or has otherwise. */
export type Generated = { readonly link: string } | { readonly text: string };

/** What never goes in unless it is named in `include`: it is private, fleeting, or the host's own. */
const MACHINE_SPECIFIC = new RegExp(
  '^(?:' +
    [
      '/(?:home|root|proc|sys|dev|run|tmp|mnt|media|boot|lost\\+found)',
      '/var/(?:tmp|run|lock|log|spool|mail|backups|crash)',
      '/var/cache/(?:apt|debconf)',
      '/var/lib/(?:dpkg|apt|apk|rpm|dnf|systemd|private)',
      '/(?:usr/)?lib/(?:apk|sysimage)',
      '/etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-?',
      '/etc/(?:hosts|hostname|host\\.conf|resolv\\.conf|nsswitch\\.conf|machine-id|localtime|timezone|adjtime)',
      '/etc/(?:mtab|fstab|environment|motd|issue|issue\\.net|shells|securetty|sudoers|sudoers\\.d)',
      '/etc/(?:ld\\.so\\.cache|ld\\.so\\.conf|ld\\.so\\.conf\\.d|ld\\.so\\.preload)',
      '/etc/(?:apt|pam\\.d|security|cron\\.[a-z]+|init\\.d|rc[0-9S]\\.d|systemd|skel)',
    ].join('|') +
    ')(?:/|$)',
);

export const EXCLUDED = 'excluded';

/** Whether a path is the host's, and may not go in without being named. */
export function isMachineSpecific(wanted: string): boolean {
  return MACHINE_SPECIFIC.test(wanted);
}

/** Something that a user names, of which nothing can be packed. */
export class SelectionError extends Error {}

export class Selection {
  /** resolved path of each file → why */
  public readonly files = new Map<string, Why>();
  /** each link, its parent resolved → what it says */
  public readonly links = new Map<string, string>();
  /** directories that were asked for, the empty ones among them */
  public readonly directories = new Set<string>();
  /** path → what stands there in the layer only */
  public readonly generated = new Map<string, Generated>();
  /** path → why it was left out */
  public readonly skipped = new Map<string, string>();

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
   * @param accept which of the paths below a directory belong to it
   * @returns the resolved paths of the files that are new
   */
  public add(wanted: string, why: Why, accept: (real: string) => boolean = () => true): string[] {
    return this.grow(wanted, why, (real) => (isMachineSpecific(real) ? 'belongs to the host' : this.refusalWithin(real)), accept);
  }

  /**
   * Adds what a user names: a file whatever it is, of a directory what everybody may read.
   *
   * @returns the resolved paths of the files that are new
   */
  public include(wanted: string, why: Why): string[] {
    const real = this.root.real(wanted)!;
    if (this.root.status(real)!.type !== 'file') {
      const refused: string[] = [];
      const added = this.grow(wanted, why, (child) => {
        const refusal = this.refusalWithin(child, real);
        if (refusal !== undefined && refusal !== EXCLUDED) refused.push(`${child}: ${refusal}`);
        return refusal;
      });
      if (added.length > 0 || refused.length === 0) return added;
      throw new SelectionError(`include '${wanted}': nothing of it can be packed\n  ${refused.slice(0, 5).join('\n  ')}\n  name a file itself to pack it all the same`);
    }
    if (this.files.has(real)) return [];
    return [this.addFile(wanted, why)];
  }

  /** Adds what the source does not have. */
  public generate(wanted: string, generated: Generated): void {
    this.generated.set(wanted, generated);
  }

  /** Whether everything may stand as it is: runs `grow`, and takes back what it added unless it says yes. */
  public attempt(grow: () => boolean): boolean {
    const [files, links, directories, generated] = [this.files.size, this.links.size, this.directories.size, this.generated.size];
    const good = grow();
    if (!good) {
      for (const [grown, size] of [[this.files, files], [this.links, links], [this.generated, generated], [this.directories, directories]] as const) {
        for (const key of [...grown.keys()].slice(size)) grown.delete(key);
      }
    }
    return good;
  }

  private grow(wanted: string, why: Why, refusal: (real: string) => string | undefined, accept: (real: string) => boolean = () => true): string[] {
    const added: string[] = [];
    const entered = new Set<string>();
    const descend = (at: string) => {
      const { real, links } = this.root.resolve(at);
      if (real === undefined) return;
      const refused = refusal(real);
      if (refused !== undefined) {
        this.skipped.set(at, refused);
        return;
      }
      for (const link of links) this.links.set(link.path, link.target);
      if (this.root.status(real)!.type === 'file') {
        if (this.files.has(real)) return;
        this.files.set(real, why);
        added.push(real);
        return;
      }
      if (entered.has(real)) return;
      entered.add(real);
      this.directories.add(real);
      for (const name of this.root.names(real)) {
        const child = path.posix.join(real, name);
        const target = this.root.real(child);
        if (target === undefined) {
          this.skipped.set(child, 'a link that leads nowhere inside the root');
          continue;
        }
        const isDirectoryElsewhere = target !== child && this.root.status(target)!.type === 'directory';
        if (accept(child) && (!isDirectoryElsewhere || accept(target))) descend(child);
      }
    };
    descend(wanted);
    return added;
  }

  /** @param named a directory that the user names: who may enter those above it does not matter */
  private refusalWithin(real: string, named?: string): string | undefined {
    if (this.excluded(real)) return EXCLUDED;
    if (this.root.status(real)?.type === 'other') return 'neither a file nor a directory';
    if (!this.root.isPublic(real, named)) return 'not readable by everybody';
    return undefined;
  }
}
