/**
 * Reduces a collected layer to the files that a workload uses, with stubs in place of libraries that it does not call.
 */
import * as path from 'path';
import type { Process } from '../closure/closure';
import { load } from '../closure/program';
import type { Collected } from '../collect/collect';
import type { FinishedSelection } from '../collect/finish';
import { openedByLibc } from '../collect/programs/opened-by-glibc';
import type { Loaded, Setting } from '../loader/search';
import { licencesOf, valueOf } from '../packages/package';
import type { Gathered } from '../plan/plan-layer';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';

/** The contents of a reduced layer, as resolved paths of the source. */
export interface Reduction {
  readonly files: ReadonlySet<RootPath>;
  readonly directories: ReadonlySet<RootPath>;
  /** library → the bytes of its stub */
  readonly stubs: ReadonlyMap<RootPath, Buffer>;
}

/** Reduces a layer to the files of a reduction, the libraries that these files need, and the licences of the packages of all of them. */
export function reduce(gathered: Gathered, { files, directories, stubs }: Reduction): Gathered {
  const { collected, packages } = gathered;
  const root = gathered.root.withFiles(stubs);
  const setting: Setting = { ...gathered.setting, files: root };
  const processes = new Map<string, Process>();
  const kept = new Set(files);
  for (const [real, process] of processesOf(gathered, files, setting)) {
    processes.set(real, process);
    for (const object of process.objects) kept.add(object.real);
    if (process.interpreter) kept.add(process.interpreter.real);
  }
  addVariants(kept, collected, stubs);
  for (const real of [...kept]) {
    const owner = stubs.has(real) ? undefined : packages.ownerOf(real);
    for (const licence of owner ? licencesOf(owner) : []) addBelow(licence, kept, collected, root);
  }
  const selection = reducedSelection(collected.selection, kept, directories, root);
  const isKept = (real: string) => selection.files.has(real);
  return {
    ...gathered,
    root,
    setting,
    collected: {
      ...collected,
      selection,
      processes,
      starting: new Set([...collected.starting].filter(isKept)),
      commands: new Map([...collected.commands].filter(([, { real, interpreter }]) => (
        isKept(real) && (interpreter === undefined || isKept(interpreter.program.real))))),
      prefixed: new Map([...collected.prefixed].filter(([real]) => isKept(real))),
    },
    notices: [],
  };
}

/**
 * The processes of the programs that stay.
 *
 * @param setting its `files` may have stubs in place of libraries @default - the setting of the complete layer
 */
export function processesOf(gathered: Gathered, files: ReadonlySet<RootPath>, setting = gathered.setting): Map<string, Process> {
  return new Map([...gathered.collected.processes].filter(([real]) => files.has(real))
    .map(([real, process]) => [real, reloaded(process, files, setting)]));
}

/** Loads a process again, with only those of its plug-ins and opened libraries that stay. */
function reloaded(process: Process, files: ReadonlySet<RootPath>, setting: Setting): Process {
  const { program, objects } = process;
  const again = load(program.real, program.elf, setting, process.rules);
  openedByLibc(again); // before plug-ins are opened, as when the complete layer was collected
  const isLoaded = (object: Loaded) => again.objects.some(({ real }) => real === object.real);
  for (const object of objects) {
    if (!object.loader || !files.has(object.real) || isLoaded(object)) continue;
    const opener = again.objects.find(({ real }) => real === object.loader!.real) ?? again.program;
    if (object.reason === 'plug-in' || !again.openName(object.name, opener)) again.openFile(object.path, again.program, object.reason);
  }
  return again;
}

/**
 * Keeps all variants of a library that stays unchanged, even those that this machine does not use. Removes the variants of all other
 * libraries. See `variantsBeside`.
 */
function addVariants(kept: Set<RootPath>, { selection }: Collected, stubs: ReadonlyMap<RootPath, Buffer>): void {
  for (const [real, { reason, through }] of selection.files) {
    if (!isVariant(reason)) continue;
    if (stubs.has(through!) || !kept.has(through!)) kept.delete(real);
    else kept.add(real);
  }
}

/** Library → its variants for newer processors. */
export function variantsOf({ selection }: Collected): Map<RootPath, RootPath[]> {
  const variants = new Map<RootPath, RootPath[]>();
  for (const [real, { reason, through }] of selection.files) {
    if (isVariant(reason)) valueOf(variants, through!, () => []).push(real);
  }
  return variants;
}

/** The library of which a file is a variant, if it is one. */
export function generalOf(real: RootPath, { selection }: Collected): RootPath | undefined {
  const why = selection.files.get(real);
  return why !== undefined && isVariant(why.reason) ? why.through : undefined;
}

function isVariant(reason: string): boolean {
  return reason.startsWith('variant of ');
}

/** Adds a packed file, or the packed files in a directory. */
function addBelow(location: string, kept: Set<RootPath>, { selection }: Collected, root: Root): void {
  const real = root.real(location);
  if (real === undefined) return;
  if (selection.files.has(real)) kept.add(real);
  else if (root.isDirectory(real)) for (const file of selection.files.keys()) if (file.startsWith(`${real}/`)) kept.add(file);
}

function reducedSelection(
  selection: FinishedSelection,
  kept: ReadonlySet<RootPath>,
  used: ReadonlySet<RootPath>,
  root: Root,
): FinishedSelection {
  // sorted: the order must not depend on what else was collected
  const files = new Map([...selection.files].filter(([real]) => kept.has(real)).sort(byName));
  const packed = new Set<string>(['/']);
  const add = (real: string) => {
    for (let at = real; !packed.has(at); at = path.posix.dirname(at)) packed.add(at);
  };
  for (const real of files.keys()) add(real);
  const known = new Set([...selection.files.keys(), ...selection.directories].map((real) => path.posix.dirname(real)));
  const directories = [...used].filter((real) => !packed.has(real) && (selection.directories.has(real) || isBelow(real, known)));
  for (const real of directories) add(real);
  const generated = new Map([...selection.generated].filter(([file, content]) => {
    if (!('link' in content)) return true;
    const target = root.real(path.posix.resolve(path.posix.dirname(file), content.link));
    return target !== undefined && packed.has(target);
  }));
  for (const file of generated.keys()) add(file);
  const isPacked = (link: string) => {
    const real = root.real(link);
    return real !== undefined && packed.has(real);
  };
  return {
    files,
    links: new Map([...selection.links].filter(([link]) => isPacked(link)).sort(byName)),
    directories: new Set(directories.sort()),
    generated: new Map([...generated].sort(byName)),
    skipped: new Map(),
    excluded: selection.excluded,
  };
}

/** True for a directory of the layer: one that has files or directories in it. */
function isBelow(real: string, known: ReadonlySet<string>): boolean {
  return known.has(real) && real !== '/';
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
