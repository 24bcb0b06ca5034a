/**
 * Relocation: from an excerpt of the source to a plan in which everything works from its place in the layer.
 *
 * The kernel finds the loader by PT_INTERP, the loader finds the libraries by DT_RPATH, and the program finds
 * its data by aliases; see alias.ts.
 */
import * as path from 'path';
import { Alias, aliased, baseOf } from './alias';
import { Places } from './place';
import { Edits, Entry, fingerprintOf, KEY, keyOf, Plan, rootOf } from './plan';
import { Process } from '../closure/closure';
import { Program } from '../closure/find';
import { isDocumentation } from '../data/aside';
import { sourceOfBytecode } from '../data/bytecode';
import { Collected } from '../data/collect';
import { addressOf, Elf, findReferences, FormatError, PT_INTERP } from '../elf';
import { directoriesOf, Loaded, Setting } from '../loader/search';
import { Mention } from '../root/mentions';
import { Root } from '../root/root';
import { isCommandDirectory, isStandardDirectory, unitOf } from '../root/standard';

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

const PREFIX = '/usr';
/** `/opt/` in place of `/etc/`, `/usr/` or the like, and nothing else. */
const SHARED = 5;
const LOADER = `${rootOf(KEY)}/ld.so`;

class Relocation {
  private readonly places: Places;
  /** resolved paths of everything that the layer has, directories on the way included */
  private readonly held = new Set<string>(['/']);
  private readonly aliases: Alias[] = [];
  private readonly aliasIndex = new Map<string, number>();
  /** uppermost directories and files of the layer that are not everybody's */
  private readonly units = new Set<string>();
  /** resolved path of an object → how it was loaded */
  private readonly objects = new Map<string, { object: Loaded; process: Process }>();

