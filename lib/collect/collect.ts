/**
 * Everything that programs need to run: their closures, and data that no DT_NEEDED names.
 *
 * Data is found in the packages of the programs, and at paths that packed files mention, if the package database relates the path to
 * the file that mentions it. Files that are added may mention more paths, so the rules apply until nothing new is found.
 */
import * as path from 'path';
import type { Addition } from './candidates/candidate-groups';
import { Candidates } from './candidates/candidates';
import { Room } from './candidates/room';
import { bytesInLayer, NO_FILES } from './candidates/stored-size';
import { addCommandsOfArchive } from './commands/archive-commands';
import { addStartedCommands } from './commands/commands';
import { addDispatched } from './commands/dispatched';
import { addLaunched } from './commands/launched';
import { skipRecommendedByConfiguration } from './commands/recommended-by-configuration';
import { skipReportedCommands } from './commands/reported-commands';
import { skipCommandsOfDependencies } from './commands/unpacked-dependencies';
import type { FinishedSelection } from './finish';
import { addLicences, finish, rejectStaleBytecode } from './finish';
import { Configuration } from './kinds/configuration';
import { PackageFiles } from './kinds/package-files';
import { addFilesForCompiling } from './mentions/for-compiling';
import { addLibrariesOfCode } from './mentions/libraries-of-code';
import { listLibraries } from './mentions/library-listing';
import { addNamedConversions } from './mentions/named-conversions';
import { addNamedFiles } from './mentions/named-files';
import { addNamedLibraries } from './mentions/named-libraries';
import { followPathMentions } from './mentions/path-mentions';
import { prefixed } from './mentions/prefix';
import { linkConfiguration } from './mentions/prefix-configuration';
import { addImportedModules } from './modules/imported-modules';
import { skipRecommendedByModules } from './modules/recommended-by-modules';
import { addScriptModules } from './modules/script-modules';
import { skipSuggestedModules } from './modules/suggested-modules';
import { rejectUnloadableConfiguration } from './modules/unloadable-configuration';
import { addIncluded } from './programs/add-files';
import { addDependenciesOfAddOn } from './programs/add-on-dependencies';
import { takeFile } from './programs/processes';
import { addRequestedProgram } from './programs/programs';
import { addTraced } from './programs/traced';
import { CommandsOnPath } from './selection/commands-on-path';
import type { CollectOptions, Context } from './selection/context';
import { Dependencies } from './selection/dependencies';
import { type Lacking, lacksLess, lacksModule } from './selection/module-distance';
import { RequestedPackages } from './selection/requested-packages';
import type { CurrentSelection, Pending } from './selection/selection';
import { Selection } from './selection/selection';
import { type Need, RECORD_LINE } from './selection/size-budget';
import { addBuildOutput } from './self-built/build-output';
import { addOwnReferences } from './self-built/own-references';
import { addPrefixLibrary } from './self-built/prefix-library';
import type { Process } from '../closure/closure';
import type { Program } from '../closure/find';
import { valueOf } from '../packages/package';

export interface Collected {
  readonly selection: FinishedSelection;
  /** resolved path of each program, helpers included → its process */
  readonly processes: ReadonlyMap<string, Process>;
  /** messages for the user */
  readonly notices: ReadonlySet<string>;
  /** size of the selected files in the layer; estimated for files that are stored compressed */
  readonly bytes: number;
  /** whether there was no room for a group of candidates */
  readonly isFull: boolean;
  /** packages and paths without room, except for add-ons → how much each is needed */
  readonly lacking: ReadonlyMap<string, Need>;
  /** packages that programs may need in order to start, if the layer has no room for them or only for a part */
  readonly lackingDependencies: Lacking;
  /** what each group without room would add, if the group was tried */
  readonly withoutRoom: readonly Addition[];
  /** resolved paths of files that start commands */
  readonly starting: ReadonlySet<string>;
  /** programs that others start by their bare names: name → program */
  readonly commands: ReadonlyMap<string, Program>;
  /** files that build paths from a prefix, such as /usr → the directories and files that these paths may lead to: see prefix.ts */
  readonly prefixed: ReadonlyMap<string, readonly string[]>;
}

/**
 * Finds what a packed file needs because of its content. A rule reads the selection, writes to a fork of it, and returns the fork: see
 * selection.ts. It returns `undefined` if it adds nothing, which is true of most rules for most files. Functions that rules call write to a
 * parameter named `delta`, and only read a parameter named `selection`.
 */
type Rule = (file: Pending, selection: CurrentSelection, context: Context) => Selection | undefined;

/** In the order in which they apply to each file. */
const RULES: readonly Rule[] = [
  addFilesForCompiling, addPrefixLibrary, addScriptModules, addImportedModules, addOwnReferences, addBuildOutput, followPathMentions,
  addNamedFiles, addNamedLibraries, addLibrariesOfCode, addNamedConversions, addStartedCommands, addCommandsOfArchive, addDispatched,
  addLaunched, addDependenciesOfAddOn, skipRecommendedByModules, skipRecommendedByConfiguration, skipSuggestedModules,
];

