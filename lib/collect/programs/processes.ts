/**
 * Processes that run in the layer: one for each program, with the libraries and plug-ins that it loads. Each file that is
 * packed is assigned to the process that would open it.
 */
import * as path from 'path';
import { addFile } from './add-files';
import { openedLibraries } from './dlopen-note';
import type { Role } from './opened-by-glibc';
import { dataOfLibc, openedByLibc, variantsBeside } from './opened-by-glibc';
import { dataOfMusl } from './opened-by-musl';
import type { Process } from '../../closure/closure';
import { MissingLibraryError } from '../../closure/closure';
import { load, MissingInterpreterError } from '../../closure/program';
import { checkVersions } from '../../closure/versions';
import { type Elf, isProgram } from '../../elf';
import { LayerError } from '../../error';
import type { Loaded } from '../../loader/search';
import { isArchive } from '../../root/java-archive';
import type { Root } from '../../root/root';
import { printableName } from '../../text/printable';
import type { Context } from '../selection/context';
import type { Selection } from '../selection/selection';

/** A needed library that is not world-readable. */
export class PrivateLibraryError extends LayerError {}

/**
 * Adds a process: the libraries and the loader of its program, and the data that its C library opens.
 *
 * @throws MissingLibraryError, MissingVersionError, UnloadableError, PrivateLibraryError
 */
export function startProcess(process: Process, delta: Selection, context: Context): void {
  const { real } = process.program;
  openedByLibc(process);
  for (const object of [...process.objects]) openNoted(process, object, delta);
  if (process.rules.hasVersions) checkVersions(process.objects);
  delta.processes.set(real, process);
  addObjects(process, process.objects, delta, context);
  const { interpreter } = process;
  if (interpreter) addFile(interpreter.path, { reason: `loader of ${path.posix.basename(real)}`, through: real }, delta, context.root);
}

/**
 * Handles a file that was added as data. If it is a helper program, adds a process for it. If it is a plug-in, loads it and its libraries
 * into the process of `program`. The file is rejected if it cannot be loaded with its libraries.
 *
 * @param program the program whose process would open the file
 */
export function takeFile(real: string, program: string | undefined, delta: Selection, context: Context): void {
  const { elf, kind, head } = context.root.content(real);
  let opener = program;
  if (elf?.machine === context.machine && elf.dynamic) {
    const loaded = delta.fork();
    try {
      if (isProgram(elf) && elf.interpreter !== undefined) {
        if (!delta.processes.has(real)) {
          startProcess(loadHelper(real, elf, delta, context), loaded, context);
          opener = real;
        }
      } else if (program !== undefined && elf.type === 'shared') {
        loadPlugIn(real, program, loaded, context);
      }
    } catch (error) {
      // a plug-in or helper without its libraries does not work in the source either
      delta.reject(real, (error as Error).message.split('\n')[0]);
      return;
    }
    delta.merge(loaded);
  }
  if (kind !== 'data' || isArchive(head)) delta.enqueue(real, opener);
}

/**
 * Loads a helper program. The script that starts it may set LD_LIBRARY_PATH. So if a library is not found, but the program's own package
 * has a packed file with that name, the directory of this file is searched as well.
 */
function loadHelper(real: string, elf: Elf, { files }: Selection, { setting, packages }: Context): Process {
  const libraryPath = [...setting.libraryPath];
  for (;;) {
    try {
      return load(real, elf, { ...setting, libraryPath });
    } catch (error) {
      if (!(error instanceof MissingLibraryError)) throw error;
      const owner = packages.ownerOf(real);
      const library = [...files.keys()].find((file) => path.posix.basename(file) === error.library && packages.ownerOf(file) === owner);
      const directory = library && path.posix.dirname(library);
      if (directory === undefined || libraryPath.includes(directory)) throw error;
      libraryPath.push(directory);
    }
  }
}

/**
 * Opens a library by name in the process of a program, as dlopen(3) does, with the libraries that it needs.
 *
 * @param reason why the library is opened. If it cannot be opened, the reason for skipping it begins with this
 */
export function openLibrary(name: string, program: string, reason: string, delta: Selection, context: Context): void {
  const process = delta.processToExtend(program)!;
  if (process.interpreter === undefined) return;
  const before = process.objects.length;
  try {
    process.openName(name, process.program);
  } catch (error) {
    delta.skip(name, `${reason}, but ${(error as Error).message.split('\n')[0]}`);
    return;
  }
  addObjects(process, process.objects.slice(before), delta, context);
}

function loadPlugIn(real: string, program: string, delta: Selection, context: Context): void {
  const process = delta.processToExtend(program)!;
  const { path: started, elf } = process.program;
  if (elf.dynamic === undefined || process.interpreter === undefined) {
    throw new MissingInterpreterError(`a plug-in, and ${started} is linked statically`);
  }
  const before = process.objects.length;
  openPlugIn(real, process, delta);
  addObjects(process, process.objects.slice(before), delta, context);
}

