/**
 * `binary-layer build PROGRAM…`: the layer that the construct would make of them, as a zip, a `.tar.gz` or a directory.
 */
import * as fs from 'fs';
import * as path from 'path';
import { SingleBar } from 'cli-progress';
import { Command, Option } from 'commander';
import { checkApart, checkDirectory, checkOutput, readText, STANDARD, statusOf } from './file-arguments';
import type { SourceOptions } from './source-options';
import { addSource, openSource } from './source-options';
import { UsageError } from './usage';
import { readContents } from '../inspect/contents';
import { sbomOf } from '../inspect/sbom';
import { writeDirectory } from '../pack/directory';
import { writeTar } from '../pack/tar';
import type { Packed, Progress } from '../pack/zip';
import { writeZip } from '../pack/zip';
import type { Plan } from '../plan/plan';
import { sizeOf } from '../plan/plan';
import { planLayer, programName } from '../plan/plan-layer';
import { inWords, report } from '../plan/report';
import { cleared } from '../process/cleared';
import { discard } from '../process/remove-tree';
import { unfinished, writeWhole } from '../process/whole-file';
import { requestOf, trialOf } from '../request';
import { Root } from '../root/root';
import type { Trial } from '../sandbox/trial';
import { checkMachine, checkSandbox, tryLayer } from '../sandbox/trial';
import { megabytes } from '../text/megabytes';
import { printable } from '../text/printable';
import { readTraceLog } from '../trace/log';
import { LayerError } from '../error';

interface BuildOptions extends SourceOptions {
  readonly output?: string;
  readonly include: string[];
  readonly exclude: string[];
  readonly rename: Record<string, string>;
  readonly detectData: boolean;
  readonly trace: string[];
  readonly test?: string;
  readonly testTimeout: number;
  readonly sbom?: string;
  readonly fromTrace?: string;
  readonly fromList?: string;
  readonly quiet?: true;
  readonly verbose?: true;
}

export function buildCommand(): Command {
  const several = (value: string, before: string[]) => [...before, value];
  const repeatable = (flags: string, description: string) => new Option(flags, `${description} (repeatable)`).argParser(several).default([], 'none');
  return addSource(new Command('build'))
    .description('make a layer in which programs run')
    .argument('<program...>', 'commands on PATH, or paths of programs; the first names the layer')
    .option('-o, --output <file>', 'output: NAME.zip, NAME.tar.gz, or another name for a directory, such as NAME/ (default: PROGRAM.zip)')
    .addOption(repeatable('-i, --include <path>', 'file, directory or glob to add to the layer'))
    .addOption(repeatable('-x, --exclude <path>', 'data file, directory or glob to leave out'))
    .addOption(new Option('--rename <program=name>', 'name of a program in the layer (repeatable)').argParser(renamed).default({}, 'its own name'))
    .option('--no-detect-data', 'do not detect data and plug-ins')
    .addOption(repeatable('--trace <command>', 'command line to run under strace: files that it opens or executes are packed'))
    .addOption(new Option('--from-trace <file>', 'log of strace: files that were opened or executed are packed; - reads standard input').conflicts('trace'))
    .option('--from-list <file>', 'list of files to pack, one name per line; - reads standard input')
    .option('--test <command>', 'command line that must exit 0 inside the layer, or nothing is written')
    .option('--test-timeout <seconds>', 'time limit of --test', seconds, 30)
    .option('--sbom <file>', 'also write a software bill of materials (CycloneDX 1.6, JSON)')
    .option('-q, --quiet', 'print errors only')
    .addOption(new Option('-v, --verbose', 'print why each file is packed or skipped').conflicts('quiet'))
    .addHelpText('after', `
Examples:
  $ binary-layer build rig                                  rig.zip
  $ binary-layer build ./build/tool curl -o layer.tar.gz
  $ binary-layer build convert-im6.q16 --rename convert-im6.q16=convert --test 'convert -version'
  $ binary-layer build rig --source directory:/srv/bookworm --arch arm64
  $ strace -f -o /dev/stdout rig | binary-layer build rig --from-trace -
  $ dpkg -L rig | binary-layer build rig --from-list -

Standard output gets the name of the output, standard error all messages.
Exit codes: 0; 1 if the layer cannot be made or fails its test, and nothing is written; 2 if the command line is wrong.`)
    .action(build);
}

