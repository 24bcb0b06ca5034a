/**
 * The DT_NEEDED of a program: the paths of all libraries that glibc's loader maps when the program starts, in the same order.
 *
 * A library that is needed by its name costs up to 40 system calls for each directory of DT_RPATH: there, the loader first looks in up to
 * 19 subdirectories for certain processors (glibc elf/dl-load.c, open_path). A path is opened at once. The libraries themselves keep
 * the names in their DT_NEEDED. These cost no search: the loader first compares a name with the DT_SONAME of every mapped library.
 *
 * The order in which symbols are searched for and the order of initialization stay the same. Both follow from the order in which libraries
 * are mapped, breadth first, and from the libraries' own needs (elf/dl-deps.c, elf/dl-sort-maps.c).
 */
import type { Process } from '../../closure/closure';
import type { NewNeed } from '../../elf';
import type { Loaded } from '../../loader/search';

/**
 * @param spare number of entries that can be added to the program's dynamic section
 * @param pathOf the path of a library in the layer; `undefined` if the loader has to choose among variants of it
 * @returns `undefined` if the program keeps the names
 */
export function neededByPath(process: Process, spare: number, pathOf: (library: Loaded) => string | undefined): NewNeed[] | undefined {
  const { program, interpreter, rules } = process;
  if (rules.libc !== 'glibc') return undefined;
  const objects = mappedAtStart(process);
  if (!objects?.every((object) => requiresOnlyFromNeeds(object, interpreter))) return undefined;
  const names = program.elf.dynamic!.needed;
  // if the loader comes last and the program itself does not need it, it is not listed: it is mapped already, and stays last all the same
  if (objects.at(-1) === interpreter && !names.some((name) => process.match(name) === interpreter)) objects.pop();
  const needed: NewNeed[] = [];
  for (const object of objects.slice(1)) {
    const name = object === interpreter ? object.elf.dynamic?.soname : pathOf(object);
    if (name === undefined) return undefined;
    needed.push([name, ...names.filter((old) => process.match(old) === object)]);
  }
  return needed.length - names.length <= spare ? needed : undefined;
}

/** The program and the libraries that it starts with; `undefined` if a DT_NEEDED is a path or not found, or an object is a filter. */
function mappedAtStart(process: Process): Loaded[] | undefined {
  const objects = [process.program];
  for (const { elf: { dynamic } } of objects) {
    if (!dynamic || dynamic.filter.length + dynamic.auxiliary.length > 0) return undefined;
    for (const name of dynamic.needed) {
      const object = name.includes('/') ? undefined : process.match(name);
      if (!object) return undefined;
      if (!objects.includes(object)) objects.push(object);
    }
  }
  return objects;
}

/** True if an object requires symbol versions only from the loader and from libraries that its own DT_NEEDED lists by the same names. */
function requiresOnlyFromNeeds({ elf: { dynamic } }: Loaded, interpreter: Loaded | undefined): boolean {
  return dynamic!.versionNeeds.every(({ file }) => dynamic!.needed.includes(file) || file === interpreter?.elf.dynamic?.soname);
}
