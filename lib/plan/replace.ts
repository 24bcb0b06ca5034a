/**
 * Which paths in which files are replaced, and by which aliases.
 *
 * A path is safe to replace as a whole only where nothing else uses a part of it: linkers keep a string that
 * another one ends with only once, compilers take short strings apart, and programs add to what is baked in.
 */
import * as path from 'path';
import { Alias, aliased, baseOf, isReserved } from './alias';
import { Places } from './place';
import { Edits } from './plan';
import { InheritedPaths } from './search-path';
import { Collected } from '../collect/collect';
import { isMachineSpecific } from '../collect/machine-specific';
import { addressOf, Elf, findReferences, PT_INTERP } from '../elf';
import { PackageDatabase } from '../packages/package';
import { PathMention } from '../root/mentions';
import { sourceOfBytecode } from '../root/python-bytecode';
import { Root } from '../root/root';
import { COMMANDS, isCommandDirectory, isStandardDirectory, unitOf } from '../root/standard';
import { withoutTrailing } from '../text/trailing';

/** `/opt/` in place of `/etc/`, `/usr/` or the like, and nothing else. */
const SHARED = 5;

/** Time zones are the host's where the layer has none, as they are to its C library. */
const ZONES = '/usr/share/zoneinfo';

/** Whether a path is but the end of a file's own, or of a directory's that it lies in: what is to be taken off that, or added to something. */
function isEndOf(mentioned: string, real: string): boolean {
  const wanted = withoutTrailing(mentioned, '/');
  return !isStandardDirectory(wanted) && `${real}/`.indexOf(`${wanted}/`) > 0;
}

export class Replacements {
  /** every alias that something is replaced by */
  public readonly aliases: Alias[] = [];
  /** packed path → why the files that mention it do not find it */
  public readonly unreplaced = new Map<string, string>();
  private readonly indexes = new Map<string, number>();
  /** path below `/opt` that is not the layer's alone → the path that it stands for */
  private readonly claimed = new Map<string, string>();
  /** uppermost directories and files of the layer that are not everybody's */
  private readonly units: ReadonlySet<string>;
  /** The C library and its loader look for what is the host's, too: what the layer lacks is not closed to them. */
  private readonly libc: ReadonlySet<string>;
  private readonly inherited: InheritedPaths;

  /** @param held resolved paths of everything that the layer has */
  constructor(
    private readonly root: Root,
    private readonly held: ReadonlySet<string>,
    private readonly places: Places,
    private readonly collected: Collected,
    packages: PackageDatabase,
  ) {
    this.inherited = new InheritedPaths(root, packages, held);
    this.units = new Set([...held].filter((real) => !isStandardDirectory(real)).map(unitOf));
    const processes = [...collected.processes.values()];
    const isLibc = (soname: string | undefined) => /^libc\.so\.\d+$/.test(soname ?? '');
    const libc = processes.flatMap(({ interpreter, objects }) => [interpreter, ...objects.filter(({ elf }) => isLibc(elf.dynamic?.soname))]);
    this.libc = new Set(libc.flatMap((object) => object?.real ?? []));
  }

  /**
   * What is replaced in a file.
   *
   * @param elf of an ELF file
   * @returns the offset of each path, and the index of its alias: see `Edits.aliases`
   */
  public in(real: string, elf: Elf | undefined, mentions: readonly PathMention[]): Edits['aliases'] {
    const interpreter = elf?.segments.find(({ type }) => type === PT_INTERP);
    const closed = elf ? !this.libc.has(real) : this.isModule(real);
    const candidates: { mention: PathMention; alias: Alias }[] = [];
    for (const mention of mentions) {
      if (mention.kind === 'computed' || mention.offset === interpreter?.offset || (!elf && isEndOf(mention.path, real))) continue;
      const alias = this.aliasOf(real, mention, closed);
      if (alias) candidates.push({ mention, alias });
    }
    let bytes: Buffer | undefined;
    const read = () => (bytes ??= this.root.read(real));
    const isInherited = candidates.length === 0 ? undefined : this.inherited.of(real, read);
    const found = candidates.filter(({ mention }) => !isInherited?.(mention));
    const tails = elf ? this.usedTails(read, elf, found) : new Map<number, number>();
    const home = elf && this.home(real, mentions);
    return found.flatMap(({ mention, alias }) => {
      const tail = tails.get(mention.offset) ?? (home ? SHARED : Infinity);
      // `/opt/bin` in place of `/usr/bin`: what follows the first directory stays
      if (tail < (alias.base === COMMANDS ? SHARED - 1 : SHARED)) return [];
      const safe = tail < Infinity && mention.kind !== 'prefix' && alias.base !== COMMANDS ? this.tailAlias(mention.path) : alias;
      if (!safe) return [];
      return mention.kind === 'words' ? this.inWords(mention.words, safe) : [[mention.offset, this.indexOf(safe)] as const];
    }).concat((home ?? []).map(({ offset, path: own }) => [offset, this.indexOf({ base: own, replaced: SHARED })] as const));
  }

