/**
 * Finds the libraries that the commands of a workload call.
 *
 * First, all libraries in the directory of the complete layer are replaced by stubs. A stub reports when it is called. Its library is
 * then restored, and the command runs again.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { CompleteLayer } from './complete-layer';
import type { Linking } from './linking';
import { type CommandRun, failure, runCommand } from './run';
import type { Workload } from './workload';
import { readCalls } from '../elf';
import { rootOf } from '../plan/plan';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';
import type { RootPath } from '../root/paths';
import { starter } from '../sandbox/bubblewrap';

/** The directory in the sandbox in which stubs report calls. */
const REPORTS = '/var/calls';
const REPORT = `${REPORTS}/report`;

/** Maximum size of a report, in bytes. Each process of a command may add a call. */
const MOST_REPORT = 1024 * 1024;

/** Called after each run, with the library that it called, if any. */
export type OnRun = (command: string, called: RootPath | undefined, real: ReadonlySet<RootPath>) => void;

/** Libraries that a workload needs unchanged, and libraries whose data is imported but not read by any command. */
export interface Detected {
  readonly real: ReadonlySet<RootPath>;
  readonly unread: ReadonlySet<RootPath>;
}

/** Maximum number of searches for libraries whose data is read after all. If more are needed, all libraries with imported data stay. */
const MOST_READ = 4;

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
    /** Runs each command until it succeeds. @returns false if that takes more than `mostMissed` searches */
    const settle = (mostMissed: number): boolean => {
      for (const command of workload.commands) {
        for (;;) {
          const real = linking.real(used, unread);
          exchange.set(real);
          const run = exchange.run(command, workload);
          const called = exchange.called().find((library) => !real.has(library));
          onRun(command, called, real);
          if (called === undefined && !run.ended.failed) {
            runs.set(command, run);
            break;
          }
          if (called === undefined && mostMissed-- === 0) return false;
          const missed = called ?? exchange.missed(command, workload, real);
          unread = new Set([...unread].filter((library) => library !== missed));
          used = new Set([...used, missed]);
        }
      }
      return true;
    };
    settle(Infinity);
    const before = { used, unread, runs };
    unread = linking.maybeUnread(used);
    if (unread.size > 0) {
      runs = new Map();
      if (!settle(MOST_READ)) ({ used, unread, runs } = before);
    }
    for (const run of runs.values()) onUsed(run);
    return { real: linking.real(used, unread), unread };
  } finally {
    exchange.discard();
  }
}

/** The directory of the complete layer, in which libraries are exchanged for stubs. */
class Exchange {
  private readonly reports = temporaryDirectory('calls');
  private readonly originals: string;
  /** file → the name of its original */
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
    const { uid, gid } = starter();
    if (uid !== undefined) fs.chownSync(this.reports, uid, gid!);
    this.originals = path.join(path.dirname(complete.opt), 'originals');
    fs.mkdirSync(this.originals);
    this.all = linking.objects;
    const mirrored = path.join(complete.opt, path.relative('/opt', rootOf(complete.key)));
    this.placeOf = new Map(complete.planned.plan.entries.flatMap((entry) => (
      entry.kind === 'file' ? [[entry.real, path.join(mirrored, entry.path)]] : [])));
  }

  /** Puts the real libraries and stubs of all others in place. */
  public set(real: ReadonlySet<RootPath>): void {
    for (const library of this.stubbed) if (real.has(library)) this.restore(library);
    for (const library of this.all) if (!real.has(library) && !this.stubbed.has(library)) this.replace(library);
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
  public missed(command: string, workload: Workload, real: ReadonlySet<RootPath>): RootPath {
    const stubs = [...this.stubbed].sort();
    const runWith = (count: number): CommandRun => {
      this.set(new Set([...real, ...stubs.slice(0, count)]));
      return this.run(command, workload);
    };
    let enough = stubs.length;
    const complete = runWith(enough);
    if (complete.ended.failed) throw failure(command, complete);
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