async function build(programs: string[], options: BuildOptions): Promise<void> {
  const started = performance.now();
  const output = options.output ?? `${programName(programs[0], options.rename)}.zip`;
  const write = writerOf(output);
  if (options.sbom !== undefined) checkOutput('--sbom', options.sbom);
  checkApart([['--output', output], ['--sbom', options.sbom]]);
  if (options.fromTrace === STANDARD && options.fromList === STANDARD) throw new UsageError('--from-trace and --from-list cannot both read standard input');
  const source = openSource(options);
  const root = new Root(source.directory);
  const { cwd } = source;
  const { listed, missing } = filesOf(options, root, cwd);
  if (missing.length > 0 && !options.quiet) process.stderr.write(`--from-list names what is not there: ${some(missing)}\n`);
  const opened = options.fromTrace === undefined ? undefined : readTraceLog(readText('--from-trace', options.fromTrace, 'a log of strace'), cwd);
  const { detectData, exclude, rename, trace: traceCommands } = options;
  const request = requestOf({ binaries: programs, rename, include: [...options.include, ...listed], exclude, detectData, traceCommands }, source);
  const trial = trialOf(options.test, options.testTimeout * 1000);
  if (trial) checkSandbox();
  const { plan, machine: found, summary, skipped, notices } = planLayer(root, request, opened);
  if (trial) checkMachine(found);
  if (!options.quiet) process.stderr.write(notices.map((notice) => `${printable(notice)}\n`).join(''));
  if (options.verbose) process.stderr.write(report({ plan, skipped }).map((line) => `${line}\n`).join(''));
  const packed = await accept(plan, path.resolve(output), write, trial, options);
  if (!options.quiet) process.stderr.write(`${inWords(summary)}, ${sizesOf(packed)} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  process.stdout.write(`${output}\n`);
}

/**
 * Writes the layer where it is to be, tried before, and then its bill of materials.
 *
 * @param place absolute
 */
async function accept(plan: Plan, place: string, write: Writer, trial: Trial | undefined, { sbom, quiet }: BuildOptions): Promise<Packed> {
  const bar = quiet || !process.stderr.isTTY ? undefined :
    new SingleBar({ format: 'packing [{bar}] {percentage} % of {size}', barsize: 30, clearOnComplete: true, hideCursor: null, stopOnComplete: false, stream: process.stderr });
  const total = sizeOf(plan);
  bar?.start(total, 0, { size: megabytes(total) });
  const progress: Progress = (bytes) => bar?.update(bytes);
  const untried = unfinished(path.join(path.dirname(place), `.${path.basename(place)}`), '.untried.zip');
  const clear = () => {
    bar?.stop();
    for (const left of [untried, unfinished(untried), unfinished(place)]) discard(left);
  };
  return cleared(clear, async () => {
    if (!trial && sbom === undefined) return write(plan, place, progress);
    const zipped = await writeZip(plan, untried, progress);
    if (trial) tryLayer(untried, Object.keys(plan.programs), trial);
    const bill = sbom === undefined ? undefined : { file: sbom, text: sbomOf(readContents(untried)) };
    const packed = write === writeZip ? zipped : await write(plan, place, progress);
    if (write === writeZip) fs.renameSync(untried, place);
    if (bill) writeWhole(bill.file, bill.text);
    return packed;
  });
}

type Writer = typeof writeZip;

/** Archives that are none of ours: whoever names one does not mean a directory. */
const OTHER_ARCHIVE = /\.(?:tar|tar\.\w+|t[bx]z2?|tzst|gz|bz2|xz|zst|7z|rar|jar|deb|rpm)$/i;

/**
 * By the name of what is to be written.
 *
 * @throws UsageError where that cannot be written there
 */
function writerOf(output: string): Writer {
  if (output === '') throw new UsageError('--output is empty, expected NAME.zip, NAME.tar.gz or the name of a directory');
  if (!output.endsWith('/')) {
    const writer = /\.zip$/i.test(output) ? writeZip : /\.(?:tar\.gz|tgz)$/i.test(output) ? writeTar : undefined;
    if (writer) {
      checkOutput('--output', output);
      return writer;
    }
    if (OTHER_ARCHIVE.test(output)) throw new UsageError(`--output ${output}: expected NAME.zip, NAME.tar.gz, or the name of a directory`);
  }
  checkDirectory('--output', output);
  const place = path.resolve(output);
  const stat = statusOf(place);
  if (stat && !stat.isDirectory()) throw new UsageError(`--output ${output}: a file is there, expected nothing or an empty directory; a file is named NAME.zip or NAME.tar.gz`);
  const [first] = stat ? fs.readdirSync(place) : [];
  if (first !== undefined) throw new UsageError(`--output ${output}: that directory has files in it (${printable(first)}), expected an empty one, or none`);
  if (stat && fs.realpathSync(place) === process.cwd()) throw new UsageError(`--output ${output}: that is the working directory, which would be replaced: expected another one`);
  return writeDirectory;
}

function renamed(value: string, before: Record<string, string>): Record<string, string> {
  const at = value.lastIndexOf('=');
  if (at <= 0 || at === value.length - 1) throw new UsageError(`--rename ${value}: expected PROGRAM=NAME, as convert-im6.q16=convert`);
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

function seconds(value: string): number {
  const number = Number(value);
  if (!(number > 0 && number < 1e6)) throw new UsageError(`--test-timeout ${value}: expected a number of seconds above 0`);
  return number;
}

/** A list of files of which none can be packed. */
class ListError extends LayerError {}

/** The files of a list, which may have directories in it, as `dpkg -L` does: they would bring everything below them. */
function filesOf({ fromList }: BuildOptions, root: Root, cwd: string): { listed: string[]; missing: string[] } {
  if (fromList === undefined) return { listed: [], missing: [] };
  const lines = readText('--from-list', fromList, 'names of files, one a line').split('\n').map((line) => line.replace(/\r$/, '')).filter(Boolean);
  const [listed, missing]: string[][] = [[], []];
  for (const line of lines) {
    const file = path.posix.resolve(cwd, line);
    if (!root.isDirectory(file)) (root.isFile(file) ? listed : missing).push(line);
  }
  if (listed.length === 0) {
    const found = missing.length > 0 ? `not there are ${some(missing)}` : lines.length > 0 ? 'all are directories' : 'it is empty';
    throw new ListError(`--from-list ${fromList} names no file that could be packed: ${found}; expected names of files, one a line, relative ones from ${cwd}`);
  }
  return { listed, missing };
}

/** The first of some names. */
function some(names: readonly string[]): string {
  const most = 8;
  return `${names.slice(0, most).map(printable).join(', ')}${names.length > most ? ` and ${names.length - most} more` : ''}`;
}

function sizesOf({ bytes, zipBytes }: Packed): string {
  return zipBytes === bytes ? megabytes(bytes) : `${megabytes(bytes)} (${megabytes(zipBytes)} packed)`;
}