  /** A path of which each word is written by itself: both have to be as long as they were, as `var` and `opt` are. */
  private inWords(words: readonly number[], alias: Alias): Edits['aliases'] {
    const [, first, second, more] = alias.base.split('/');
    if (alias.replaced !== undefined || first.length !== SHARED - 2 || second === undefined || more !== undefined) return [];
    const index = this.indexOf(alias);
    return [[words[0], index, 1, SHARED - 1], [words[1], index, SHARED, alias.base.length]];
  }

  /**
   * Whether a text, or bytecode, is of those that programs load, as modules and configuration: what these name and the
   * layer lacks is closed to them. A command that is a script, or one's own, may well mean the host's.
   */
  private isModule(real: string): boolean {
    return /^\/(?:usr\/(?:lib[^/]*|share)|etc)\//.test(real) && (this.root.content(real).kind !== 'data' || sourceOfBytecode(real) !== undefined);
  }

  /**
   * Where a command names the directory in which it was installed, as `/usr/bin/`: it may go from where it is to other
   * directories by what they and that one have in common, `../lib/x`. What their paths share has to stay shared.
   */
  private home(real: string, mentions: readonly PathMention[]): readonly PathMention[] | undefined {
    const directory = path.posix.dirname(real);
    const found = isCommandDirectory(directory) ? mentions.filter((mention) => mention.path === `${directory}/`) : [];
    return found.length > 0 ? found : undefined;
  }

  private aliasOf(real: string, mention: PathMention, closed: boolean): Alias | undefined {
    if (mention.kind === 'prefix') return this.prefixAlias(real, mention.path);
    const isCommands = mention.path === COMMANDS && this.collected.starting.has(real) && this.isString(real, mention);
    if (isCommands) return { base: COMMANDS, replaced: SHARED - 1 };
    return mention.kind === 'instruction' ? this.codeAlias(mention.path, mention.code) : this.alias(mention.path, closed);
  }

  /**
   * Which paths end with something that is used by itself: `fonts` may be the end of `/etc/fonts`.
   *
   * @returns the offset of such a path → how far into it the first such end begins
   */
  private usedTails(read: () => Buffer, elf: Elf, found: readonly { mention: PathMention; alias: Alias }[]): Map<number, number> {
    const starts = new Map<number, { readonly offset: number; readonly tail: number }>();
    for (const { mention: { offset, kind }, alias } of found) {
      const address = kind === 'instruction' ? undefined : addressOf(elf, offset);
      if (address === undefined) continue;
      for (let tail = 1; tail < alias.base.length; tail++) starts.set(address + tail, { offset, tail });
    }
    const tails = new Map<number, number>();
    if (starts.size === 0) return tails;
    for (const address of findReferences(read(), elf, new Set(starts.keys()))) {
      const { offset, tail } = starts.get(address)!;
      tails.set(offset, Math.min(tail, tails.get(offset) ?? Infinity));
    }
    return tails;
  }

  /** The alias for a mentioned path, if it is replaced. */
  private alias(mentioned: string, closed: boolean): Alias | undefined {
    const wanted = withoutTrailing(mentioned, '/') || '/';
    const isClosed = closed && !isMachineSpecific(wanted) && unitOf(wanted) !== ZONES;
    const found = aliased(wanted, (base) => this.holds(base), (base) => this.places.has(this.root.real(base) ?? base), isClosed);
    if (found === 'short' && path.posix.normalize(wanted) !== '/') this.unreplaced.set(mentioned, 'in the layer, but mentioned by a path too short to be replaced');
    if (found === undefined || found === 'short') return undefined;
    return {
      base: found.base,
      place: found.held ? this.placeOf(found.base) : undefined,
      siblings: found.base === wanted ? this.siblings(found.base) : undefined,
    };
  }

