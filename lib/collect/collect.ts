/**
 * Everything that programs need to run: their closures, and data that no DT_NEEDED names.
 *
 * Data is found in the packages of the programs, and by the paths that packed files mention, if the package database confirms
 * that they belong together. What is added mentions more paths, until nothing is new.
 */
import * as path from 'path';
import { addIncluded } from './add-files';
import { addDependenciesOfAddOn } from './add-on-dependencies';
import { addCommandsOfArchive } from './archive-commands';
import { addBuildOutput } from './build-output';
import { type Addition, Candidates } from './candidates';
import { addStartedCommands } from './commands';
import { CommandsOnPath } from './commands-on-path';
import { Configuration } from './configuration';
import type { CollectOptions, Context } from './context';
import { Dependencies } from './dependencies';
import { addDispatched } from './dispatched';
import type { FinishedSelection } from './finish';
import { addLicences, finish, rejectStaleBytecode } from './finish';
import { addFilesForCompiling } from './for-compiling';
import { addImportedModules } from './imported-modules';
import { addLaunched } from './launched';
import { addLibrariesOfCode } from './libraries-of-code';
import { addNamedConversions } from './named-conversions';
import { addNamedLibraries } from './named-libraries';
import { addOwnReferences } from './own-references';
import { PackageFiles } from './package-files';
import { followPathMentions } from './path-mentions';
import { prefixed } from './prefix';
import { addPrefixLibrary } from './prefix-library';
import { takeFile } from './processes';
import { addRequestedProgram } from './programs';
import { RequestedPackages } from './requested-packages';
import { Room } from './room';
import { addScriptModules } from './script-modules';
import type { CurrentSelection, Pending } from './selection';
import { Selection } from './selection';
import { type Need, RECORD_LINE } from './size-budget';
import { bytesInLayer } from './stored-size';
import { addTraced } from './traced';
import type { Process } from '../closure/closure';
import type { Program } from '../closure/find';
import type { Package } from '../packages/package';

export interface Collected {
  readonly selection: FinishedSelection;
  /** resolved path of each program, helpers included → its process */
  readonly processes: ReadonlyMap<string, Process>;
  /** messages for the user */
  readonly notices: ReadonlySet<string>;
  /** of its files in the layer, estimated for those that are stored compressed */
  readonly bytes: number;
  /** whether there was no room for something */
  readonly isFull: boolean;
  /** packages and paths, other than add-ons, that there was no room for, each with how much it is needed */
  readonly lacking: ReadonlyMap<string, Need>;
  /** direct dependencies and imported modules that a tight layer has no room for, or only for a part of them */
  readonly lackingDependencies: ReadonlySet<Package>;
  /** groups without room, if they were tried */
  readonly withoutRoom: readonly Addition[];
  /** resolved paths of files that start commands */
  readonly starting: ReadonlySet<string>;
  /** programs that others start by their bare names: name → program */
  readonly commands: ReadonlyMap<string, Program>;
  /** objects that build paths from the prefix /usr → the directories that these may lead to: see prefix.ts */
  readonly prefixed: ReadonlyMap<string, readonly string[]>;
}

/**
 * What a packed file adds by its content, if anything: most files add nothing by most rules. A rule reads the selection, writes to a fork
 * of it, and returns the fork: see selection.ts. Functions in this folder write to a parameter named `delta`, and only read one named
 * `selection`.
 */
type Rule = (file: Pending, selection: CurrentSelection, context: Context) => Selection | undefined;

/** In the order in which they apply to each file. */
const RULES: readonly Rule[] = [
  addFilesForCompiling, addPrefixLibrary, addScriptModules, addImportedModules, addOwnReferences, addBuildOutput, followPathMentions,
  addNamedLibraries, addLibrariesOfCode, addNamedConversions, addStartedCommands, addCommandsOfArchive, addDispatched, addLaunched,
  addDependenciesOfAddOn,
];

