/**
 * Relocation: from an excerpt of the source to a plan in which everything works from its place in the layer.
 *
 * The kernel finds the loader by PT_INTERP, the loader finds the libraries by DT_RPATH, and the program finds
 * its data by aliases; see alias.ts.
 */
import * as path from 'path';
import { aliased } from './alias';
import { Places } from './place';
import { Edits, Entry, fingerprintOf, KEY, keyOf, Plan, rootOf } from './plan';
import { Process } from '../closure/closure';
import { Program } from '../closure/find';
import { isDocumentation } from '../data/aside';
import { Collected } from '../data/collect';
import { Elf, FormatError, PT_INTERP } from '../elf';
import { directoriesOf, Loaded, Setting } from '../loader/search';
import { Root } from '../root/root';

export interface RelocateOptions {
  readonly root: Root;
  readonly setting: Setting;
  /** the working directory, on this machine */
  readonly project: string;
}

/** @param programs name in `/opt/bin` → program */
export function relocate(programs: ReadonlyMap<string, Program>, collected: Collected, options: RelocateOptions): Plan {
  return new Relocation(programs, collected, options).plan();
}

const LOADER = `${rootOf(KEY)}/ld.so`;

class Relocation {
  private readonly places: Places;
  /** resolved paths of everything that the layer has, directories on the way included */
  private readonly held = new Set<string>(['/']);
  private readonly aliasIndex = new Map<string, number>();
  private readonly known = new Map<string, string | undefined>();
  /** resolved path of an object → how it was loaded */
  private readonly objects = new Map<string, { object: Loaded; process: Process }>();

  constructor(
    private readonly programs: ReadonlyMap<string, Program>,
    private readonly collected: Collected,
    private readonly options: RelocateOptions,
  ) {
    const { excerpt, processes } = collected;
    this.places = new Places([...processes.values()].map((process) => process.objects.map((object) => object.real)), options.project);
    for (const held of [...excerpt.files.keys(), ...excerpt.links.keys(), ...excerpt.directories]) {
      for (let at = held; !this.held.has(at); at = path.posix.dirname(at)) this.held.add(at);
    }
    for (const process of processes.values()) {
      for (const object of process.objects) if (!this.objects.has(object.real) || !object.loader) this.objects.set(object.real, { object, process });
    }
  }

  public plan(): Plan {
    const { excerpt, processes } = this.collected;
    const entries: Entry[] = [];
    for (const real of excerpt.files.keys()) entries.push(this.file(real));
    for (const [link, target] of excerpt.links) {
      const entry = this.link(link, target);
      if (entry) entries.push(entry);
    }
    const parents = new Set([...this.held].map((held) => path.posix.dirname(held)));
    for (const directory of excerpt.directories) {
      if (!parents.has(directory)) entries.push({ kind: 'directory', path: this.places.of(directory) });
    }
    entries.sort((a, b) => (a.path < b.path ? -1 : 1));
    const loader = [...processes.values()].find(({ interpreter }) => interpreter)?.interpreter;
    const plan = {
      entries,
      aliases: [...this.aliasIndex.keys()].map((base) => ({ base, place: this.places.of(this.options.root.real(base)!) })),
      programs: Object.fromEntries([...this.programs].map(([name, program]) => [name, this.places.of(program.real)])),
      loader: loader && this.places.of(loader.real),
    };
    const fingerprint = fingerprintOf(plan);
    return { fingerprint, key: keyOf(fingerprint), ...plan };
  }

  private file(real: string): Entry {
    const { root } = this.options;
    const content = root.content(real);
    const executable = content.kind === 'elf' || content.kind === 'script';
    return {
      kind: 'file',
      path: this.places.of(real),
      source: root.locate(real),
      stamp: root.stamp(real),
      sha256: content.sha256,
      size: content.size,
      mode: executable ? 0o755 : 0o644,
      edits: this.edits(real),
      why: this.collected.excerpt.files.get(real)!,
    };
  }

