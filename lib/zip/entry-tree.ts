/**
 * The entries of a zip as a file tree: detects contradicting entries and resolves links.
 */
import { refusal, type ZipEntry, type ZippedLink } from './entry';
import { OPT } from '../lambda';
import { COMPRESSED, unpackedRoot } from '../plan/size/compress';
import { printableName } from '../text/printable';

const MOST_LINKS = 40; // the kernel's limit (include/linux/namei.h, MAXSYMLINKS)
/** Maximum number of components in all names and link targets: enough for a quarter of a million files, and checked within a second. */
const MOST_STEPS = 4_000_000;

const OUTSIDE = 'outside';
const CYCLE = `is a link that leads to itself or through more than ${MOST_LINKS} links`;

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
  readonly parent?: Place;
  children?: Map<string, Place>;
  /** undefined for a directory without an entry of its own */
  entry?: ZipEntry;
  /** of a link that was resolved: its final target */
  resolution?: Resolution;
}

/** Where a path leads: a place, or `undefined` if it does not exist, and the number of links on the way. */
interface Resolution {
  readonly place?: Place;
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
        at.children ??= new Map();
        const next: Place = at.children.get(name) ?? { name, parent: at };
        at.children.set(name, next);
        at = next;
      }
      if (at.entry) throw refusal(file, entry.name, 'occurs twice');
      at.entry = entry;
    }
  }

  /** @throws ZipError if an entry's parent is not a directory, or a link leads out of the layer */
  public check(): void {
    for (const { name } of this.entries) {
      const parent = this.placeOf(name).parent?.entry;
      if (parent && parent.type !== 'directory') {
        throw refusal(this.file, name, `is below ${printableName(parent.name)}, which is a ${parent.type}`);
      }
    }
    for (const { name, type } of this.entries) if (type === 'link') this.resolveLink(this.placeOf(name));
  }

  public follow(name: string): string | undefined {
    const end = this.walk(this.top, name, name);
    if (end === OUTSIDE || end.place === undefined || end.links > MOST_LINKS) return undefined;
    const names: string[] = [];
    for (let at = end.place; at.parent; at = at.parent) names.push(at.name);
    return names.reverse().join('/');
  }

  private placeOf(name: string): Place {
    return name.split('/').reduce((at, step) => at.children!.get(step)!, this.top);
  }

  /** @throws ZipError if any component leads out, even if the next one leads in again */
  private resolveLink(link: Place): Resolution {
    if (link.resolution) return link.resolution;
    const { name, target } = link.entry as ZippedLink;
    if (target === '' || target.includes('\0')) throw refusal(this.file, name, 'is a link with an empty target or a NUL character');
    if (this.isUnpacked(name, target)) return (link.resolution = { place: link, links: 1 });
    const isAbsolute = target.startsWith(OPT);
    if (target.startsWith('/') && !isAbsolute) throw refusal(this.file, name, 'is a link to an absolute path outside of /opt');
    if (this.following.has(link) || this.following.size === MOST_LINKS) throw refusal(this.file, name, CYCLE);
    this.following.add(link);
    const end = isAbsolute ? this.walk(this.top, target.slice(OPT.length), name) : this.walk(link.parent!, target, name);
    this.following.delete(link);
    if (end === OUTSIDE) throw refusal(this.file, name, 'is a link that leads out of the layer');
    const resolution = { place: end.place, links: end.links + 1 };
    if (resolution.links > MOST_LINKS) throw refusal(this.file, name, CYCLE);
    link.resolution = resolution;
    return resolution;
  }

  /**
   * True if a link leads to where the launcher unpacks a file that is stored compressed: `/tmp/elf-KEY/PATH` for `elf/KEY/PATH`. No other
   * link may leave the layer.
   */
  private isUnpacked(name: string, target: string): boolean {
    const [, key, file] = /^elf\/([0-9a-f]{8})\/(.+)$/.exec(name) ?? [];
    if (file === undefined || target !== `${unpackedRoot(key)}/${file}`) return false;
    let at: Place | undefined = this.top;
    for (const step of this.stepsOf(`elf/${key}${COMPRESSED}/${file}`, name)) at = at?.children?.get(step);
    return at?.entry?.type === 'file';
  }

  /** @param entry name of the entry being resolved, for messages */
  private walk(from: Place, target: string, entry: string): Resolution | typeof OUTSIDE {
    let at = from;
    let links = 0;
    for (const step of this.stepsOf(target, entry)) {
      if (step === '' || step === '.') continue;
      if (step === '..') {
        if (!at.parent) return OUTSIDE;
        at = at.parent;
        continue;
      }
      const next = at.children?.get(step);
      const resolution: Resolution = next?.entry?.type === 'link' ? this.resolveLink(next) : { place: next, links: 0 };
      links += resolution.links;
      if (!resolution.place) return { links };
      at = resolution.place;
    }
    return { place: at, links };
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
