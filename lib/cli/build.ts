/**
 * `binary-layer build PROGRAM…`: writes the layer that the construct would make, as a zip, a `.tar.gz` or a directory.
 */
import * as fs from 'fs';
import * as path from 'path';
import { Command, Option } from 'commander';
import { resultInWords, resultOf } from './build-result';
import { checkApart, checkOutput, readText, STANDARD } from './file-arguments';
import { firstOf, readFileList } from './file-list';
import { type Writer, writerOf } from './output';
import { PackingProcess } from './packing';
import type { SourceOptions } from './source-options';
import { addSource, openSource } from './source-options';
import { UsageError } from './usage';
import { savings, slimming, trials } from '../asset/stages';
import type { Packed } from '../pack/zip';
import { writeZip } from '../pack/zip';
import { programName } from '../plan/edits/program-name';
import type { Plan } from '../plan/layout/plan';
import { sizeOf } from '../plan/layout/plan';
import { type PlannedLayer, planLayer } from '../plan/plan-layer';
import { report } from '../plan/report';
import { cleared } from '../process/cleared';
import { silenceProgress, startProgress } from '../process/progress';
import { discard } from '../process/remove-tree';
import { unfinished, writeWhole } from '../process/whole-file';
import { requestOf, trialOf, workloadOf } from '../request';
import { openRoot } from '../root/open-root';
import type { RootPath } from '../root/paths';
import type { Trial } from '../sandbox/trial';
import { megabytes } from '../text/megabytes';
import { printable, printableJson } from '../text/printable';
import { readTraceLog } from '../trace/log';
import type { SlimLayer } from '../workload/slim';

/* eslint-disable @typescript-eslint/no-require-imports -- most builds need neither, and each makes a small build 10 % slower */
const contents = () => require('../inspect/contents') as typeof import('../inspect/contents');
const bills = () => require('../inspect/sbom') as typeof import('../inspect/sbom');
/* eslint-enable @typescript-eslint/no-require-imports */

export interface BuildOptions extends SourceOptions {
  readonly output?: string;
  readonly include: string[];
  readonly exclude: string[];
  readonly rename: Record<string, string>;
  readonly detectData: boolean;
  readonly trace: string[];
  readonly compress?: boolean;
  readonly test?: string;
  readonly testTimeout: number;
  readonly sbom?: string;
  readonly fromTrace?: string;
  readonly fromList?: string;
  readonly workload: string[];
  readonly workloadFiles?: string;
  readonly keep: string[];
  readonly lock?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
}

export function buildCommand(): Command {
  return addLayerOptions(new Command('build').description('make a layer in which programs run'))
    .addHelpText('after', `
Examples:
  $ binary-layer build rig                                  rig.zip
  $ binary-layer build ./build/tool curl -o layer.tar.gz
  $ binary-layer build convert-im6.q16 --rename convert-im6.q16=convert --test 'convert -version'
  $ binary-layer build rig --source directory:/srv/bookworm --arch arm64
  $ strace -f -o /dev/stdout rig | binary-layer build rig --from-trace -
  $ dpkg -L rig | binary-layer build rig --from-list -
  $ binary-layer build rig --json -q | jq -r .sha256

Standard output contains only the path of the layer, or JSON with --json. All messages are on standard error.
Exit codes: 0; 1 if the layer cannot be made or fails its test (nothing is written); 2 if the command line is wrong.`)
    .action((programs: string[], options: BuildOptions) => build(programs, options));
}

/** Adds the arguments and options of a command that makes a layer. */
export function addLayerOptions(command: Command): Command {
  const several = (value: string, before: string[]) => [...before, value];
  const repeatable = (flags: string, description: string) =>
    new Option(flags, `${description} (repeatable)`).argParser(several).default([], 'none');
  return addSource(command)
    .argument('<program...>', 'commands on PATH, or paths of programs; the layer is named after the first')
    .option('-o, --output <file>', 'NAME.zip, NAME.tar.gz, or a directory such as NAME/ (default: PROGRAM.zip)')
    .addOption(repeatable('-i, --include <path>', 'file, directory or glob to add to the layer'))
    .addOption(repeatable('-x, --exclude <path>', 'data file, directory or glob to leave out'))
    .addOption(new Option('--rename <program=name>', 'name of a program in the layer (repeatable)')
      .argParser(renamed).default({}, 'the program\'s own name'))
    .option('--no-detect-data', 'do not detect data and plug-ins')
    .addOption(repeatable('--trace <command>', 'command line to run under strace: files that it opens or executes are packed'))
    .addOption(new Option('--from-trace <file>', 'log of strace (- for standard input): files that were opened or executed are packed')
      .conflicts('trace'))
    .option('--from-list <file>', 'list of files to pack (- for standard input), one name per line')
    .addOption(repeatable('-w, --workload <command>', 'command line of the workload: only what the workload uses is packed'))
    .option('--workload-files <directory>', 'directory to mount at /var/task for the workload')
    .addOption(repeatable('--keep <glob>', 'library or file to keep even if the workload does not use it'))
    .option('--lock <file>', 'lock file of the workload: if it exists, build uses it and does not run the workload; slim renews it')
    .option('--compress', 'compress the largest files of a layer above 202 MB; programs unpack them to /tmp (default: only if too large)')
    .option('--no-compress', 'never store files compressed')
    .option('--test <command>', 'command line that must exit 0 inside the layer, or nothing is written')
    .option('--test-timeout <seconds>', 'time limit of --test', seconds, 30)
    .option('--sbom <file>', 'also write a software bill of materials (CycloneDX 1.6, JSON)')
    .option('--json', 'print the result as JSON: path, hash, sizes, programs, libraries, notices')
    .option('-q, --quiet', 'print errors only')
    .addOption(new Option('-v, --verbose', 'print why each file is packed or skipped').conflicts('quiet'));
}

