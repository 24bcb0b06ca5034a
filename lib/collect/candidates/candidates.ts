/**
 * Candidates in the order in which they are tried (see candidate-groups.ts). Each is packed if the room that is left holds it.
 *
 * Sizes come from the directory entries. A file is read only once it is known that there is room for its candidate.
 */
import * as path from 'path';
import { Additions } from './additions';
import {
  type Addition, dependenciesOf, distanceOf, essentialPackages, type Group, isOfSibling, KINSHIP, type Measured,
} from './candidate-groups';
import { aboveLimit, listed, noRoom } from './room-notices';
import { bytesInLayer } from './stored-size';
import { WaitingGroups } from './waiting-groups';
import { valueOf } from '../../packages/package';
import { addFound } from '../programs/add-files';
import { takeFile } from '../programs/processes';
import type { Context } from '../selection/context';
import type { Lacking } from '../selection/module-distance';
import type { Candidate, CurrentSelection, Selection } from '../selection/selection';
import { ADD_ON, type Need, NEEDS } from '../selection/size-budget';

/** Names of libraries: a package with some is useless without others. */
const LIBRARY = /\.so(?:\.[\d.]+)?$/;

interface Attempt {
  readonly delta: Selection;
  readonly bytes: number;
}

/** The outcome for a group. */
export interface Outcome {
  /** its files, or why they are not packed */
  readonly delta: Selection;
  /** to be called instead of merging `delta`, if the layer has no room for what its files add in turn: the reasons why it is not packed */
  readonly giveUp?: (bytes: number) => Selection;
}

export class Candidates {
  private readonly waiting = new WaitingGroups();
  /** groups without room */
  private readonly rejected = new Map<string, Pick<Measured, 'need' | 'bytes' | 'addition'> & { readonly dependencies: Lacking }>();

  /** add-ons above their limit → bytes */
  private readonly oversized = new Map<string, { readonly bytes: number }>();

  private readonly additions = new Additions();

  constructor(private readonly context: Context) {}

  /** Takes over the candidates that a selection has deferred. The same path may be found more than once: the first counts. */
  public takeFrom(selection: Selection): void {
    const byKey = new Map<string, Candidate[]>();
    for (const candidate of selection.takeDeferred()) {
      const { group } = candidate;
      if (this.rejected.has(group)) selection.skip(candidate.path, noRoom(candidate, this.rejected.get(group)!.bytes));
      else valueOf(byKey, group, () => []).push(candidate);
    }
    for (const [key, found] of byKey) {
      const known = this.waiting.get(key);
      const paths = new Set(known?.candidates.map((candidate) => candidate.path));
      const added = found.filter((candidate) => paths.size < paths.add(candidate.path).size);
      if (added.length === 0) continue;
      const candidates = [...known?.candidates ?? [], ...added];
      const need = candidates
        .map((candidate) => candidate.need)
        .reduce((best, one) => (NEEDS.indexOf(one) < NEEDS.indexOf(best) ? one : best));
      const { limit = need === 'add-on' ? ADD_ON : undefined } = candidates[0];
      const dependencies = dependenciesOf(candidates[0], need, selection, this.context);
      const isWhole = candidates.some((candidate) => candidate.isWhole);
      const isOfOthers = candidates.every((candidate) => candidate.isOfOthers);
      const distance = distanceOf(candidates);
      const { addition } = known ?? {};
      this.waiting.set({ key, need, limit, candidates, dependencies, distance, isMeasured: false, isWhole, isOfOthers, addition });
    }
  }

  /**
   * Tries the next group.
   *
   * @param room bytes that are left in the layer
   * @returns `undefined` if no group is left
   */
  public tryNext(selection: CurrentSelection, room: number): Outcome | undefined {
    const measure = ({ candidates }: Group) => this.found(candidates, selection).bytes;
    for (let group = this.waiting.takeFirst(measure); group; group = this.waiting.takeFirst(measure)) {
      // its files may have been packed meanwhile, with another group
      const attempt = group.bytes > room && measure(group) > room ? undefined : this.attempt(group, selection);
      const bytes = attempt?.bytes ?? group.bytes;
      const tried = attempt ? { ...group, addition: additionOf(attempt.delta) } : group;
      if (attempt && this.isLargerThanNext(group, bytes, room)) {
        this.waiting.set({ ...tried, bytes, isMeasured: true });
        continue;
      }
      const isAbove = attempt && bytes <= room && !this.isWithinLimit(group, attempt);
      if (isAbove && !group.isOverLimit && isOfSibling(group, selection, this.context)) {
        this.waiting.set({ ...tried, limit: undefined, isOverLimit: true });
        continue;
      }
      if (attempt && bytes <= room && !isAbove) {
        return { delta: attempt.delta, giveUp: (bytesInAll) => this.reject(tried, bytesInAll, false, selection) };
      }
      if (bytes > room && this.isUsefulInParts(group, selection)) {
        this.split(group, selection);
        continue;
      }
      return { delta: this.reject(tried, bytes, bytes <= room, selection) };
    }
    return undefined;
  }

  /** Whether there was no room for something. */
  public get lackRoom(): boolean {
    return this.rejected.size > 0;
  }

  /** See `Collected`. */
  public get lackingDependencies(): Lacking {
    return new Map([...this.rejected.values()].flatMap(({ dependencies }) => [...dependencies]));
  }

  /** The groups without room, but for add-ons, each with how much it is needed. */
  public get lacking(): ReadonlyMap<string, Need> {
    return new Map([...this.rejected].filter(([, { need }]) => need !== 'add-on').map(([key, { need }]) => [key, need]));
  }

