/**
 * The selection: the files chosen for the layer, with the reason for each, and everything else that is collected with them.
 *
 * Rules never change it. A rule forks it, writes to the fork, and returns the fork as its delta, which is merged as a whole
 * or dropped as a whole. A rule that tries candidates forks its own delta for each of them. A fork costs nothing, and a merge
 * costs time in proportion to the additions. Before a fork loads something into a process, it copies the process.
 */
import type { Layered } from './layered';
import { LayeredMap, LayeredSet } from './layered';
import type { RequestedPackages } from './requested-packages';
import type { Limit, Need } from './size-budget';
import type { Process } from '../../closure/closure';
import type { Program } from '../../closure/find';
import { LayerError } from '../../error';

/** Why something is in the layer. */
export interface Why {
  /** in words, such as `needed by rig` or `mentioned in rig` */
  readonly reason: string;
  /** resolved path of the file that led to this one; requested programs have none */
  readonly through?: string;
  /** the rule by which it belongs to the file `through`, in words */
  readonly rule?: string;
}

/** A file or link of the layer that the source does not have, or has with other content. */
export type Generated =
  | { readonly link: string }
  | { readonly text: string; /** @default 0644 */ readonly mode?: number }
  /** a text with paths in the layer: `inLayer` converts the resolved path of a directory in the source to its path in the layer */
  | { readonly textWith: (inLayer: (real: string) => string) => string };

/** A packed file whose content has not been looked at yet. */
export interface Pending {
  readonly real: string;
  /** resolved path of the program whose process would open it */
  readonly program?: string;
}

/** An optional addition: programs work without it. It is added if there is room left after all additions with a greater need. */
export interface Candidate {
  /** the path by which it was found */
  readonly path: string;
  readonly need: Exclude<Need, 'needed'>;
  /** candidates of one group are packed together or not at all, unless the group is split: see candidates.ts */
  readonly group: string;
  /** whether the group is never split, not even in a tight layer, because its parts are useless without each other @default false */
  readonly isWhole?: boolean;
  /** whether it is for programs that are not requested: see named-after.ts @default false */
  readonly isOfOthers?: boolean;
  /** whether the evidence is weak: then the candidate is tried after all others with the same need @default false */
  readonly isWeak?: boolean;
  /** distance of a module: see module-distance.ts @default - it is not a module */
  readonly distance?: number;
  /** maximum number of bytes that the group may add, even if there is room for more @default - no limit */
  readonly limit?: Limit;
  readonly why: Why;
  /** resolved path of the program whose process would open its files */
  readonly program?: string;
  /**
   * Adds the candidate without reading its content. Unless it is a command, the result depends only on the requested packages.
   *
   * @returns resolved paths of the files that are new
   */
  readonly add: (delta: Selection) => readonly string[];
  /** @default false */
  readonly isCommand?: boolean;
}

/** An `include` that is invalid, or of which nothing can be packed. */
export class SelectionError extends LayerError {}

/** A selection as rules see it. */
export interface CurrentSelection {
  /** resolved path of each packed file → why */
  readonly files: Layered<string, Why>;
  /** path of each link, its parent resolved → its target as written */
  readonly links: Layered<string, string>;
  /** resolved paths of directories that are packed even if they are empty */
  readonly directories: Layered<string, true>;
  /** path → content that differs from the source */
  readonly generated: Layered<string, Generated>;
  /** path → why it is not packed */
  readonly skipped: Layered<string, string>;
  /** resolved paths that are skipped because the user excludes them */
  readonly excluded: Layered<string, true>;
  /** resolved path of each program, helpers included → its process */
  readonly processes: Layered<string, Process>;
  /** programs that others start by their bare names: name → program */
  readonly commands: Layered<string, Program>;
  /** resolved paths of files that start commands */
  readonly starting: Layered<string, true>;
  /** names of libraries that code opens */
  readonly opened: Layered<string, true>;
  /** messages for the user */
  readonly notices: Layered<string, true>;
  /** keys of steps that are done only once, such as following the mentions of a path in the files of a package */
  readonly followed: Layered<string, true>;
  readonly requested: RequestedPackages;

  fork(): Selection;
}

