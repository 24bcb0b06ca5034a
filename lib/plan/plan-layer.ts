/**
 * Plans a layer, from the request to the proved plan: source → programs → closure → data → plan.
 */
import { type Collected, Collection } from '../collect/collect';
import { staticProgramNotice } from '../collect/programs/static-program';
import type { Machine } from '../elf';
import { MOST_BYTES } from '../lambda';
import { namePrograms } from './edits/name-programs';
import { type Plan, sizeOf } from './layout/plan';
import { addedCommandNotices, commandNotices, moduleNotices, plugInNotices, refusalNotices, unreadableNotice } from './notices';
import { prove } from './proof';
import { relocate } from './relocate';
import { Excluder, included } from './select';
import { withSmallerAlternatives } from './size/alternatives';
import { compressionNotice, withCompressionIfNeeded } from './size/automatic-compression';
import { findProgram, machineOf, type Program, programFile } from '../closure/find';
import { NO_ZONES } from '../collect/programs/opened-by-glibc';
import { withOwnInterpreter } from '../collect/relations/own-interpreter';
import type { OnFound } from '../collect/selection/context';
import { Dependencies } from '../collect/selection/dependencies';
import type { Setting } from '../loader/search';
import { settingOf } from '../loader/setting';
import { packageDatabase } from '../packages/database';
import { type PackageDatabase, valueOf } from '../packages/package';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';
import type { Trace } from '../trace/log';
import { trace, TraceError } from '../trace/strace';

/** The user's request. The same request on the same source gives the same plan. */
export interface LayerRequest {
  /** commands or paths; the layer is named after the first */
  readonly binaries: readonly string[];
  /** name in the layer, by binary */
  readonly rename: Readonly<Record<string, string>>;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly detectData: boolean;
  /** command lines; the files that they open are packed */
  readonly traceCommands: readonly string[];
  /** whether files may be stored compressed @default - if the layer would otherwise be too large, or lack data of a direct dependency */
  readonly compress?: boolean;
  /** target architecture @default - that of the programs */
  readonly machine?: Machine;
  /** directories in which commands are searched for */
  readonly searchPath: readonly string[];
  /** LD_LIBRARY_PATH of the source, `''` for none */
  readonly libraryPath: string;
  /** the directory that relative paths start from */
  readonly cwd: string;
}

export interface PlannedLayer {
  readonly plan: Plan;
  readonly machine: Machine;
  readonly summary: Summary;
  /** resolved paths of the programs' libraries in the source, sorted */
  readonly libraries: readonly string[];
  /** path → the reason why it is not packed */
  readonly skipped: ReadonlyMap<string, string>;
  /** messages for the user, for example about data that is not packed, or about `exclude` patterns without effect */
  readonly notices: readonly string[];
  /** true if data is selected without a package database: when one can be read, for example with rpm installed, the plan may differ */
  readonly isProvisional: boolean;
  /** files that the trace commands opened */
  readonly traced: Trace;
}

/** The content of a layer in numbers, for messages. */
export interface Summary {
  /** names in the layer, in the order of the request */
  readonly programs: readonly string[];
  readonly libraries: number;
  readonly dataFiles: number;
  /** unpacked size of all files */
  readonly bytes: number;
}

/** A layer whose files are collected and not placed yet. */
export interface Gathered {
  readonly root: Root;
  readonly setting: Setting;
  readonly packages: PackageDatabase;
  readonly machine: Machine;
  /** name in the layer → program */
  readonly programs: ReadonlyMap<string, Program>;
  readonly collected: Collected;
  /** resolved paths of the files and directories that the user includes */
  readonly included: readonly RootPath[];
  /** messages about everything but the data of the programs */
  readonly remarks: readonly string[];
  /** messages about data that cannot be found in this source, or that is not packed */
  readonly notices: readonly string[];
  readonly isProvisional: boolean;
  readonly traced: Trace;
  /** whether files may be stored compressed */
  readonly compress: boolean;
  /** true if the user does not state whether to compress: see the default of `LayerRequest.compress` */
  readonly compressesIfNeeded: boolean;
  /** the working directory, on this machine */
  readonly project: string;
}

/** How the files of a layer are collected. */
export interface GatherOptions {
  /** files that the trace commands open, if these are known: then the commands do not run */
  readonly knownTrace?: Trace;
  /**
   * data is added up to this size, in bytes; if not everything fits, libraries are replaced by smaller alternatives
   * @default - Lambda's quota
   */
  readonly mostBytes?: number;
  /** receives files that the layer may contain, as soon as they are found */
  readonly onFound?: OnFound;
}

/**
 * Plans a layer, and proves that its programs find their libraries in it.
 *
 * @throws LayerError with advice: ProgramError, SelectionError, TraceError, MissingLibraryError, MissingVersionError, ProofError
 */
export function planLayer(source: Root, request: LayerRequest, options: Omit<GatherOptions, 'mostBytes'> = {}): PlannedLayer {
  return planGathered(gatherLayer(source, request, options));
}

/**
 * Collects the files of a layer.
 *
 * @throws as `planLayer`, except ProofError
 */