/**
 * Makes the layer.
 *
 * @param isSlim whether to run the workload even if there is a lock, and to print each run and what was left out
 */
export async function build(programs: string[], options: BuildOptions, isSlim = false): Promise<void> {
  const started = performance.now();
  const output = options.output ?? `${programName(programs[0], options.rename)}.zip`;
  const write = writerOf(output);
  if (options.sbom !== undefined) checkOutput('--sbom', options.sbom);
  checkApart([['--output', output], ['--sbom', options.sbom], ['--lock', options.lock]]);
  if (options.fromTrace === STANDARD && options.fromList === STANDARD) {
    throw new UsageError('--from-trace and --from-list cannot both read standard input');
  }
  if (options.quiet) silenceProgress();
  const tell = (lines: readonly string[]) => {
    if (!options.quiet) process.stderr.write(lines.map((line) => `${line}\n`).join(''));
  };
  const { workloadFiles, keep, lock: workloadLock } = options;
  const workload = workloadOf({ workload: options.workload.length > 0 ? options.workload : undefined, workloadFiles, keep, workloadLock });
  const source = openSource(options);
  const root = openRoot(source.directory);
  const { cwd } = source;
  const { files, missing } = readFileList(options.fromList, root, cwd);
  if (missing.length > 0) tell([`--from-list has files that do not exist: ${firstOf(missing)}`]);
  const opened = options.fromTrace === undefined
    ? undefined
    : readTraceLog(readText('--from-trace', options.fromTrace, 'a log of strace'), cwd);
  const { detectData, exclude, rename, compress, trace: traceCommands } = options;
  const include = [...options.include, ...files];
  const request = requestOf({ binaries: programs, rename, include, exclude, detectData, traceCommands, compress }, source);
  const trial = trialOf(options.test, options.testTimeout * 1000);
  if (trial) trials().checkSandbox();
  const told = {
    progress: (line: string) => (isSlim || options.verbose) && tell([printable(line)]),
    notice: (line: string) => tell([printable(line)]),
  };
  // started before the layer is planned, so that it is ready when the first files are found
  const packing = write === writeZip || trial !== undefined || options.sbom !== undefined ? new PackingProcess() : undefined;
  try {
    const onFound = packing && ((found: readonly RootPath[]) => packing.foresee(root.location, found));
    const planned: PlannedLayer & Partial<SlimLayer> = workload === undefined ? planLayer(root, request, { knownTrace: opened, onFound }) :
      slimming().slimLayer(root, request, workload, { report: told, knownTrace: opened, renewsLock: isSlim });
    if (trial) trials().checkMachine(planned.machine);
    tell(planned.notices.map(printable));
    if (options.verbose) tell(report(planned));
    const packed = await accept(planned.plan, path.resolve(output), write, { packing, trial, sbom: options.sbom });
    if (isSlim && planned.saving) tell(savings().savingTable(planned.saving));
    tell([resultInWords(planned, packed, performance.now() - started)]);
    process.stdout.write(`${options.json ? printableJson(resultOf(output, planned, packed)) : output}\n`);
  } finally {
    packing?.end();
  }
}

interface Acceptance {
  /** writes zips; absent if neither the output nor another option needs one */
  readonly packing?: PackingProcess;
  readonly trial?: Trial;
  readonly sbom?: string;
}

/**
 * Writes a layer after its test has passed, and then its bill of materials.
 *
 * @param place absolute path of the output
 */
async function accept(plan: Plan, place: string, write: Writer, { packing, trial, sbom }: Acceptance): Promise<Packed> {
  const total = sizeOf(plan);
  const progress = startProgress({ title: 'packing', total, shown: megabytes(total), isBarOnly: true });
  const untried = unfinished(path.join(path.dirname(place), `.${path.basename(place)}`), '.untried.zip');
  const clear = () => {
    progress.stop();
    packing?.end();
    for (const left of [untried, unfinished(untried), unfinished(place)]) discard(left);
  };
  return cleared(clear, async () => {
    if (packing === undefined) return write(plan, place, progress.update);
    if (!trial && sbom === undefined) return packing.zip(plan, place, progress.update);
    const zipped = await packing.zip(plan, untried, progress.update);
    if (trial) trials().tryLayer(untried, Object.keys(plan.programs), trial);
    const bill = sbom === undefined ? undefined : { file: sbom, text: bills().sbomOf(contents().readContents(untried)) };
    const packed = write === writeZip ? zipped : await write(plan, place, progress.update);
    if (write === writeZip) fs.renameSync(untried, place);
    if (bill) writeWhole(bill.file, bill.text);
    return packed;
  });
}

function renamed(value: string, before: Record<string, string>): Record<string, string> {
  const at = value.lastIndexOf('=');
  if (at <= 0 || at === value.length - 1) throw new UsageError(`--rename ${value}: expected PROGRAM=NAME, such as convert-im6.q16=convert`);
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

function seconds(value: string): number {
  const number = Number(value);
  if (!(number > 0 && number < 1e6)) throw new UsageError(`--test-timeout ${value}: expected a number of seconds greater than 0`);
  return number;
}
