/**
 * Finds the libraries that the commands of a workload call.
 *
 * First, all libraries that can be replaced by stubs are replaced, in the directory of the complete layer. When a stub reports that it was
 * called, its library is restored and the command runs again.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { CompleteLayer } from './complete-layer';
import type { Linking } from './linking';
import { type CommandRun, failure, runCommand } from './run';
import type { Workload } from './workload';
import { readCalls } from '../elf/stub';
import { rootOf } from '../plan/layout/plan';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';
import type { RootPath } from '../root/paths';
import { bwrapUser } from '../sandbox/bubblewrap';

/** The directory in the sandbox in which stubs report calls. */
const REPORTS = '/var/calls';
const REPORT = `${REPORTS}/report`;

/** Maximum size of a report, in bytes. Each process of a command may add one call to it. */
const MOST_REPORT = 1024 * 1024;

/** Called after each run of a command, with the called library, if any, and the objects that were not stubs. */
export type OnRun = (command: string, called: RootPath | undefined, unchanged: ReadonlySet<RootPath>) => void;

/** The result of running a workload with stubs. */
export interface Detected {
  /** objects that the commands need unchanged */
  readonly unchanged: ReadonlySet<RootPath>;
  /** libraries whose data other objects import but no command reads */
  readonly unread: ReadonlySet<RootPath>;
}

/** Maximum number of bisections that find libraries whose data is read. If more are needed, all libraries with imported data stay. */
const MOST_SEARCHES = 4;

/**
 * Finds the libraries that the commands call, and the libraries whose data they do not read.
 *
 * @param variants library → its variants for newer processors
 * @param kept resolved paths of the programs, the plug-ins and the libraries that stay
 * @param onUsed called with the last run of each command
 */
export function calledLibraries(
  complete: CompleteLayer,
  linking: Linking,
  variants: ReadonlyMap<RootPath, readonly RootPath[]>,
  kept: ReadonlySet<RootPath>,
  workload: Workload,
  onRun: OnRun,
  onUsed: (run: CommandRun) => void,
): Detected {
  const exchange = new Exchange(complete, linking, variants);
  try {
    let used = kept;
    let unread: ReadonlySet<RootPath> = new Set();
    let runs = new Map<string, CommandRun>();
    /** Runs each command until it succeeds. @returns false if that takes more than `mostSearches` searches */
    const runUntilSuccess = (mostSearches: number): boolean => {
      let searches = 0;
      for (const command of workload.commands) {
        for (;;) {
          const unchanged = linking.unchanged(used, unread);
          exchange.set(unchanged);
          const run = exchange.run(command, workload);
          const called = exchange.called().find((library) => !unchanged.has(library));
          onRun(command, called, unchanged);
          if (called === undefined && !run.ended.failed) {
            runs.set(command, run);
            break;
          }
          if (called === undefined && ++searches > mostSearches) return false;
          const needed = called ?? exchange.findUncalled(command, workload, unchanged);
          unread = new Set([...unread].filter((library) => library !== needed));
          used = new Set([...used, needed]);
        }
      }
      return true;
    };
    runUntilSuccess(Infinity);
    const before = { used, unread, runs };
    unread = linking.stubsIfUnread(used);
    if (unread.size > 0) {
      runs = new Map();
      if (!runUntilSuccess(MOST_SEARCHES)) ({ used, unread, runs } = before);
    }
    for (const run of runs.values()) onUsed(run);
    return { unchanged: linking.unchanged(used, unread), unread };
  } finally {
    exchange.discard();
  }
}

/** The directory of the complete layer, in which libraries are exchanged for stubs. */
class Exchange {
  private readonly reports = temporaryDirectory('calls');
  private readonly originals: string;
  /** file → the number that is the name of its original in `originals` */
  private readonly numbers = new Map<RootPath, number>();
  private readonly stubbed = new Set<RootPath>();
  private readonly all: ReadonlySet<RootPath>;
  private readonly placeOf: ReadonlyMap<RootPath, string>;

  /** @param variants library → its variants for newer processors, which loaders prefer */
  constructor(
    private readonly complete: CompleteLayer,
    private readonly linking: Linking,
    private readonly variants: ReadonlyMap<RootPath, readonly RootPath[]>,
  ) {
    const { uid, gid } = bwrapUser();
    if (uid !== undefined) fs.chownSync(this.reports, uid, gid!);
    this.originals = path.join(path.dirname(complete.opt), 'originals');
    fs.mkdirSync(this.originals);
    this.all = linking.objects;
    const mirrored = path.join(complete.opt, path.relative('/opt', rootOf(complete.key)));
    this.placeOf = new Map(complete.planned.plan.entries.flatMap((entry) => (
      entry.kind === 'file' ? [[entry.real, path.join(mirrored, entry.path)]] : [])));
  }

  /** Restores the unchanged libraries, and replaces all others by stubs. */
  public set(unchanged: ReadonlySet<RootPath>): void {
    for (const library of this.stubbed) if (unchanged.has(library)) this.restore(library);
    for (const library of this.all) if (!unchanged.has(library) && !this.stubbed.has(library)) this.replace(library);
  }

  public run(command: string, workload: Workload): CommandRun {
    fs.rmSync(path.join(this.reports, path.basename(REPORT)), { force: true });
    return runCommand(command, this.complete, workload, ['--bind', this.reports, REPORTS]);
  }

  /** The libraries that the last run called, in the order of the calls. */
  public called(): RootPath[] {
    const file = path.join(this.reports, path.basename(REPORT));
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size > MOST_REPORT) return [];
    return readCalls(fs.readFileSync(file)).map(({ library }) => library).filter((library) => this.all.has(library));
  }

  /**
   * Finds a library that a command needs although the command does not call it, for example because its constructor has an effect.
   * Bisects the list of stubs.
   *
   * @throws WorkloadError if the command fails even without stubs
   */
  public findUncalled(command: string, workload: Workload, unchanged: ReadonlySet<RootPath>): RootPath {
    const stubs = [...this.stubbed].sort();
    const runWith = (count: number): CommandRun => {
      this.set(new Set([...unchanged, ...stubs.slice(0, count)]));
      return this.run(command, workload);
    };
    let enough = stubs.length;
    const withoutStubs = runWith(enough);
    if (withoutStubs.ended.failed) throw failure(command, withoutStubs);
    for (let tooFew = 0; enough - tooFew > 1; ) {
      const half = Math.floor((tooFew + enough) / 2);
      if (runWith(half).ended.failed) tooFew = half;
      else enough = half;
    }
    return stubs[enough - 1];
  }

  public discard(): void {
    discard(this.reports);
  }

  private replace(library: RootPath): void {
    const place = this.placeOf.get(library)!;
    for (const file of this.withVariants(library)) fs.renameSync(this.placeOf.get(file)!, this.original(file));
    fs.writeFileSync(place, this.linking.stub(library, this.all, REPORT));
    fs.chmodSync(place, 0o755);
    this.stubbed.add(library);
  }

  private restore(library: RootPath): void {
    for (const file of this.withVariants(library)) fs.renameSync(this.original(file), this.placeOf.get(file)!);
    this.stubbed.delete(library);
  }

  private withVariants(library: RootPath): RootPath[] {
    return [library, ...this.variants.get(library) ?? []];
  }

  private original(file: RootPath): string {
    let number = this.numbers.get(file);
    if (number === undefined) this.numbers.set(file, number = this.numbers.size);
    return path.join(this.originals, String(number));
  }
}