  constructor(
    private readonly programs: ReadonlyMap<string, Program>,
    private readonly collected: Collected,
    private readonly options: RelocateOptions,
  ) {
    const { excerpt, processes } = collected;
    const together = [...processes.values()].map((process) => process.objects.map((object) => object.real));
    this.places = new Places([...together, ...[...programs.values()].map(({ real }) => [real])], excerpt.directories, options.project);
    for (const real of excerpt.files.keys()) this.places.of(real);
    for (const held of [...excerpt.files.keys(), ...excerpt.links.keys(), ...excerpt.directories, ...excerpt.made.keys()]) {
      for (let at = held; !this.held.has(at); at = path.posix.dirname(at)) {
        this.held.add(at);
        if (!isStandardDirectory(at)) this.units.add(unitOf(at));
      }
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
    for (const [made, what] of excerpt.made) {
      const place = this.places.of(made);
      entries.push('link' in what ? { kind: 'link', path: place, target: what.link } : { kind: 'text', path: place, text: what.text });
    }
    entries.sort((a, b) => (a.path < b.path ? -1 : 1));
    const loader = [...processes.values()].find(({ interpreter }) => interpreter)?.interpreter;
    const plan = {
      entries,
      aliases: this.aliases,
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
    const directory = path.posix.dirname(link);
    // `/lib` and its like, and what leads from outside to a program of the user's own: every path in the layer is a resolved one
    if (real === undefined || directory === '/' || !this.places.has(directory)) return undefined;
    const parent = this.places.of(directory);
    const aim = target.startsWith('/') ? target : path.posix.join(path.posix.dirname(link), target);
    // one link may lead to another: each keeps its own step
    const stepReal = this.options.root.real(path.posix.dirname(aim));
    const step = stepReal === undefined || !this.places.has(stepReal) ? real : path.posix.join(stepReal, path.posix.basename(aim));
    if (!this.held.has(step)) return undefined;
    return { kind: 'link', path: path.posix.join(parent, path.posix.basename(link)), target: path.posix.relative(parent, this.places.of(step)) };
  }

  private edits(real: string): Edits | undefined {
    const { elf, mentions } = this.options.root.content(real);
    const parsed = elf instanceof FormatError ? undefined : elf;
    const interpreter = parsed?.interpreter !== undefined && this.collected.processes.has(real) ? LOADER : undefined;
    const rpath = parsed?.dynamic && this.rpath(real, parsed);
    const shebang = this.shebang(real);
    const aliases = isDocumentation(real) ? [] : this.replacements(real, parsed, mentions);
    const bytecode = sourceOfBytecode(real) === undefined ? undefined : true;
    if (aliases.length === 0 && [interpreter, rpath, shebang, bytecode].every((edit) => edit === undefined)) return undefined;
    return { interpreter, rpath, shebang, bytecode, aliases };
  }

  private replacements(real: string, elf: Elf | undefined, mentions: readonly Mention[]): (readonly [number, number])[] {
    const interpreter = elf?.segments.find(({ type }) => type === PT_INTERP);
    const closed = elf !== undefined && !this.isLibc(real);
    const found: { mention: Mention; alias: Alias }[] = [];
    for (const mention of mentions) {
      if (mention.offset === interpreter?.offset) continue;
      const alias = this.aliasOf(real, mention, closed);
      if (alias) found.push({ mention, alias });
    }
    const shared = elf ? this.sharedTails(real, elf, found.map(({ mention }) => mention)) : new Set<number>();
    return found.flatMap(({ mention, alias }) => {
      const safe = shared.has(mention.offset) && alias.base !== PREFIX ? this.tailAlias(mention.path) : alias;
      return safe ? [[mention.offset, this.indexOf(safe)]] : [];
    });
  }

  private aliasOf(real: string, mention: Mention, closed: boolean): Alias | undefined {
    if (mention.path === PREFIX) return this.prefixAlias(real);
    return mention.code ? this.codeAlias(mention.path, mention.code) : this.alias(mention.path, closed);
  }

  /** Offsets of the paths of which something else uses the end from the second component on: `fonts` may be that of `/etc/fonts`. */
  private sharedTails(real: string, elf: Elf, mentions: readonly Mention[]): Set<number> {
    const offsets = new Map<number, number>();
    for (const { offset, path: mentioned, code } of mentions) {
      const address = code ? undefined : addressOf(elf, offset + mentioned.indexOf('/', 1) + 1);
      if (address !== undefined) offsets.set(address, offset);
    }
    if (offsets.size === 0) return new Set();
    const used = findReferences(this.options.root.read(real), elf, new Set(offsets.keys()));
    return new Set([...used].map((address) => offsets.get(address)!));
  }

  /** The first line of a script that was asked for names its interpreter by its place. */
  private shebang(real: string): string | undefined {
    const script = [...this.programs.values()].find((program) => program.real === real && program.interpreter);
    if (!script) return undefined;
    const { program, argument } = script.interpreter!;
    const directory = this.options.root.real(path.posix.dirname(program.path))!;
    return `#!${path.posix.join(this.inLayer(directory), path.posix.basename(program.path))}${argument ? ` ${argument}` : ''}`;
  }

  /** The C library and its loader look for what is the host's, too: their paths lead nowhere else. */
  private isLibc(real: string): boolean {
    return this.objects.get(real)?.process.interpreter?.real === real || /^(libc|ld-linux[^.]*|libpthread)\.so\.\d+$/.test(path.posix.basename(real));
  }

  private holds(wanted: string): boolean {
    const real = this.options.root.real(wanted);
    return (real !== undefined && this.held.has(real)) || this.collected.excerpt.made.has(wanted);
  }

  /** The alias for a mentioned path, if it is replaced. */
  private alias(mentioned: string, closed: boolean): Alias | undefined {
    const wanted = mentioned.replace(/(?<=.)\/+$/, '');
    const found = aliased(wanted, (base) => this.holds(base), closed);
    if (found === 'short') this.collected.excerpt.leftOut.set(mentioned, 'in the layer, but mentioned by a path too short to be replaced');
    if (found === undefined || found === 'short') return undefined;
    return {
      base: found.base,
      place: found.held ? this.placeOf(found.base) : undefined,
      siblings: found.base === wanted ? this.siblings(found.base) : undefined,
    };
  }

  /**
   * The alias for a path of which an instruction holds the first 8 characters. The rest is in other instructions, one of
   * which may write the last of the 8 again: no more than 7 are replaced.
   */
  private codeAlias(head: string, code: Buffer): Alias | undefined {
    const unit = [...this.units].find((held) => held.startsWith(head) && held.length >= 10 && code.includes(held.slice(8, 12)));
    if (unit === undefined) return undefined;
    const base = baseOf(unit, head.length);
    return { base, place: this.placeOf(base), replaced: head.length - 1 };
  }

  /**
   * `/usr` is as long as `/opt` and no longer: what a program adds to it, as `/share/x`, it finds below `/opt`. These
   * places are not the layer's alone, as the others are; no library is looked for in them.
   */
  private prefixAlias(real: string): Alias | undefined {
    const units = this.collected.prefixed.get(real);
    return units && { base: PREFIX, siblings: Object.fromEntries(units.map((unit) => [unit.slice(PREFIX.length), this.placeOf(unit)])) };
  }

  /** The alias for a path that must keep all but its first directory: likewise not the layer's alone. */
  private tailAlias(mentioned: string): Alias | undefined {
    const base = unitOf(path.posix.normalize(mentioned).replace(/(?<=.)\/$/, ''));
    const parent = path.posix.dirname(base);
    if (!/^\/[a-z]{3}\//.test(base) || !this.holds(base) || isCommandDirectory(parent) || /\.so(\.|$)/.test(base)) return undefined;
    return { base, place: this.placeOf(base), replaced: SHARED };
  }

  private indexOf(alias: Alias): number {
    const name = `${alias.base} ${alias.replaced}`;
    let index = this.aliasIndex.get(name);
    if (index === undefined) {
      index = this.aliases.push(alias) - 1;
      this.aliasIndex.set(name, index);
    }
    return index;
  }

  private placeOf(wanted: string): string {
    return this.places.of(this.options.root.real(wanted) ?? wanted);
  }

  /** A program may add to the name that it has: `magic` is mentioned, `magic.mgc` opened. */
  private siblings(base: string): Alias['siblings'] {
    const parent = this.options.root.real(path.posix.dirname(base));
    if (parent === undefined) return undefined;
    const prefix = `${path.posix.basename(base)}.`;
    const names = this.options.root.names(parent).filter((name) => name.startsWith(prefix) && this.holds(path.posix.join(parent, name)));
    const found = names.map((name) => [name.slice(prefix.length - 1), this.placeOf(path.posix.join(parent, name))]);
    return found.length === 0 ? undefined : Object.fromEntries(found);
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
