/**
 * Path mentions that child processes inherit through the environment. They must not lead into the layer.
 *
 * A host program that finds the layer's libraries in LD_LIBRARY_PATH loads the layer's C library and fails. The layer's own
 * programs do not need the variable: their loader finds the libraries by DT_RPATH.
 */
import type { PackageDatabase } from '../../packages/package';
import type { PathMention } from '../../root/mentions';
import { sourceOfBytecode } from '../../root/python-bytecode';
import type { Root } from '../../root/root';
import { SearchPaths, type SearchPathUse, useInString } from '../../root/search-path-variables';
import { isStandardDirectory } from '../../root/standard';

export class InheritedPaths {
  /** directory → source packages of the packed files below it; `undefined` for files without a package */
  private readonly packagesBelow = new Map<string, ReadonlySet<string | undefined>>();

  /** @param packed resolved paths of everything in the layer */
  constructor(private readonly root: Root, private readonly packages: PackageDatabase, private readonly packed: ReadonlySet<string>) {}

  /**
   * Returns a function that tells for each path mention in a file whether the mention must stay as it is.
   *
   * A directory of modules in PYTHONPATH or the like stays, unless all packed files in the directory are of the same source package
   * as the file that sets the variable. Then the directory is replaced: no host program has modules of these names, and the layer's
   * interpreter needs the path.
   *
   * @param read returns the bytes of the file
   */
  public of(real: string, read: () => Buffer): (mention: PathMention) => boolean {
    const useOf = this.usesIn(real, read);
    return (mention) => {
      const use = useOf(mention);
      return use === 'loader' || (use === 'others' && !this.isOfSamePackage(real, mention.path));
    };
  }

  private usesIn(real: string, read: () => Buffer): (mention: PathMention) => SearchPathUse | undefined {
    const source = sourceOfBytecode(real);
    if (source !== undefined) return this.usesInSource(source);
    const { kind, isBytecode } = this.root.content(real);
    if (kind === 'elf' || kind === 'data' || isBytecode) return ({ offset }) => useInString(read(), offset);
    const searchPaths = SearchPaths.of(read());
    return ({ offset }) => searchPaths?.useAt(offset);
  }

  /** The uses in the source of bytecode. The bytecode has the same strings, but not next to the variables that they are assigned to. */
  private usesInSource(source: string): (mention: PathMention) => SearchPathUse | undefined {
    const real = this.root.file(source);
    if (real === undefined) return () => undefined;
    const { mentions } = this.root.content(real);
    const mentioned = new Set(mentions.map(({ path }) => path));
    let uses: ReadonlyMap<string, SearchPathUse | undefined> | undefined;
    return ({ path }) => {
      if (!mentioned.has(path)) return undefined; // saves a scan of the source: most bytecode contains no path but its own
      uses ??= this.root.scan(real, (bytes) => {
        const useOf = this.usesIn(real, () => bytes);
        return new Map(mentions.map((mention) => [mention.path, useOf(mention)]));
      });
      return uses.get(path);
    };
  }

  private isOfSamePackage(real: string, mentioned: string): boolean {
    const directory = this.root.real(mentioned);
    if (directory === undefined || isStandardDirectory(directory)) return false;
    const owner = this.packages.ownerOf(real)?.source;
    return [...this.packagesIn(directory)].every((source) => source === owner);
  }

  private packagesIn(directory: string): ReadonlySet<string | undefined> {
    const known = this.packagesBelow.get(directory);
    if (known) return known;
    const files = [...this.packed].filter((packed) => packed.startsWith(`${directory}/`) && this.root.status(packed)?.type === 'file');
    const sources = new Set(files.map((packed) => this.packages.ownerOf(packed)?.source));
    this.packagesBelow.set(directory, sources);
    return sources;
  }
}
