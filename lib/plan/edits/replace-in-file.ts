/**
 * Which path mentions of one file are replaced, and by which aliases.
 *
 * A path can be replaced as a whole only if nothing else uses a part of it. Linkers store a string that is the end of another one
 * only once, compilers split short strings, and programs append to the paths that were compiled into them.
 */
import * as path from 'path';
import { filesBeside } from './files-beside';
import { InheritedPaths } from './search-path';
import type { Collected } from '../../collect/collect';
import { isMachineSpecific } from '../../collect/kinds/machine-specific';
import { isBeginningOfName } from '../../collect/mentions/mentioned-files';
import type { Elf } from '../../elf';
import { addressOf, findReferences, PT_INTERP } from '../../elf';
import type { PackageDatabase } from '../../packages/package';
import type { PathMention } from '../../root/mentions';
import type { RootPath } from '../../root/paths';
import { sourceOfBytecode } from '../../root/python-bytecode';
import type { Root } from '../../root/root';
import { COMMANDS, isCommandDirectory, isStandardDirectory, unitOf } from '../../root/standard';
import { withoutTrailing } from '../../text/trailing';
import { aliased, baseOf, isReserved, SHARED } from '../layout/alias';
import type { Alias } from '../layout/alias';
import type { Places } from '../layout/place';

/** Without time zones in the layer, programs use those of the host, just like their C library. */
const ZONES = '/usr/share/zoneinfo';

/** One path in a file, and the alias that replaces it. */
export interface Replacement {
  readonly offset: number;
  readonly alias: Alias;
  /** the part of the alias's name that is written at the offset @default - all */
  readonly part?: readonly [from: number, to: number];
  /** paths that get a shared name, such as `/opt/rig` for `/etc/rig`. Another path, or another layer, may need the same name */
  readonly shared?: readonly string[];
}

export interface FileReplacements {
  readonly replacements: readonly Replacement[];
  /** paths for which the file needs a shared name, in the order in which they get one */
  readonly shared: readonly string[];
  /** packed paths that cannot be replaced: they are shorter than the shortest alias */
  readonly tooShort: readonly string[];
}

export class FileReplacer {
  /** uppermost directories and files of the layer that are not standard directories */
  private readonly units: ReadonlySet<string>;
  /** The C library and its loader. They also look for files of the host, so their mentions of paths that the layer lacks stay unchanged. */
  private readonly libc: ReadonlySet<RootPath>;
  private readonly inherited: InheritedPaths;

  /** @param packed resolved paths of everything in the layer */
  constructor(
    public readonly root: Root,
    private readonly packed: ReadonlySet<RootPath>,
    private readonly places: Places,
    private readonly collected: Collected,
    packages: PackageDatabase,
  ) {
    this.inherited = new InheritedPaths(root, packages, packed);
    this.units = new Set([...packed].filter((real) => !isStandardDirectory(real)).map(unitOf));
    const processes = [...collected.processes.values()];
    const isLibc = (soname: string | undefined) => /^libc\.so\.\d+$/.test(soname ?? '');
    const libc = processes.flatMap(({ interpreter, objects }) => (
      [interpreter, ...objects.filter(({ elf }) => isLibc(elf.dynamic?.soname))]));
    this.libc = new Set(libc.flatMap((object) => object?.real ?? []));
  }