export class Selection implements CurrentSelection {
  public readonly files: LayeredMap<string, Why>;
  public readonly links: LayeredMap<string, string>;
  public readonly directories: LayeredSet<string>;
  public readonly generated: LayeredMap<string, Generated>;
  public readonly skipped: LayeredMap<string, string>;
  public readonly excluded: LayeredSet<string>;
  public readonly processes: LayeredMap<string, Process>;
  public readonly commands: LayeredMap<string, Program>;
  public readonly starting: LayeredSet<string>;
  public readonly opened: LayeredSet<string>;
  public readonly notices: LayeredSet<string>;
  public readonly followed: LayeredSet<string>;
  private readonly queued: LayeredSet<string>;
  private readonly pending: Pending[] = [];
  /** number of entries that `next` has returned. `pending.shift()` would move all others each time: this takes seconds for 100,000 files */
  private taken = 0;
  private deferred: Candidate[] = [];

  constructor(public requested: RequestedPackages, private readonly below?: Selection) {
    this.files = new LayeredMap(below?.files);
    this.links = new LayeredMap(below?.links);
    this.directories = new LayeredSet(below?.directories);
    this.generated = new LayeredMap(below?.generated);
    this.skipped = new LayeredMap(below?.skipped);
    this.excluded = new LayeredSet(below?.excluded);
    this.processes = new LayeredMap(below?.processes);
    this.commands = new LayeredMap(below?.commands);
    this.starting = new LayeredSet(below?.starting);
    this.opened = new LayeredSet(below?.opened);
    this.notices = new LayeredSet(below?.notices);
    this.followed = new LayeredSet(below?.followed);
    this.queued = new LayeredSet(below?.queued);
  }

  /** A selection over this one, whose additions can be merged or dropped. */
  public fork(): Selection {
    return new Selection(this.requested, this);
  }

  /** An independent selection with everything that is in this one. */
  public copy(): Selection {
    const copy = new Selection(this.requested);
    copy.adopt(this);
    // a process is changed when something is loaded into it
    for (const [program, process] of this.processes) copy.processes.set(program, process.fork());
    return copy;
  }

  /** Takes over everything that a fork has added. */
  public merge(delta: Selection): void {
    if (delta.below !== this) throw new Error('internal error: a delta was merged into a selection that it was not forked from');
    this.adopt(delta);
  }

  private adopt(delta: Selection): void {
    this.files.merge(delta.files);
    this.links.merge(delta.links);
    this.directories.merge(delta.directories);
    this.generated.merge(delta.generated);
    this.skipped.merge(delta.skipped);
    this.excluded.merge(delta.excluded);
    this.processes.merge(delta.processes);
    this.commands.merge(delta.commands);
    this.starting.merge(delta.starting);
    this.opened.merge(delta.opened);
    this.notices.merge(delta.notices);
    this.followed.merge(delta.followed);
    this.queued.merge(delta.queued);
    for (const file of delta.pending.slice(delta.taken)) this.pending.push(file);
    for (const candidate of delta.deferred) this.deferred.push(candidate);
    this.requested = delta.requested;
  }

  /** Adds everything that a candidate added to `found`, which was empty before. @returns resolved paths of the files that are new */
  public addFound(found: Selection): readonly string[] {
    const added: string[] = [];
    for (const [real, why] of found.files) {
      if (this.files.has(real)) continue;
      this.files.set(real, why);
      added.push(real);
    }
    this.links.merge(found.links);
    this.directories.merge(found.directories);
    this.skipped.merge(found.skipped);
    this.excluded.merge(found.excluded);
    for (const candidate of found.deferred) this.deferred.push(candidate);
    this.requested = found.requested;
    return added;
  }

  /** The process of a program, for loading something into it: a copy, unless this selection has made one already. */
  public processToExtend(program: string): Process | undefined {
    const process = this.processes.get(program);
    if (process === undefined || this.processes.additions.has(program)) return process;
    const copy = process.fork();
    this.processes.set(program, copy);
    return copy;
  }

  /** States why a path is not packed. */
  public skip(file: string, reason: string): void {
    this.skipped.set(file, reason);
  }

  /** Takes back a file that this selection has added, and states why. */
  public reject(real: string, reason: string): void {
    this.files.withdraw(real);
    this.skip(real, reason);
  }

  /** Queues a packed file, once, so that its content is read. */
  public enqueue(real: string, program: string | undefined): void {
    if (this.queued.has(real)) return;
    this.queued.add(real);
    this.pending.push({ real, program });
  }

  /** Keeps a candidate to be tried later. */
  public defer(candidate: Candidate): void {
    this.deferred.push(candidate);
  }

  /** The candidates that were deferred since the last call. */
  public takeDeferred(): readonly Candidate[] {
    const { deferred } = this;
    this.deferred = [];
    return deferred;
  }

  /** The next file whose content must be read. */
  public next(): Pending | undefined {
    const next: Pending | undefined = this.pending[this.taken];
    if (next) this.taken++;
    return next;
  }
}