  /**
   * The alias for a path of which an instruction holds the first 8 characters. The rest is in other instructions, and gcc
   * has the second write the last 8 bytes, NUL included, where they are 13 or 14 in all, or else the last of the first 8
   * again: no more is replaced than none of them writes.
   */
  private codeAlias(head: string, code: Buffer): Alias | undefined {
    const near = [...this.units].filter((held) => held.startsWith(head) && held.length >= 10 && code.includes(held.slice(8, 12)));
    const [unit] = near.sort((a, b) => Number(code.includes(b.slice(8, 16))) - Number(code.includes(a.slice(8, 16))) || b.length - a.length);
    if (unit === undefined) return undefined;
    const base = baseOf(unit, head.length);
    return { base, place: this.placeOf(base), replaced: unit.length === 12 || unit.length === 13 ? unit.length - 7 : head.length - 1 };
  }

  /**
   * `/usr` and `/etc` are as long as `/opt`: what a program adds to them, as `/share/x`, it finds below `/opt`. All layers of a
   * function share these places; no library is searched for in them.
   */
  private prefixAlias(real: string, prefix: string): Alias | undefined {
    const units = (this.collected.prefixed.get(real) ?? []).filter((unit) => unit.startsWith(`${prefix}/`) && this.claims(unit));
    if (units.length === 0) return undefined;
    return { base: prefix, siblings: Object.fromEntries(units.map((unit) => [unit.slice(prefix.length), this.placeOf(unit)])) };
  }

  /** Whether a path is a string of its own, not one of a list. */
  private isString(real: string, { offset, path: mentioned }: PathMention): boolean {
    const bytes = this.root.read(real);
    return offset > 0 && bytes[offset - 1] === 0 && bytes[offset + mentioned.length] === 0;
  }

  /** The alias for a path that must keep all but its first directory: likewise not the layer's alone. */
  private tailAlias(mentioned: string): Alias | undefined {
    const base = unitOf(path.posix.normalize(mentioned).replace(/(?<=.)\/$/, ''));
    if (isStandardDirectory(base)) return undefined;
    const parent = path.posix.dirname(base);
    if (!/^\/[a-z]{3}\//.test(base) || !this.holds(base) || isCommandDirectory(parent) || /\.so(\.|$)/.test(base) || !this.claims(base)) return undefined;
    return { base, place: this.placeOf(base), replaced: SHARED };
  }

  /** Whether a path may have the place below `/opt` that replacing its first directory gives it: another one may have the same. */
  private claims(base: string): boolean {
    const shared = base.slice(SHARED);
    if (isReserved(shared)) return false;
    const other = this.claimed.get(shared) ?? base;
    this.claimed.set(shared, other);
    if (other !== base) this.unreplaced.set(base, `in the layer, but not found there by what names it: /opt/${shared} stands for ${other} already`);
    return other === base;
  }

  private indexOf(alias: Alias): number {
    const name = `${alias.base} ${alias.replaced}`;
    let index = this.indexes.get(name);
    if (index === undefined) {
      index = this.aliases.push(alias) - 1;
      this.indexes.set(name, index);
    }
    return index;
  }

  private holds(wanted: string): boolean {
    const real = this.root.real(wanted);
    return (real !== undefined && this.held.has(real)) || this.collected.selection.generated.has(wanted);
  }

  private placeOf(wanted: string): string {
    return this.places.of(this.root.real(wanted) ?? wanted);
  }

  /** A program may add to the name that it has: `magic` is mentioned, `magic.mgc` opened. */
  private siblings(base: string): Alias['siblings'] {
    const parent = this.root.real(path.posix.dirname(base));
    if (parent === undefined) return undefined;
    const prefix = `${path.posix.basename(base)}.`;
    const names = this.root.names(parent).filter((name) => name.startsWith(prefix) && this.holds(path.posix.join(parent, name)));
    const found = names.map((name) => [name.slice(prefix.length - 1), this.placeOf(path.posix.join(parent, name))]);
    return found.length === 0 ? undefined : Object.fromEntries(found);
  }
}