/** @throws SelectionError, PrivateLibraryError, MissingLibraryError and the like: see `load` */
export function collect(programs: readonly Program[], options: CollectOptions): Collected {
  const { root, packages, searchPath } = options;
  const names = new Set(programs.map(({ real }) => path.posix.basename(real)));
  const context: Context = {
    ...options,
    requestedPrograms: new Map(programs.map((program) => [program.real, program])),
    dispatchedNames: new Set(programs.map(({ path: link }) => path.posix.basename(link)).filter((name) => !names.has(name))),
    packageFiles: new PackageFiles(packages, root),
    dependencies: new Dependencies(packages),
    commandsOnPath: new CommandsOnPath(root, searchPath),
    configuration: new Configuration(root, packages),
  };
  const complete = select(programs, context);
  // without a limit for dependencies, one large package makes a layer impossible
  const fits = ({ selection }: Selected) => (
    bytesInLayer(selection.files.keys(), context) + [...selection.files.keys()].length * RECORD_LINE <= context.mostBytes);
  const tight = context.detectData && !fits(complete) ? select(programs, context, true) : undefined;
  const isTight = tight !== undefined && fits(tight);
  const { selection, ...room } = isTight ? tight : complete;
  return {
    selection: finish(selection, root),
    bytes: bytesInLayer(selection.files.keys(), context),
    processes: new Map(selection.processes),
    notices: new Set(selection.notices.keys()),
    ...room,
    starting: new Set(selection.starting.keys()),
    commands: new Map(selection.commands),
    prefixed: prefixed(selection, context),
  };
}

type Filled = Pick<Collected, 'isFull' | 'lacking' | 'lackingDependencies' | 'withoutRoom'>;

interface Selected extends Filled {
  readonly selection: Selection;
}

/** @param isTight see `RequestedPackages` */
function select(programs: readonly Program[], context: Context, isTight = false): Selected {
  const selection = new Selection(new RequestedPackages(context.packages, new Map(), new Set(), isTight));
  for (const program of programs) addRequestedProgram(program, selection, context);
  for (const included of context.include) include(included, selection, context);
  selection.merge(addTraced(selection, context));
  if (!context.detectData) return { selection, isFull: false, lacking: new Map(), lackingDependencies: new Set(), withoutRoom: [] };
  context.onFound?.([...selection.files.keys()]);
  const filled = fill(selection, context);
  rejectStaleBytecode(selection, context);
  selection.merge(addLicences(selection, context));
  return { selection, ...filled };
}

/** Adds data: everything that is needed, then candidates as long as the layer has room for them. */
function fill(selection: Selection, context: Context): Filled {
  applyRules(selection, context);
  context.onFound?.([...selection.files.keys()]);
  const candidates = new Candidates(context);
  let room = Room.beside(selection.files.keys(), context);
  for (;;) {
    candidates.takeFrom(selection);
    const outcome = candidates.tryNext(selection, room.bytes);
    if (outcome === undefined) break;
    const { delta, giveUp } = outcome;
    const left = room.copy();
    left.take(delta.files.additions.keys());
    applyRules(delta, context, left);
    if (giveUp && left.bytes < 0) {
      selection.merge(giveUp(room.bytes - left.bytes));
    } else {
      selection.merge(delta);
      context.onFound?.([...delta.files.additions.keys()]);
      room = left;
    }
  }
  for (const notice of candidates.notices()) selection.notices.add(notice);
  const { lackRoom: isFull, lacking, lackingDependencies, withoutRoom } = candidates;
  return { isFull, lacking, lackingDependencies, withoutRoom };
}

/** Applies the rules to every file that was not looked at yet. */
function applyRules(selection: Selection, context: Context, room?: Room): void {
  for (let file = selection.next(); file; file = selection.next()) {
    for (const rule of RULES) {
      const delta = rule(file, selection, context);
      if (delta === undefined) continue;
      room?.take(delta.files.additions.keys());
      selection.merge(delta);
    }
  }
}

/** Adds a file or directory that the user lists. Plug-ins in it are loaded for the first program. */
function include(included: string, selection: Selection, context: Context): void {
  const [program] = selection.processes.keys();
  for (const real of addIncluded(included, { reason: 'included' }, selection, context)) takeFile(real, program, selection, context);
}
