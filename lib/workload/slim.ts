/**
 * Slims a layer to what the commands of a workload use.
 *
 * First, the commands run in the complete layer, under strace. Then they run with stubs in place of libraries, which shows the libraries
 * that they call (detect.ts). Finally, a layer is planned with the files that the commands used, and the commands run in it twice. If they
 * use other files, these are added, and the layer is planned and tested again.
 */
import * as path from 'path';
import { CompleteLayer, WrittenLayer } from './complete-layer';
import { calledLibraries } from './detect';
import { alwaysKept, keptByName } from './keep';
import { Linking } from './linking';
import { type Outcome, readLock, workloadHash, writeLock } from './lock';
import { generalOf, processesOf, reduce, variantsOf } from './reduce';
import { checkStrace, type CommandRun, failure, runCommand } from './run';
import { type Saving, savingOf } from './saving';
import { Usage } from './usage';
import { type Workload, WorkloadError } from './workload';
import { endOfCall } from '../elf/stub';
import { MOST_BYTES } from '../lambda';
import { type Gathered, gatherLayer, type LayerRequest, planGathered, type PlannedLayer } from '../plan/plan-layer';
import { howItEnded, lastLines } from '../process/command';
import type { RootPath } from '../root/paths';
import { type Root } from '../root/root';
import { checkMachine, checkSandbox } from '../sandbox/trial';
import type { Trace } from '../trace/log';

export interface SlimLayer extends PlannedLayer {
  /** absent if the outcome comes from a lock */
  readonly known?: KnownOutcome;
  readonly saving: Saving;
}

/** An outcome, with fingerprints of its inputs. */
export interface KnownOutcome {
  readonly outcome: Outcome;
  /** fingerprint of the complete layer */
  readonly complete: string;
  /** see `workloadHash` */
  readonly workload: string;
}

/** Receives progress messages and notices, line by line. */
export interface Report {
  /** each run of a command */
  progress(line: string): void;
  notice(line: string): void;
}

export interface SlimOptions {
  readonly report: Report;
  /** the outcome of earlier runs: if it still holds, no command runs */
  readonly known?: KnownOutcome;
  /** see `planLayer` */
  readonly knownTrace?: Trace;
  /** whether to write the lock again, even if there is one */
  readonly renewsLock?: boolean;
}

/**
 * Size budget of the complete layer, in bytes. It exceeds Lambda's quota, because only the slim layer has to fit.
 */
const MOST_COMPLETE = 4 * MOST_BYTES;

/** Maximum number of times that the slim layer is planned. It is planned again whenever a command uses further files. */
const MOST_ROUNDS = 5;

/** Maximum number of files in a message. */
const MOST_NAMES = 5;

/**
 * Plans a slim layer: from the lock if there is one, from a known outcome if it still holds, or by running the commands.
 *
 * @throws WorkloadError, TrialError, and the errors of `planLayer`
 */
export function slimLayer(source: Root, request: LayerRequest, workload: Workload, options: SlimOptions): SlimLayer {
  const { known, knownTrace, report, renewsLock = false } = options;
  const gathered = gatherLayer(source, request, { knownTrace, mostBytes: MOST_COMPLETE });
  const kept = new Set([...alwaysKept(gathered), ...keptByName(gathered, workload)]);
  const locked = workload.lock === undefined || renewsLock ? undefined : readLock(workload.lock, workload, gathered);
  if (locked) return planOutcome(gathered, locked, kept).slim;
  const planned = planGathered(gathered, Infinity, false);
  const inputs = { complete: planned.plan.fingerprint, workload: workloadHash(workload) };
  if (known && !renewsLock && known.complete === inputs.complete && known.workload === inputs.workload) {
    return { ...planOutcome(gathered, known.outcome, kept).slim, known };
  }
  checkStrace();
  checkMachine(gathered.machine, 'workload');
  checkSandbox('workload');
  const complete = new CompleteLayer(planned);
  try {
    const { slim, outcome } = new Slimming(gathered, kept, complete, workload, report).run();
    if (workload.lock !== undefined) writeLock(workload.lock, outcome, workload, gathered);
    return { ...slim, known: { outcome, ...inputs } };
  } finally {
    complete.discard();
  }
}

/** A slim layer, and the smallest outcome that results in it. */
interface Slimmed {
  readonly slim: SlimLayer;
  readonly outcome: Outcome;
  /** library that a stub replaces → its name in the message of a call */
  readonly stubs: ReadonlyMap<RootPath, string>;
}

class Slimming {
  /** files that the commands use while libraries are stubs */
  private readonly usage = new Usage();
  /** objects that are needed unchanged */
  private unchanged: ReadonlySet<RootPath> = new Set();
  /** libraries that stubs could replace */
  private replaceable: ReadonlySet<RootPath> = new Set();
  /** see `Outcome.unread` */
  private unread: ReadonlySet<RootPath> = new Set();

  constructor(
    private readonly gathered: Gathered,
    /** files that stay even if no command uses them */
    private readonly kept: ReadonlySet<RootPath>,
    private readonly complete: CompleteLayer,
    private readonly workload: Workload,
    private readonly report: Report,
  ) {}