/**
 * Collects the files of programs. The files that the programs need are collected once for tight layers and once for all other layers.
 * Optional files are collected in each call of `collect`, because the room for them depends on which files are stored compressed.
 */
export class Collection {
  private readonly context: Context;
  private readonly needed = new Map<boolean, Selection>();

  constructor(private readonly programs: readonly Program[], options: Omit<CollectOptions, 'leastCompressed'>) {
    const { root, packages, searchPath } = options;
    const names = new Set(programs.map(({ real }) => path.posix.basename(real)));
    this.context = {
      ...options,
      leastCompressed: NO_FILES,
      requestedPrograms: new Map(programs.map((program) => [program.real, program])),
      dispatchedNames: new Set(programs.map(({ path: link }) => path.posix.basename(link)).filter((name) => !names.has(name))),
      packageFiles: new PackageFiles(packages, root),
      dependencies: new Dependencies(packages),
      commandsOnPath: new CommandsOnPath(root, searchPath),
      configuration: new Configuration(root, packages),
    };
  }

  /**
   * @param leastCompressed bytes of the smallest file that may be stored compressed
   * @throws SelectionError, PrivateLibraryError, MissingLibraryError and the like: see `load`
   */
  public collect(leastCompressed: number): Collected {
    const mostBytes = this.context.mostBytes - growthOf(this.neededBy(false));
    const context: Context = { ...this.context, leastCompressed, mostBytes };
    // direct dependencies have no limit in this layer, so a large one may leave no room for a module: then a tight layer is tried
    const complete = this.filled(false, context);
    const isEnough = !context.detectData || (complete && !lacksModule(complete.lackingDependencies));
    const tight = isEnough ? undefined : this.filled(true, context);
    const isTight = complete === undefined || (tight && lacksLess(tight.lackingDependencies, complete.lackingDependencies));
    const { selection, ...room } = (isTight ? tight : complete) ?? { selection: this.neededBy(false), ...NOTHING_LACKS };
    return {
      selection: finish(selection, context.root),
      bytes: bytesInLayer(selection.files.keys(), context),
      processes: new Map(selection.processes),
      notices: new Set(selection.notices.keys()),
      ...room,
      starting: new Set(selection.starting.keys()),
      commands: new Map(selection.commands),
      prefixed: prefixed(selection, context),
    };
  }

  /** @returns `undefined` if the layer would be too large */
  private filled(isTight: boolean, context: Context): Selected | undefined {
    const needed = this.neededBy(isTight);
    if (!fits(needed, context)) return undefined;
    if (!context.detectData) return { selection: needed, ...NOTHING_LACKS };
    const selection = needed.copy();
    const filled = fill(selection, context);
    rejectStaleBytecode(selection, context);
    rejectUnloadableConfiguration(selection, context);
    linkConfiguration(selection, context);
    listLibraries(selection, context);
    skipCommandsOfDependencies(selection, context);
    skipReportedCommands(selection, context);
    selection.merge(addLicences(selection, context));
    return fits(selection, context) ? { selection, ...filled } : undefined;
  }

  /** Everything that the programs need. @param isTight see `RequestedPackages` */
  private neededBy(isTight: boolean): Selection {
    const { programs, context } = this;
    return valueOf(this.needed, isTight, () => {
      const selection = new Selection(new RequestedPackages(context.packages, new Map(), new Set(), isTight));
      for (const program of programs) addRequestedProgram(program, selection, context);
      for (const included of context.include) include(included, selection, context);
      selection.merge(addTraced(selection, context));
      if (!context.detectData) return selection;
      context.onFound?.([...selection.files.keys()]);
      applyRules(selection, context);
      context.onFound?.([...selection.files.keys()]);
      return selection;
    });
  }
}

type Filled = Pick<Collected, 'isFull' | 'lacking' | 'lackingDependencies' | 'withoutRoom'>;

const NOTHING_LACKS: Filled = { isFull: false, lacking: new Map(), lackingDependencies: new Map(), withoutRoom: [] };

interface Selected extends Filled {
  readonly selection: Selection;
}

function fits({ files }: Selection, context: Context): boolean {
  return bytesInLayer(files.keys(), context) + [...files.keys()].length * RECORD_LINE <= context.mostBytes;
}

/** Bytes by which edits may enlarge programs: a copy of each program's dynamic strings. In Node.js, the exported names alone have 5 MB. */
function growthOf({ processes }: Selection): number {
  return [...processes.values()].reduce((sum, { program }) => sum + (program.elf.dynamic?.stringBytes ?? 0), 0);
}

/** Adds candidates as long as the layer has room for them. */
function fill(selection: Selection, context: Context): Filled {
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
  const { lacksRoom: isFull, lacking, lackingDependencies, withoutRoom } = candidates;
  return { isFull, lacking, lackingDependencies, withoutRoom };
}

/** Applies the rules to every file to which they have not been applied yet. */
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

/** Adds a file or directory that the user lists. Plug-ins in it are added to the process of the first program. */
function include(included: string, selection: Selection, context: Context): void {
  const [program] = selection.processes.keys();
  for (const real of addIncluded(included, { reason: 'included' }, selection, context)) takeFile(real, program, selection, context);
}
