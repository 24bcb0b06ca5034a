/**
 * Programs that others start: which, and who may. A word is a weak sign by itself, so that it counts only where the package
 * database says that the one goes with the other.
 */
import * as path from 'path';
import { Belonging } from './belonging';
import { startedIn } from './command-words';
import { isDocumentation } from './non-runtime';
import { Program } from '../closure/find';
import { FormatError, isProgram } from '../elf';
import { Package, PackageDatabase } from '../packages/package';
import { Root } from '../root/root';
import { isCommandDirectory } from '../root/standard';

export interface CommandsOptions {
  readonly root: Root;
  readonly packages: PackageDatabase;
  /** directories in which commands are looked for */
  readonly searchPath: readonly string[];
}

export class Commands {
  /** what joined: name → program */
  public readonly byName = new Map<string, Program>();
  /** resolved paths of what was asked for */
  public readonly asked = new Set<string>();
  /** resolved paths of what starts any */
  public readonly starting = new Set<string>();
  private onPath?: ReadonlyMap<string, string>;

  constructor(private readonly options: CommandsOptions, private readonly belonging: Belonging) {}

  /** The commands that a file starts by their bare names, by name: where PATH has each. */
  public startedBy(file: string): [name: string, found: string][] {
    const { root } = this.options;
    const may = this.mayStart(file);
    if (!may) return [];
    const found = [...startedIn(file, root.content(file), () => root.read(file))].flatMap((word): [string, string][] => {
      const place = this.places().get(word);
      return place !== undefined && root.isFile(place) && this.ownersOf(place).some(may) ? [[word, place]] : [];
    });
    if (found.length > 0) this.starting.add(file);
    return found;
  }

  /**
   * Of which packages a file may start commands.
   *
   * @returns `undefined` for none
   */
  public mayStart(file: string): ((owner: Package) => boolean) | undefined {
    const { packages, root } = this.options;
    if (isDocumentation(file)) return undefined;
    if (this.isUsersScript(file)) return (one) => !one.isEssential;
    const owner = packages.ownerOf(file);
    if (owner === undefined || !this.belonging.isFamily(owner)) return undefined;
    const { kind, elf } = root.content(file);
    if (kind === 'text') return (one) => this.belonging.isFamily(one);
    const isStarted = kind === 'script' ? (root.status(file)!.mode & 0o111) !== 0 : elf !== undefined && !(elf instanceof FormatError) && isProgram(elf);
    return isStarted ? (one) => this.belonging.needs(one) || this.belonging.isFamily(one) : undefined;
  }

  /** Whether a file is a script of the user's own that was asked for: it says nowhere what it needs. */
  public isUsersScript(file: string): boolean {
    return this.asked.has(file) && this.options.root.content(file).kind === 'script' && this.options.packages.ownerOf(file) === undefined;
  }

  /** The packages of a path, and of what it leads to: a command may be a link of one package to a program of another. */
  public ownersOf(wanted: string): Package[] {
    return [wanted, this.options.root.real(wanted)!].map((one) => this.options.packages.ownerOf(one)).filter((owner) => owner !== undefined);
  }

  /** The commands in the directories of PATH that packages install them into, by name. */
  private places(): ReadonlyMap<string, string> {
    if (!this.onPath) {
      const { root, searchPath } = this.options;
      const found = new Map<string, string>();
      const directories = new Set(searchPath.filter(isCommandDirectory).map((one) => root.real(one)).filter((one) => one !== undefined));
      for (const directory of directories) {
        for (const name of root.names(directory)) if (!found.has(name)) found.set(name, path.posix.join(directory, name));
      }
      this.onPath = found;
    }
    return this.onPath;
  }
}