  public run(): Slimmed {
    const used = this.usedInComplete();
    const linking = new Linking(this.gathered.root, processesOf(this.gathered, used).values());
    const { objects } = linking;
    this.replaceable = linking.replaceable;
    const neverStubs = new Set([...objects].filter((real) => !this.replaceable.has(real) || this.kept.has(real)));
    const onRun = (command: string, called: RootPath | undefined, unchanged: ReadonlySet<RootPath>) => {
      const result = called === undefined ? 'succeeds' : `needs ${path.posix.basename(called)}`;
      this.report.progress(`${unchanged.size} of ${objects.size} objects: '${command}' ${result}`);
    };
    const variants = variantsOf(this.gathered.collected);
    const onUsed = ({ trace }: CommandRun) => this.addUsage(trace);
    const detected = calledLibraries(this.complete, linking, variants, neverStubs, this.workload, onRun, onUsed);
    this.unchanged = detected.unchanged;
    this.unread = detected.unread;
    return this.testedLayer();
  }

  /** Runs the commands in the complete layer. */
  private usedInComplete(): Set<RootPath> {
    const used = new Set(this.kept);
    for (const command of this.workload.commands) {
      const run = runCommand(command, this.complete, this.workload);
      if (run.ended.failed) throw failure(command, run);
      const usage = new Usage();
      usage.add(run.trace, this.complete.paths, this.complete.root, this.complete.key, true);
      for (const file of usage.files) used.add(file);
      const all = this.gathered.collected.selection.files.size;
      this.report.progress(`'${command}' uses ${usage.files.size} of ${all} files of the complete layer`);
    }
    return used;
  }

  private addUsage(trace: Trace): void {
    this.usage.add(trace, this.complete.paths, this.complete.root, this.complete.key, true);
  }

  /** Plans the layer with the used files and tests it. Repeats this while a test uses other files. */
  private testedLayer(): Slimmed {
    for (let round = 1; ; round++) {
      const slimmed = planOutcome(this.gathered, this.outcome(), this.kept);
      const { missing, problem } = this.test(slimmed);
      if (problem === undefined && missing.size === 0) return slimmed;
      if (missing.size === 0 || round === MOST_ROUNDS) {
        throw new WorkloadError([
          `the workload succeeds in the complete layer and fails in the slim one: ${problem ?? `each of ${round} tests uses other files`}`,
          '  list the libraries and files that it needs in keep, as globs',
        ].join('\n'), 'workload', 'keep');
      }
      const names = [...missing].map((real) => path.posix.basename(real));
      this.report.notice(`a further run uses more files, which are added: ${names.slice(0, MOST_NAMES).join(', ')}` +
        `${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}`);
    }
  }

  /** Runs the commands twice. @returns the files that the layer lacks, and how the first failed command ended */
  private test({ slim, stubs }: Slimmed): { readonly missing: ReadonlySet<RootPath>; readonly problem?: string } {
    const written = new WrittenLayer(slim);
    try {
      const missing = new Set<RootPath>();
      let problem: string | undefined;
      for (const command of [...this.workload.commands, ...this.workload.commands]) {
        const { ended, trace } = runCommand(command, written, this.workload);
        const added = this.usage.add(trace, this.complete.paths, written.root, written.key, false);
        for (const file of added) if (!this.replaceable.has(file)) missing.add(file);
        if (!ended.failed) continue;
        for (const [library, name] of stubs) if (ended.stdout.includes(endOfCall(name))) missing.add(library);
        problem ??= `'${command}' ended with ${howItEnded(ended)}\n${lastLines(ended.stdout)}`;
      }
      this.unchanged = new Set([...this.unchanged, ...[...missing].filter((file) => this.replaceable.has(file))]);
      return { missing, problem };
    } finally {
      written.discard();
    }
  }

  private outcome(): Outcome {
    const { collected } = this.gathered;
    const used = [...this.usage.files].filter((real) => !this.replaceable.has(generalOf(real, collected) ?? real));
    const called = [...this.unchanged].filter((real) => this.replaceable.has(real));
    const files = [...used, ...called].map((real) => generalOf(real, collected) ?? real);
    return { files: [...new Set(files)].sort(), unread: [...this.unread].sort(), directories: [...this.usage.directories].sort() };
  }
}

/** Plans the layer of an outcome: its files, the kept files, and stubs for all other libraries that the loader requires. */
function planOutcome(gathered: Gathered, outcome: Outcome, kept: ReadonlySet<RootPath>): Slimmed {
  const files = new Set([...outcome.files, ...kept]);
  const linking = new Linking(gathered.root, processesOf(gathered, files).values());
  const { objects } = linking;
  const unchanged = linking.unchanged(new Set([...files].filter((file) => objects.has(file))), new Set(outcome.unread));
  const replaced = [...linking.loaded(unchanged)].filter((library) => !unchanged.has(library)).sort();
  const stubs = new Map(replaced.map((library) => [library, linking.stub(library, unchanged)]));
  const reduced = reduce(gathered, { files, directories: new Set(outcome.directories), stubs });
  const planned = planGathered(reduced);
  const directories = [...reduced.collected.selection.directories].sort();
  return {
    slim: { ...planned, saving: savingOf(gathered, planned) },
    outcome: { ...outcome, directories },
    stubs: new Map(replaced.map((library) => [library, linking.nameInMessage(library)])),
  };
}
