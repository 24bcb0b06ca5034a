/**
 * The DT_RPATH of each ELF file of a layer, and the DT_NEEDED of its programs.
 *
 * A program lists the directories of all its libraries, so `dlopen` searches them as well, before LD_LIBRARY_PATH. A library keeps the
 * entries that lead into the layer. Its DT_RUNPATH becomes a DT_RPATH: for an object with a DT_RUNPATH, the loader ignores the program's
 * DT_RPATH.
 */
import * as path from 'path';
import { neededByPath } from './needed';
import type { Process } from '../../closure/closure';
import { variantsBeside } from '../../collect/programs/opened-by-glibc';
import type { Dynamic, Elf } from '../../elf';
import type { Loaded, Setting } from '../../loader/search';
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';
import { isStandardDirectory } from '../../root/standard';
import type { Places } from '../layout/place';
import { type Edits, KEY, rootOf } from '../layout/plan';

/** Directories with variants of libraries for newer processors. */
const HWCAPS = '/glibc-hwcaps/';

/** How an object was loaded. */
interface Known {
  readonly object: Loaded;
  readonly process: Process;
}

export class Rpaths {
  /** resolved path of an object → how it was loaded */
  private readonly objects = new Map<RootPath, Known>();

  /** @param packed resolved paths of everything in the layer */
  constructor(
    private readonly root: Root,
    private readonly setting: Setting,
    private readonly places: Places,
    private readonly packed: ReadonlySet<RootPath>,
    processes: Iterable<Process>,
  ) {
    for (const process of processes) {
      for (const object of process.objects) {
        if (!this.objects.has(object.real) || !object.loader) this.objects.set(object.real, { object, process });
      }
    }
  }

  /** The edits by which an object finds its libraries. */
  public of(real: RootPath, elf: Elf): Pick<Edits, 'rpath' | 'needed'> {
    const known = this.objects.get(real);
    if (!known) return {};
    const rpath = this.rpathOf(known, elf);
    return { rpath, needed: this.neededOf(known, elf.dynamic!, rpath) };
  }

  /** @returns the new DT_RPATH, in which `KEY` stands for the layer's key; `undefined` to leave the file as it is, `''` for no DT_RPATH */
  private rpathOf(known: Known, elf: Elf): string | undefined {
    const { object, process } = known;
    const { rpath, runpath } = elf.dynamic!;
    const entries = this.ownDirectories(known, runpath ?? rpath);
    if (!object.loader && elf.interpreter !== undefined) entries.push(...this.libraryDirectories(process));
    const list = [...new Set(entries)].join(':');
    return runpath === undefined && (rpath ?? '') === list ? undefined : list;
  }

  /**
   * @param rpath the new DT_RPATH
   * @returns a program's new DT_NEEDED entries, in which `KEY` stands for the layer's key; `undefined` to leave them as they are
   */
  private neededOf({ object, process }: Known, { rpath: old, runpath, spareEntries }: Dynamic, rpath: string | undefined) {
    if (object.loader || process.interpreter === undefined) return undefined;
    const isAdded = old === undefined && runpath === undefined && rpath !== undefined && rpath !== '';
    return neededByPath(process, spareEntries - Number(isAdded), ({ path: found }) => {
      if (found.includes(HWCAPS) || variantsBeside(this.root, found).length > 0) return undefined;
      return path.posix.join(this.inLayer(this.root.real(path.posix.dirname(found))!), path.posix.basename(found));
    });
  }

  /** The entries of an object's own search path that lead into the layer. An entry with `$ORIGIN` stays as it is if it remains correct. */
  private ownDirectories({ object, process }: Known, list: string | undefined): string[] {
    if (list === undefined) return [];
    const expanded = process.rules.directoriesOf(list, object, this.setting);
    return list.split(':').flatMap((entry, index) => {
      const directory = expanded[index];
      const real = directory.startsWith('/') ? this.root.real(path.posix.normalize(directory)) : undefined;
      if (real === undefined || !this.packed.has(real)) return [];
      return /^\$(ORIGIN\b|\{ORIGIN\})/.test(entry) && this.keepsOrigin(object, entry, real) ? [entry] : [this.inLayer(real)];
    });
  }

  /** Whether `$ORIGIN/…` leads to the same directory in the layer. */
  private keepsOrigin(object: Loaded, entry: string, real: string): boolean {
    const origin = this.places.of(object.loader ? this.root.real(path.posix.dirname(object.path))! : path.posix.dirname(object.real));
    return path.posix.join(origin, entry.replace(/^\$(ORIGIN|\{ORIGIN\})/, '.')) === this.places.of(real);
  }

  /**
   * The directories of a process's libraries, in the order of first use. Directories of plug-ins are not listed, because plug-ins are
   * opened by their paths. There are two exceptions: standard directories, in which plug-ins are found by name, and directories of
   * plug-ins that other objects need as libraries, such as R's libR.so.
   */
  private libraryDirectories(process: Process): string[] {
    const needed = new Set(process.objects.flatMap(({ elf }) => elf.dynamic?.needed ?? []));
    const isLibrary = ({ path: found, elf: { dynamic } }: Loaded) =>
      needed.has(path.posix.basename(found)) || (dynamic?.soname !== undefined && needed.has(dynamic.soname));
    const directories = process.objects.filter(({ loader }) => loader).flatMap((object) => {
      const directory = this.root.real(path.posix.dirname(object.path))!;
      return object.reason === 'plug-in' && !isStandardDirectory(directory) && !isLibrary(object) ? [] : [directory];
    });
    return directories.map((directory) => this.inLayer(directory));
  }

  private inLayer(real: RootPath): string {
    return rootOf(KEY) + this.places.of(real);
  }
}