  public in(real: RootPath): FileReplacements {
    const content = this.root.content(real);
    const { elf, mentions } = content;
    const interpreter = elf?.segments.find(({ type }) => type === PT_INTERP);
    const closed = elf ? !this.libc.has(real) : this.isModule(real);
    const shared: string[] = [];
    const tooShort: string[] = [];
    const candidates: { readonly mention: PathMention; readonly alias: Alias; readonly shared?: readonly string[] }[] = [];
    for (const mention of mentions) {
      if (mention.kind === 'computed' || mention.offset === interpreter?.offset || (!elf && isEndOf(mention.path, real))) continue;
      if (mention.kind === 'prefix') {
        const units = this.unitsBehind(real, mention.path);
        shared.push(...units);
        if (units.length > 0) candidates.push({ mention, alias: { base: mention.path }, shared: units });
        continue;
      }
      const alias = this.aliasOf(real, mention, closed);
      if (alias === 'short') tooShort.push(mention.path);
      else if (alias) candidates.push({ mention, alias });
    }
    const redirect = (read: () => Buffer): FileReplacements => {
      const isInherited = candidates.length === 0 ? undefined : this.inherited.of(real, read);
      const redirected = candidates.filter(({ mention }) => !isInherited?.(mention));
      const tails = elf ? this.usedTails(read, elf, redirected) : new Map<number, number>();
      const ownDirectory = elf ? this.ownDirectory(real, mentions) : [];
      const replacements: Replacement[] = [];
      for (const { mention, alias, shared: units } of redirected) {
        const tail = tails.get(mention.offset) ?? (ownDirectory.length > 0 ? SHARED : Infinity);
        // From `tail`, the mention is also used as a string of its own, which must not change. A replacement changes at least the first
        // five characters, such as `/usr/` (four if the path is COMMANDS). If `tail` is within these, the mention is not replaced
        if (tail < (alias.base === COMMANDS ? SHARED - 1 : SHARED)) continue;
        if (tail < Infinity && mention.kind !== 'prefix' && alias.base !== COMMANDS) {
          const unit = this.unitToShare(mention.path);
          if (unit === undefined) continue;
          shared.push(unit);
          replacements.push(...this.replace(mention, { base: unit, place: this.placeOf(unit), replaced: SHARED }, [unit]));
        } else {
          replacements.push(...this.replace(mention, alias, units));
        }
      }
      for (const { offset, path: base } of ownDirectory) replacements.push({ offset, alias: { base, replaced: SHARED } });
      return { replacements, shared, tooShort };
    };
    if (candidates.length === 0 || sourceOfBytecode(real) !== undefined) return redirect(() => this.root.read(real));
    return this.root.scan(real, (bytes) => redirect(() => bytes));
  }

  private replace(mention: PathMention, alias: Alias, shared?: readonly string[]): Replacement[] {
    if (mention.kind !== 'words') return [{ offset: mention.offset, alias, shared }];
    // in the file, the words are separate strings (`'var', 'rig'`), so each keeps its length: `opt` can replace only a word such as `var`
    const [, first, second, more] = alias.base.split('/');
    if (alias.replaced !== undefined || first.length !== SHARED - 2 || second === undefined || more !== undefined) return [];
    const parts = [[1, SHARED - 1], [SHARED, alias.base.length]] as const;
    return parts.map((part, index) => ({ offset: mention.words[index], alias, part, shared }));
  }

