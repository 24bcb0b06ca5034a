/**
 * The entries of a zip as a file tree: detects contradicting entries and resolves links.
 */
import { refusal, type ZipEntry, type ZippedLink } from './entry';
import { OPT } from '../lambda';
import { COMPRESSED, unpackedRoot } from '../plan/compress';
import { printableName } from '../text/printable';

const MOST_LINKS = 40; // the kernel's limit (include/linux/namei.h, MAXSYMLINKS)
/** Maximum number of components in all names and link targets: enough for a quarter of a million files, and checked within a second. */
const MOST_STEPS = 4_000_000;

const OUT = 'out of the layer';
const ROUND = 'is a link that leads to itself';

/** Resolves a path inside the layer, following every link; `undefined` if it does not exist. */
export type Follow = (name: string) => string | undefined;

/** Resolves names in a layer. */
export function follower(entries: readonly ZipEntry[]): Follow {
  const tree = new Tree('', entries);
  return (name) => tree.follow(name);
}

/** A file, link or directory in a layer. */
interface Place {
  /** name in its parent directory, `''` for the top */
  readonly name: string;
  readonly above?: Place;
  below?: Map<string, Place>;
  /** undefined for a directory without an entry of its own */
  entry?: ZipEntry;
  /** target of a link, once it was resolved */
  lead?: Lead;
}

/** The final target of a link, undefined if it does not exist, and the number of links to it, including the first. */
interface Lead {
  readonly to?: Place;
  readonly links: number;
}

/** The entries as a tree of directories. Each link is resolved once, however many other links lead to it. */
export class Tree {
  private readonly top: Place = { name: '' };
  private readonly following = new Set<Place>();
  private steps = 0;

  constructor(private readonly file: string, private readonly entries: readonly ZipEntry[]) {
    for (const entry of entries) {
      let at = this.top;
      for (const name of this.stepsOf(entry.name, entry.name)) {
        at.below ??= new Map();
        const next: Place = at.below.get(name) ?? { name, above: at };
        at.below.set(name, next);
        at = next;
      }
      if (at.entry) throw refusal(file, entry.name, 'occurs twice');
      at.entry = entry;
    }
  }

  /** @throws ZipError if an entry's parent is not a directory, or a link leads out of the layer */
  public check(): void {
    for (const { name } of this.entries) {
      const above = this.placeOf(name).above?.entry;
      if (above && above.type !== 'directory') {
        throw refusal(this.file, name, `is below ${printableName(above.name)}, which is a ${above.type}`);
      }
    }
    for (const { name, type } of this.entries) if (type === 'link') this.leadOf(this.placeOf(name));
  }

  public follow(name: string): string | undefined {
    const end = this.walk(this.top, name, name);
    if (end === OUT || end.to === undefined || end.links > MOST_LINKS) return undefined;
    const names: string[] = [];
    for (let at = end.to; at.above; at = at.above) names.push(at.name);
    return names.reverse().join('/');
  }

  private placeOf(name: string): Place {
    return name.split('/').reduce((at, step) => at.below!.get(step)!, this.top);
  }

  /** @throws ZipError if any component leads out, even if the next one leads in again */
  private leadOf(link: Place): Lead {
    if (link.lead) return link.lead;
    const { name, target } = link.entry as ZippedLink;
    if (target === '' || target.includes('\0')) throw refusal(this.file, name, 'is a link with an empty target or a NUL character');
    if (this.isUnpacked(name, target)) return (link.lead = { to: link, links: 1 });
    const isAbsolute = target.startsWith(OPT);
    if (target.startsWith('/') && !isAbsolute) throw refusal(this.file, name, 'is a link to an absolute path outside of /opt');
    if (this.following.has(link) || this.following.size === MOST_LINKS) throw refusal(this.file, name, ROUND);
    this.following.add(link);
    const end = isAbsolute ? this.walk(this.top, target.slice(OPT.length), name) : this.walk(link.above!, target, name);
    this.following.delete(link);
    if (end === OUT) throw refusal(this.file, name, 'is a link that leads out of the layer');
    const lead = { to: end.to, links: end.links + 1 };
    if (lead.links > MOST_LINKS) throw refusal(this.file, name, ROUND);
    link.lead = lead;
    return lead;
  }

  /**
   * True if a link leads to where the launcher unpacks a file that is stored compressed: `/tmp/elf-KEY/PATH` for `elf/KEY/PATH`. No other
   * link may leave the layer.
   */
  private isUnpacked(name: string, target: string): boolean {
    const [, key, file] = /^elf\/([0-9a-f]{8})\/(.+)$/.exec(name) ?? [];
    if (file === undefined || target !== `${unpackedRoot(key)}/${file}`) return false;
    let at: Place | undefined = this.top;
    for (const step of this.stepsOf(`elf/${key}${COMPRESSED}/${file}`, name)) at = at?.below?.get(step);
    return at?.entry?.type === 'file';
  }

  /** @param entry name of the entry being resolved, for messages */
  private walk(from: Place, target: string, entry: string): Lead | typeof OUT {
    let at = from;
    let links = 0;
    for (const step of this.stepsOf(target, entry)) {
      if (step === '' || step === '.') continue;
      if (step === '..') {
        if (!at.above) return OUT;
        at = at.above;
        continue;
      }
      const next = at.below?.get(step);
      const lead: Lead = next?.entry?.type === 'link' ? this.leadOf(next) : { to: next, links: 0 };
      links += lead.links;
      if (!lead.to) return { links };
      at = lead.to;
    }
    return { to: at, links };
  }

  private stepsOf(name: string, entry: string): string[] {
    const steps = name.split('/');
    this.steps += steps.length;
    if (this.steps > MOST_STEPS) {
      throw refusal(this.file, entry, `and the entries before it have names and links with more than ${MOST_STEPS} components`);
    }
    return steps;
  }
}