export function gatherLayer(source: Root, request: LayerRequest, options: GatherOptions = {}): Gathered {
  const { knownTrace, mostBytes = MOST_BYTES, onFound } = options;
  // before `findProgram`, which reads the programs: their compression starts early, because that of a large program takes longest
  if (onFound) onFound(request.binaries.flatMap((binary) => programFile(source, binary, request.searchPath, request.cwd) ?? []));
  const requested = request.binaries.map((binary) => findProgram(source, binary, request.searchPath, request.cwd));
  const named = namePrograms(requested, request.rename);
  const machine = machineOf([...named.values()], request.machine);
  const secrets = new Map<string, string>();
  const include = included(source, request.include, request.cwd, secrets);
  const traced = knownTrace ?? traceIn(source, request.traceCommands);
  // the trace depends on these paths: looking at them records their state, so that a later change is noticed
  for (const name of traced.looked) source.real(name);
  for (const name of traced.listed) source.names(source.real(name) ?? name);
  const { packages, notice } = packageDatabase(source, machine);
  const facts = { root: source, packages, dependencies: new Dependencies(packages), searchPath: request.searchPath };
  const programs = new Map([...named].map(([name, program]) => [name, withOwnInterpreter(program, facts)]));
  const excluder = new Excluder(request.exclude, request.cwd);
  const settingIn = (root: Root) => settingOf(root, machine, { libraryPath: request.libraryPath });
  const collections = new Map<Root, Collection>();
  const collectionFrom = (root: Root, setting: Setting) => valueOf(collections, root, () => new Collection([...programs.values()], {
    root,
    machine,
    setting,
    packages,
    detectData: request.detectData,
    searchPath: request.searchPath,
    isExcluded: (real) => excluder.excludes(real),
    include,
    traced: traced.opened,
    listed: traced.listed,
    mostBytes,
    onFound,
  }));
  const gather = (leastCompressed: number) => (
    withSmallerAlternatives(source, settingIn, (from, its) => collectionFrom(from, its).collect(leastCompressed), mostBytes));
  const { root, setting, collected, replaced, compress } = withCompressionIfNeeded(gather, request.compress, mostBytes);
  const { selection } = collected;
  onFound?.([...selection.files.keys()]);
  const isProvisional = notice !== undefined && request.detectData;
  return {
    root,
    setting,
    packages,
    machine,
    programs,
    collected,
    included: include.flatMap((wanted) => root.real(wanted) ?? []),
    remarks: [
      ...replaced,
      ...excluder.unused(selection.excluded).map((pattern) => `exclude '${pattern}' ${WITHOUT_EFFECT}`),
      ...(isProvisional ? [notice] : []),
    ],
    notices: [
      ...collected.notices,
      ...commandNotices(selection),
      ...addedCommandNotices(selection, programs.values(), root, packages),
      ...moduleNotices(selection),
      ...plugInNotices(selection),
      ...refusalNotices(selection, secrets),
      ...(selection.skipped.has(NO_ZONES) ? [selection.skipped.get(NO_ZONES)!] : []),
      ...[...programs.values()].flatMap((program) => staticProgramNotice(program.interpreter?.program ?? program, root) ?? []),
      ...unreadableNotice(selection.skipped, root, packages),
    ],
    isProvisional,
    traced,
    compress,
    compressesIfNeeded: request.compress === undefined,
    project: request.cwd,
  };
}

/**
 * Gives the files of a layer their places, and proves that its programs find their libraries.
 *
 * @param mostBytes size of the largest layer that is accepted, in bytes
 * @param linksDuplicates whether files with the same content become links to one of them
 * @throws ProofError, MissingLibraryError, MissingVersionError
 */
export function planGathered(gathered: Gathered, mostBytes = MOST_BYTES, linksDuplicates = true): PlannedLayer {
  const { root, setting, packages, machine, programs, collected, remarks, notices, isProvisional, traced, project } = gathered;
  const { selection } = collected;
  const relocated = (compress: boolean) => (
    relocate(programs, collected, { root, setting, packages, compress, project, included: gathered.included, linksDuplicates }));
  // `linksDuplicates` is false for the complete layer in which a workload runs: the files of this layer are not compressed, either
  const first = relocated(gathered.compress && linksDuplicates);
  const isTooLarge = sizeOf(first.plan) > mostBytes;
  const { plan, unreplaced } = isTooLarge && gathered.compressesIfNeeded && !gathered.compress ? relocated(true) : first;
  prove(plan, collected.processes.values(), root, setting, mostBytes);
  const libraries = new Set([...collected.processes.values()].flatMap((process) => process.objects.slice(1).map(({ real }) => real)));
  const files = selection.files.size;
  const known = new Set([...libraries, ...[...programs.values()].map(({ real }) => real)]);
  return {
    plan,
    machine,
    summary: { programs: [...programs.keys()], libraries: libraries.size, dataFiles: files - known.size, bytes: sizeOf(plan) },
    libraries: [...libraries].sort(),
    skipped: new Map([...selection.skipped, ...unreplaced]),
    notices: [...notices, ...remarks, ...(gathered.compressesIfNeeded ? compressionNotice(plan) : [])],
    isProvisional,
    traced,
  };
}

const WITHOUT_EFFECT = 'leaves out nothing: no data that was found matches it, and libraries that are needed stay';

/** @throws TraceError if there are commands and the source is not this machine */
function traceIn(root: Root, commands: readonly string[]): Trace {
  if (commands.length > 0 && !root.isHost) {
    const problem = 'traceCommands run the programs of the machine that synthesizes, and the source is not BinarySource.host()';
    throw new TraceError(`${problem}: name what they open in include`, 'traceCommands');
  }
  return trace(commands);
}