  /** What each group without room would add, if it was tried. */
  public get withoutRoom(): Addition[] {
    return [...this.rejected.values()].map(({ addition }) => addition).filter((addition) => addition !== undefined);
  }

  /** Lists candidates for which there was no room. */
  public notices(): string[] {
    const largest = [...this.rejected].sort(([, a], [, b]) => b.bytes - a.bytes);
    return [
      ...listed(
        'the layer is full, and does not contain all files that the program may need',
        largest.filter(([, { need }]) => need !== 'add-on'),
      ),
      ...listed(
        'the layer is full, and does not contain all add-ons',
        largest.filter(([, { need }]) => need === 'add-on'),
      ),
      ...listed(
        'large add-ons are packed only if they are included',
        [...this.oversized].sort(([, a], [, b]) => b.bytes - a.bytes),
      ),
    ];
  }

  /** True if other candidates must be tried first, because its plug-ins need more than its own files and the layer may become full. */
  private isLargerThanNext(group: Group, bytes: number, room: number): boolean {
    if (group.isMeasured || bytes + this.waiting.bytesOf(group.need) <= room) return false;
    return this.waiting.isAnyBefore({ ...group, bytes });
  }

  private attempt({ candidates, limit, bytes }: Measured, selection: CurrentSelection): Attempt {
    const { delta, added } = this.found(candidates, selection);
    if (limit !== undefined && bytes > limit.data + limit.plugIns) return { delta, bytes };
    for (const [real, program] of added) takeFile(real, program, delta, this.context);
    return { delta, bytes: bytesInLayer(delta.files.additions.keys(), this.context) };
  }

  private found(
    candidates: readonly Candidate[],
    selection: CurrentSelection,
  ): Attempt & { readonly added: ReadonlyMap<string, string | undefined> } {
    const delta = selection.fork();
    const added = new Map<string, string | undefined>();
    for (const candidate of candidates) for (const real of this.additions.add(candidate, delta)) added.set(real, candidate.program);
    return { delta, added, bytes: bytesInLayer(delta.files.additions.keys(), this.context) };
  }

  /**
   * A part of a package that is only recommended may hide a complete module of the interpreter. An add-on from the same source package as a
   * requested one has data for the same program, such as LaTeX packages.
   */
  private isUsefulInParts(group: Group, selection: CurrentSelection): boolean {
    const { need, isSplit, isWhole, candidates } = group;
    if (isSplit || isWhole || candidates.some(({ isCommand }) => isCommand)) return false;
    if (need === 'mentioned') return selection.requested.isTight;
    if (!isOfSibling(group, selection, this.context)) return false;
    const files = [...this.found(candidates, selection).added.keys()];
    return new Set(files.map((file) => path.posix.dirname(file))).size > 1 && !files.some((file) => LIBRARY.test(file));
  }

  /** Replaces a group by one for each directory that it has files in: a tight layer has room for a part of a large package. */
  private split({ key, need, candidates, dependencies, distance }: Group, selection: CurrentSelection): void {
    const { delta, added } = this.found(candidates, selection);
    const linksTo = new Map<string | undefined, [link: string, target: string][]>();
    for (const link of delta.links.additions) valueOf(linksTo, this.context.root.real(link[0]), () => []).push(link);
    const parts = new Map<string, Candidate[]>();
    for (const [real, program] of added) {
      const why = delta.files.get(real)!;
      const add = (fork: Selection) => {
        for (const [link, target] of linksTo.get(real) ?? []) fork.links.set(link, target);
        return addFound(real, why, fork, this.context);
      };
      valueOf(parts, `${path.posix.dirname(real)} of ${key}`, () => []).push({ path: real, need, group: key, why, program, add });
    }
    const [, ...counts] = dependencies;
    const ofPart = need === 'add-on' ? [KINSHIP.partOfSibling, ...counts] as const : dependencies;
    for (const [part, found] of parts) {
      const others = [...this.waiting.get(part)?.candidates ?? [], ...found];
      this.waiting.set({ key: part, need, candidates: others, dependencies: ofPart, distance, isMeasured: false, isSplit: true });
    }
    this.takeFrom(delta);
  }

  private isWithinLimit({ limit }: Group, { delta, bytes }: Attempt): boolean {
    if (limit === undefined) return true;
    if (bytes > limit.data + limit.plugIns) return false;
    const plugIns = bytesInLayer([...delta.files.additions.keys()].filter((file) => isPlugIn(file, this.context)), this.context);
    return plugIns <= limit.plugIns && bytes - plugIns <= limit.data;
  }

  private reject({ key, need, candidates, addition }: Group, bytes: number, hasRoom: boolean, selection: CurrentSelection): Selection {
    const delta = selection.fork();
    const dependencies = hasRoom ? new Map() : essentialPackages(candidates, bytes, selection, this.context);
    if (!hasRoom) this.rejected.set(key, { need, bytes, dependencies, addition });
    else if (need === 'add-on') this.oversized.set(key, { bytes });
    for (const candidate of candidates) delta.skip(candidate.path, hasRoom ? aboveLimit(candidate, bytes) : noRoom(candidate, bytes));
    return delta;
  }
}

function additionOf({ links, processes }: Selection): Addition {
  return { links: links.additions, processes: processes.additions };
}

/** Objects that need no library, and that none needs, are data: Guile's compiled modules, for example. */
function isPlugIn(file: string, { root }: Context): boolean {
  const { elf } = root.content(file);
  if (!elf?.dynamic) return false;
  return elf.dynamic.needed.length > 0 || elf.dynamic.soname !== undefined;
}
