/**
 * Tries candidates in the order of candidate-groups.ts. Each is packed if it fits into the room that is left.
 *
 * A group is measured by the status of its files. The content of the files is parsed only once it is known that they fit.
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

/** Names of libraries. A package that has libraries is of no use in parts. */
const LIBRARY = /\.so(?:\.[\d.]+)?$/;

interface Attempt {
  readonly delta: Selection;
  readonly bytes: number;
}

/** The outcome for a group. */
export interface Outcome {
  /** its files, or the reasons why they are skipped */
  readonly delta: Selection;
  /**
   * To be called if the files of `delta`, with the files that the rules add because of them, do not fit. `bytes` is the room that all of
   * them take. Returns the reasons why the files are skipped, which are merged instead of `delta`.
   */
  readonly giveUp?: (bytes: number) => Selection;
}

export class Candidates {
  private readonly waiting = new WaitingGroups();
  /** groups for which there was no room */
  private readonly rejected = new Map<string, Pick<Measured, 'need' | 'bytes' | 'addition'> & { readonly dependencies: Lacking }>();

  /** groups that exceed their limits: all such add-ons, and other groups only if they have too much data */
  private readonly oversized = new Map<string, Pick<Measured, 'need' | 'bytes'>>();

  private readonly additions = new Additions();

  constructor(private readonly context: Context) {}