/**
 * Opens a plug-in. It may need another plug-in that the loader's search does not find. This works at run time if the program opens the
 * other plug-in first, by its path. So if a library is not found, a packed file with its name is opened first here, too.
 */
function openPlugIn(real: string, process: Process, delta: Selection, waiting = new Set<string>()): void {
  try {
    const plugIn = process.openFile(real, process.program, 'plug-in');
    if (plugIn) openNoted(process, plugIn, delta);
  } catch (error) {
    if (!(error instanceof MissingLibraryError)) throw error;
    const first = [...delta.files.keys()].find((file) => path.posix.basename(file) === error.library);
    if (first === undefined || waiting.has(first)) throw error;
    openPlugIn(first, process, delta, waiting.add(real));
    openPlugIn(real, process, delta, waiting.add(first));
  }
}

/** Opens the libraries that an object lists in its `.note.dlopen`. */
function openNoted(process: Process, object: Loaded, delta: Selection): void {
  for (const { sonames, priority } of openedLibraries(object.elf)) {
    if (priority === 'suggested') delta.skip(sonames[0], `only suggested by ${object.path}`);
    else sonames.some((name) => openOne(process, name, object, priority === 'required', delta));
  }
}

/** @returns false if the library is not found or cannot be loaded. @throws the error if a required library is found but cannot be loaded */
function openOne(process: Process, name: string, object: Loaded, isRequired: boolean, delta: Selection): boolean {
  try {
    return process.openName(name, object) !== undefined;
  } catch (error) {
    if (isRequired) throw error;
    delta.skip(name, `opened by ${object.path}, but ${(error as Error).message.split('\n')[0]}`);
    return false;
  }
}

function addObjects(process: Process, objects: readonly Loaded[], delta: Selection, context: Context): void {
  const { root } = context;
  const program = process.program.real;
  for (const object of objects) {
    if (object.loader) {
      checkPublic(object, context);
      const by = `${object.reason === 'plug-in' ? 'plug-in of' : 'needed by'} ${path.posix.basename(object.loader.path)}`;
      addFile(object.path, { reason: `${by} [${object.reason}]`, through: object.loader.real }, delta, root);
      for (const variant of variantsBeside(root, object.path)) {
        addFile(variant, { reason: `variant of ${path.posix.basename(object.path)}`, through: object.real }, delta, root);
      }
    }
    addLinksToPlugIns(object, process, delta, root);
    delta.enqueue(object.real, program);
  }
  if (!context.detectData) return;
  for (const real of dataOfCLibrary(process, delta, context)) takeFile(real, program, delta, context);
}

/**
 * If a library that an object needs is already in the process as a plug-in, adds the links by which the loader's search finds the library.
 * This process needs no search for the library, but another process may load the object before the plug-in, or without it.
 */
function addLinksToPlugIns(object: Loaded, process: Process, delta: Selection, root: Root): void {
  for (const name of object.elf.dynamic?.needed ?? []) {
    const library = process.match(name);
    if (library?.reason !== 'plug-in' || name.includes('/')) continue;
    const found = process.locate(name, object);
    if (found === undefined) continue;
    const why = { reason: `needed by ${path.posix.basename(object.path)}`, through: object.real };
    addFile(found, why, delta, root);
  }
}

/**
 * Checks that a library is world-readable or listed by the user. The permissions of the directories above it do not matter: most home
 * directories are closed to other users, but libraries in them may be packed.
 */
function checkPublic({ path: found, real, loader }: Loaded, { root, include }: Context): void {
  if ((root.status(real)!.mode & 0o004) !== 0 || include.some((one) => root.real(one) === real)) return;
  throw new PrivateLibraryError(
    [
      `${printableName(found)}, needed by ${printableName(loader!.path)}, is not world-readable, and any reader of the layer could read it`,
      `  run chmod o+r ${printableName(found)}, or name it in include to pack it all the same`,
    ].join('\n'),
  );
}

/** Adds the data that the C library opens in a process. */
function dataOfCLibrary(process: Process, delta: Selection, context: Context): string[] {
  if (process.rules.libc === 'musl') return dataOfMusl(process, delta, context);
  return dataOfLibc(process, delta, context, (object) => roleOf(object, process, delta, context));
}

function roleOf(object: Loaded, process: Process, { requested }: Selection, { packages }: Context): Role | undefined {
  const owner = packages.ownerOf(object.real);
  const isOwn = owner !== undefined && requested.has(owner);
  if (object === process.program || (object.reason === 'plug-in' && isOwn)) return 'program';
  return isOwn ? 'library' : undefined;
}