  /**
   * True for text and bytecode that programs load, such as modules and configuration: paths in it that the layer lacks must not lead
   * to the host. A command that is a script, or the user's own file, may well refer to the host.
   */
  private isModule(real: RootPath): boolean {
    if (!/^\/(?:usr\/(?:lib[^/]*|share)|etc)\//.test(real)) return false;
    return this.root.content(real).kind !== 'data' || sourceOfBytecode(real) !== undefined;
  }

  /**
   * Mentions by which a command names its own directory, such as `/usr/bin/`. From there, it may compute relative paths to other mentioned
   * directories, such as `../lib/x`. To keep these paths valid, only the first directory of every mention in such a file is replaced.
   */
  private ownDirectory(real: RootPath, mentions: readonly PathMention[]): readonly PathMention[] {
    const directory = path.posix.dirname(real);
    return isCommandDirectory(directory) ? mentions.filter((mention) => mention.path === `${directory}/`) : [];
  }

  private aliasOf(real: RootPath, mention: PathMention, closed: boolean): Alias | 'short' | undefined {
    const isCommands = mention.path === COMMANDS && this.collected.starting.has(real) && this.isString(real, mention);
    if (isCommands) return { base: COMMANDS, replaced: SHARED - 1 };
    return mention.kind === 'instruction' ? this.codeAlias(mention.path, mention.code) : this.alias(mention.path, closed);
  }

  /**
   * Finds mentions whose end is used as a string of its own: `fonts` may be the end of `/etc/fonts`.
   *
   * @returns offset of each such mention → where in it the first such end begins
   */
  private usedTails(read: () => Buffer, elf: Elf, candidates: readonly { mention: PathMention; alias: Alias }[]): Map<number, number> {
    const starts = new Map<number, { readonly offset: number; readonly tail: number }>();
    for (const { mention, alias } of candidates) {
      const { offset, kind } = mention;
      // a counted string is never the end of another
      const address = kind === 'instruction' || (kind === 'whole' && mention.isCounted) ? undefined : addressOf(elf, offset);
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

  /** The alias for a whole path. */
  private alias(mentioned: string, closed: boolean): Alias | 'short' | undefined {
    const file = withoutTrailing(mentioned, '/') || '/';
    const isClosed = (closed || this.isBeginningOfUnit(mentioned)) && !isMachineSpecific(file) && unitOf(file) !== ZONES;
    const part = aliased(file, (base) => this.isPacked(base), (base) => this.hasPlace(base), isClosed);
    if (part === undefined || (part === 'short' && path.posix.normalize(file) === '/')) return undefined;
    if (part === 'short') return part;
    return {
      base: part.base,
      place: part.isPacked ? this.placeOf(part.base) : undefined,
      ...(part.base === file && filesBeside(file, this)),
    };
  }

  /**
   * The alias for a path that code writes with several instructions. The first one writes the first 8 characters. In code of gcc, the
   * second one may write some of these again: if the path has 13 or 14 bytes (with the NUL), it writes the path's last 8 bytes; otherwise,
   * it starts at the eighth byte or later. Of the first 8 characters, only those that the second one does not write are replaced.
   */
  private codeAlias(head: string, code: Buffer): Alias | undefined {
    const near = [...this.units].filter((unit) => unit.startsWith(head) && unit.length >= 10 && code.includes(unit.slice(8, 12)));
    const isNext = (unit: string) => Number(code.includes(unit.slice(8, 16)));
    const [unit] = near.sort((a, b) => isNext(b) - isNext(a) || b.length - a.length);
    if (unit === undefined) return undefined;
    const replaced = unit.length === 12 || unit.length === 13 ? unit.length - 7 : head.length - 1;
    // `/opt/lib` in place of `/usr/lib` would be the directory on LD_LIBRARY_PATH
    const isFree = (one: string) => replaced > SHARED || !isReserved(one.slice(SHARED));
    const base = [baseOf(unit, head.length), unit].find(isFree);
    return base === undefined || !this.hasPlace(base) ? undefined : { base, place: this.placeOf(base), replaced };
  }

  /** True if the mention is the start of a packed name, which the file completes. Even in a script, it must then lead into the layer. */
  private isBeginningOfUnit(mentioned: string): boolean {
    if (!isBeginningOfName(mentioned)) return false;
    return [...this.units].some((unit) => unit.startsWith(mentioned) && !unit.includes('/', mentioned.length));
  }

  /** Packed paths that a program may build from a prefix. `/opt` replaces `/usr`, so programs find `/usr/share/x` at `/opt/share/x`. */
  private unitsBehind(real: RootPath, prefix: string): string[] {
    return (this.collected.prefixed.get(real) ?? []).filter((unit) => unit.startsWith(`${prefix}/`) && this.hasPlace(unit));
  }

  /** True if the mention is a whole string, not an element of a list. */
  private isString(real: RootPath, { offset, path: mentioned }: PathMention): boolean {
    return this.root.scan(real, (bytes) => offset > 0 && bytes[offset - 1] === 0 && bytes[offset + mentioned.length] === 0);
  }

  /** The packed path that needs a shared name if only the first directory of a mention can be replaced. */
  private unitToShare(mentioned: string): string | undefined {
    const unit = unitOf(withoutTrailing(path.posix.normalize(mentioned), '/'));
    if (isStandardDirectory(unit) || !/^\/[a-z]{3}\//.test(unit) || /\.so(\.|$)/.test(unit)) return undefined;
    return !isCommandDirectory(path.posix.dirname(unit)) && this.isPacked(unit) && this.hasPlace(unit) ? unit : undefined;
  }

  public isPacked(file: string): boolean {
    const real = this.root.real(file);
    return (real !== undefined && this.packed.has(real)) || this.collected.selection.generated.has(file);
  }

  public hasPlace(file: string): boolean {
    return this.places.has(this.root.real(file) ?? file);
  }

  public placeOf(file: string): string {
    return this.places.of(this.root.real(file) ?? file);
  }
}

/**
 * True if the mention is only a suffix of the file's own path, or of the path of a directory above it. Scripts append such a suffix to a
 * path, or remove it.
 */
function isEndOf(mentioned: string, real: RootPath): boolean {
  const suffix = withoutTrailing(mentioned, '/');
  return !isStandardDirectory(suffix) && `${real}/`.indexOf(`${suffix}/`) > 0;
}