  /** Adds the candidates that a selection has deferred. If several have the same path, the first counts. */
  public takeFrom(selection: Selection): void {
    const byKey = new Map<string, Candidate[]>();
    for (const candidate of selection.takeDeferred()) {
      const { group } = candidate;
      if (this.rejected.has(group)) selection.skip(candidate.path, noRoom(candidate, this.rejected.get(group)!.bytes));
      else valueOf(byKey, group, () => []).push(candidate);
    }
    for (const [key, deferred] of byKey) {
      const known = this.waiting.get(key);
      const paths = new Set(known?.candidates.map((candidate) => candidate.path));
      const added = deferred.filter((candidate) => paths.size < paths.add(candidate.path).size);
      if (added.length === 0) continue;
      const candidates = [...known?.candidates ?? [], ...added];
      const need = candidates
        .map((candidate) => candidate.need)
        .reduce((greatest, other) => (NEEDS.indexOf(other) < NEEDS.indexOf(greatest) ? other : greatest));
      const { limit = need === 'add-on' ? ADD_ON : undefined } = candidates[0];
      const dependencies = dependenciesOf(candidates[0], need, selection, this.context);
      const isWhole = candidates.some((candidate) => candidate.isWhole);
      const [isOfOthers, isWeak] = [candidates.every((one) => one.isOfOthers), candidates.every((one) => one.isWeak)];
      const distance = distanceOf(candidates);
      const { addition } = known ?? {};
      this.waiting.set({ key, need, limit, candidates, dependencies, distance, isMeasured: false, isWhole, isOfOthers, isWeak, addition });
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
      // measured again, because another group may have packed some of its files
      const attempt = group.bytes > room && measure(group) > room ? undefined : this.attempt(group, selection);
      const bytes = attempt?.bytes ?? group.bytes;
      const tried = attempt ? { ...group, addition: additionOf(attempt.delta) } : group;
      if (attempt && this.isLargerThanNext(group, bytes, room)) {
        this.waiting.set({ ...tried, bytes, isMeasured: true });
        continue;
      }
      const isAboveLimit = attempt && bytes <= room && !this.isWithinLimit(group, attempt);
      if (isAboveLimit && !group.isOverLimit && isOfSibling(group, selection, this.context)) {
        this.waiting.set({ ...tried, limit: undefined, isOverLimit: true });
        continue;
      }
      if (attempt && bytes <= room && !isAboveLimit) {
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

  /** True if there was no room for a group. */
  public get lacksRoom(): boolean {
    return this.rejected.size > 0;
  }

  /** See `Collected`. */
  public get lackingDependencies(): Lacking {
    return new Map([...this.rejected.values()].flatMap(({ dependencies }) => [...dependencies]));
  }

  /** The groups without room, except for add-ons, and how much each is needed. */
  public get lacking(): ReadonlyMap<string, Need> {
    return new Map([...this.rejected].filter(([, { need }]) => need !== 'add-on').map(([key, { need }]) => [key, need]));
  }

  /** What each group without room would add. Groups that were not tried are left out. */
  public get withoutRoom(): Addition[] {
    return [...this.rejected.values()].map(({ addition }) => addition).filter((addition) => addition !== undefined);
  }

  /** Lists candidates for which there was no room. */
  public notices(): string[] {
    const largest = [...this.rejected].sort(([, a], [, b]) => b.bytes - a.bytes);
    const oversized = [...this.oversized].sort(([, a], [, b]) => b.bytes - a.bytes);
    return [
      ...listed(
        'the layer is full, and does not contain all files that the program may need',
        largest.filter(([, { need }]) => need !== 'add-on'),
      ),
      ...listed(
        'the layer is full, and does not contain all add-ons',
        largest.filter(([, { need }]) => need === 'add-on'),
      ),
      ...listed('large add-ons are packed only if they are included', oversized.filter(([, { need }]) => need === 'add-on')),
      ...listed('large data that packed files mention is not packed', oversized.filter(([, { need }]) => need !== 'add-on')),
    ];
  }

  /**
   * True if another group must be tried first. Groups are sorted by the size of their own files. With the libraries that its plug-ins
   * need, a group may be larger than the next one. The order matters only if not all equally needed groups fit.
   */
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
   * True if a part of a group may be packed. In a tight layer, groups that are mentioned qualify. In every layer, add-ons without libraries
   * qualify if they are from the source package of a requested package, such as LaTeX packages. Recommended packages
   * do not qualify: an interpreter could find the packed part of a module before a complete module of the same name.
   */
  private isUsefulInParts(group: Group, selection: CurrentSelection): boolean {
    const { need, isSplit, isWhole, candidates } = group;
    if (isSplit || isWhole || candidates.some(({ isCommand }) => isCommand)) return false;
    if (need === 'mentioned') return selection.requested.isTight;
    if (!isOfSibling(group, selection, this.context)) return false;
    const files = [...this.found(candidates, selection).added.keys()];
    return new Set(files.map((file) => path.posix.dirname(file))).size > 1 && !files.some((file) => LIBRARY.test(file));
  }

  /** Replaces a group by one group for each directory of its files, because the layer may have room for some of them. */
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
    for (const [part, ofDirectory] of parts) {
      const merged = [...this.waiting.get(part)?.candidates ?? [], ...ofDirectory];
      this.waiting.set({ key: part, need, candidates: merged, dependencies: ofPart, distance, isMeasured: false, isSplit: true });
    }
    this.takeFrom(delta);
  }

  private isWithinLimit({ limit }: Group, { delta, bytes }: Attempt): boolean {
    if (limit === undefined) return true;
    if (bytes > limit.data + limit.plugIns) return false;
    const plugIns = bytesInLayer([...delta.files.additions.keys()].filter((file) => isPlugIn(file, this.context)), this.context);
    return plugIns <= limit.plugIns && bytes - plugIns <= limit.data;
  }

  /** True if a group has too much data. Plug-ins do not count: large ones are drivers of hardware that Lambda does not have. */
  private isLargeData({ candidates, limit }: Group, selection: CurrentSelection): boolean {
    const data = [...this.found(candidates, selection).delta.files.additions.keys()].filter((file) => !LIBRARY.test(file));
    return limit !== undefined && bytesInLayer(data, this.context) > limit.data;
  }

  private reject(group: Group & Pick<Measured, 'bytes'>, bytes: number, hasRoom: boolean, selection: CurrentSelection): Selection {
    const { key, need, candidates, addition } = group;
    const delta = selection.fork();
    const dependencies = hasRoom ? new Map() : essentialPackages(candidates, bytes, selection, this.context);
    if (!hasRoom) this.rejected.set(key, { need, bytes, dependencies, addition });
    else if (need === 'add-on' || this.isLargeData(group, selection)) this.oversized.set(key, { need, bytes });
    for (const candidate of candidates) delta.skip(candidate.path, hasRoom ? aboveLimit(candidate, bytes) : noRoom(candidate, bytes));
    return delta;
  }
}

function additionOf({ links, processes }: Selection): Addition {
  return { links: links.additions, processes: processes.additions };
}

/** ELF files without DT_NEEDED and without a soname are data, such as Guile's compiled modules. */
function isPlugIn(file: string, { root }: Context): boolean {
  const { elf } = root.content(file);
  if (!elf?.dynamic) return false;
  return elf.dynamic.needed.length > 0 || elf.dynamic.soname !== undefined;
}