  /** Links keep what they say where that is relative and leads to the same place in the layer. */
  private link(link: string, target: string): Entry | undefined {
    const real = this.options.root.real(link);
    const parent = this.places.of(path.posix.dirname(link));
    if (real === undefined || parent === '/') return undefined; // `/lib` and its like: every path in the layer is a resolved one
    const aim = target.startsWith('/') ? target : path.posix.join(path.posix.dirname(link), target);
    // one link may lead to another: each keeps its own step
    const stepReal = this.options.root.real(path.posix.dirname(aim));
    const step = stepReal === undefined ? real : path.posix.join(stepReal, path.posix.basename(aim));
    if (!this.held.has(step)) return undefined;
    return { kind: 'link', path: path.posix.join(parent, path.posix.basename(link)), target: path.posix.relative(parent, this.places.of(step)) };
  }

  private edits(real: string): Edits | undefined {
    const { elf, mentions } = this.options.root.content(real);
    const parsed = elf instanceof FormatError ? undefined : elf;
    const interpreter = parsed?.interpreter !== undefined && this.collected.processes.has(real) ? LOADER : undefined;
    const rpath = parsed?.dynamic && this.rpath(real, parsed);
    const aliases: [number, number][] = [];
    const segment = parsed?.segments.find(({ type }) => type === PT_INTERP);
    for (const { offset, path: mentioned } of isDocumentation(real) ? [] : mentions) {
      if (interpreter !== undefined && segment && offset === segment.offset) continue;
      const base = this.alias(mentioned);
      if (base !== undefined) aliases.push([offset, this.indexOf(base)]);
    }
    return interpreter === undefined && rpath === undefined && aliases.length === 0 ? undefined : { interpreter, rpath, aliases };
  }

  private alias(mentioned: string): string | undefined {
    if (this.known.has(mentioned)) return this.known.get(mentioned);
    const found = aliased(mentioned.replace(/(?<=.)\/+$/, ''), (wanted) => {
      const real = this.options.root.real(wanted);
      return real !== undefined && this.held.has(real);
    });
    const base = found === 'short' ? undefined : found;
    if (found === 'short') this.collected.excerpt.leftOut.set(mentioned, 'in the layer, but mentioned by a path too short to be replaced');
    this.known.set(mentioned, base);
    return base;
  }

  private indexOf(base: string): number {
    const known = this.aliasIndex.get(base);
    if (known !== undefined) return known;
    this.aliasIndex.set(base, this.aliasIndex.size);
    return this.aliasIndex.size - 1;
  }

  /**
   * The DT_RPATH of an object in the layer.
   *
   * @returns `undefined` to leave the file as it is; `''` for none
   */
  private rpath(real: string, elf: Elf): string | undefined {
    const known = this.objects.get(real);
    const { rpath, runpath } = elf.dynamic!;
    if (!known) return undefined;
    const { object, process } = known;
    const entries = this.ownDirectories(object, runpath ?? rpath);
    if (!object.loader && elf.interpreter !== undefined) entries.push(...this.libraryDirectories(process));
    const wanted = [...new Set(entries)].join(':');
    if (runpath === undefined && (rpath ?? '') === wanted) return undefined;
    return wanted;
  }

  /** Of an object's own search path, the entries that lead into the layer; those by `$ORIGIN` as they are. */
  private ownDirectories(object: Loaded, list: string | undefined): string[] {
    if (list === undefined) return [];
    const { root, setting } = this.options;
    const expanded = directoriesOf(list, object, setting);
    return list.split(':').flatMap((entry, index) => {
      const directory = expanded[index];
      const real = directory.startsWith('/') ? root.real(path.posix.normalize(directory)) : undefined;
      if (real === undefined || !this.held.has(real)) return [];
      return /^\$(ORIGIN\b|\{ORIGIN\})/.test(entry) && this.keepsOrigin(object, entry, real) ? [entry] : [this.inLayer(real)];
    });
  }

  /** Whether `$ORIGIN/…` leads to the same directory in the layer. */
  private keepsOrigin(object: Loaded, entry: string, real: string): boolean {
    const origin = this.places.of(object.loader ? this.options.root.real(path.posix.dirname(object.path))! : path.posix.dirname(object.real));
    return path.posix.join(origin, entry.replace(/^\$(ORIGIN|\{ORIGIN\})/, '.')) === this.places.of(real);
  }

  /** The directories of a process's libraries, in the order of first use. */
  private libraryDirectories(process: Process): string[] {
    return process.objects.filter((object) => object.loader).map((object) => this.inLayer(this.options.root.real(path.posix.dirname(object.path))!));
  }

  private inLayer(real: string): string {
    return rootOf(KEY) + this.places.of(real);
  }
}
