/**
 * The entries of a zip as a file tree: which of them contradict each other, and where its links lead.
 */
import { refusal, type ZipEntry, type ZippedLink } from './entry';
import { OPT } from '../lambda';
import { printableName } from '../text/printable';

const MOST_LINKS = 40; // the kernel's limit (include/linux/namei.h, MAXSYMLINKS)
/** Components of all names and of all that links lead to: more than a quarter of a million files have, and done within a second. */
const MOST_STEPS = 4_000_000;

const OUT = 'out of the layer';
const ROUND = 'is a link that leads to itself';

/** Where a path inside the layer leads with every link on the way followed; `undefined` for nowhere. */
export type Follow = (name: string) => string | undefined;

/** How names in a layer are followed. */
export function follower(entries: readonly ZipEntry[]): Follow {
  const tree = new Tree('', entries);
  return (name) => tree.follow(name);
}

/** A place in a layer. */
interface Place {
  /** in what is above it, `''` of the top */
  readonly name: string;
  readonly above?: Place;
  below?: Map<string, Place>;
  /** none of a directory that has no entry of its own */
  entry?: ZipEntry;
  /** of a link that was followed */
  lead?: Lead;
}

/** Where a link leads in the end, nowhere if there is no such place, and by how many links, itself included. */
interface Lead {
  readonly to?: Place;
  readonly links: number;
}

/** What the entries are together, as they would stand in a directory. A link is gone through once, however many lead to it. */
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
      if (at.entry) throw refusal(file, entry.name, 'is there twice');
      at.entry = entry;
    }
  }

  /** @throws ZipError for what lies below something that is no directory, and for a link that leads out */
  public check(): void {
    for (const { name } of this.entries) {
      const above = this.placeOf(name).above?.entry;
      if (above && above.type !== 'directory') throw refusal(this.file, name, `lies below ${printableName(above.name)}, which is a ${above.type}`);
    }
    for (const { name, type } of this.entries) if (type === 'link') this.leadOf(this.placeOf(name));
  }

  public follow(name: string): string | undefined {
    const found = this.walk(this.top, name, name);
    if (found === OUT || found.to === undefined || found.links > MOST_LINKS) return undefined;
    const names: string[] = [];
    for (let at = found.to; at.above; at = at.above) names.push(at.name);
    return names.reverse().join('/');
  }

  private placeOf(name: string): Place {
    return name.split('/').reduce((at, step) => at.below!.get(step)!, this.top);
  }

  /** @throws ZipError where a step leads out, even if the next one leads in again */
  private leadOf(link: Place): Lead {
    if (link.lead) return link.lead;
    const { name, target } = link.entry as ZippedLink;
    if (target === '' || target.includes('\0')) throw refusal(this.file, name, 'is a link that names nothing');
    const isAbsolute = target.startsWith(OPT);
    if (target.startsWith('/') && !isAbsolute) throw refusal(this.file, name, 'is a link to an absolute path outside of /opt');
    if (this.following.has(link) || this.following.size === MOST_LINKS) throw refusal(this.file, name, ROUND);
    this.following.add(link);
    const found = isAbsolute ? this.walk(this.top, target.slice(OPT.length), name) : this.walk(link.above!, target, name);
    this.following.delete(link);
    if (found === OUT) throw refusal(this.file, name, 'is a link that leads out of the layer');
    const lead = { to: found.to, links: found.links + 1 };
    if (lead.links > MOST_LINKS) throw refusal(this.file, name, ROUND);
    link.lead = lead;
    return lead;
  }

  /** @param entry the name of the entry that is looked at */
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
    if (this.steps > MOST_STEPS) throw refusal(this.file, entry, `and those before it have names and links of more than ${MOST_STEPS} components`);
    return steps;
  }
}
