/**
 * The commands in those directories of PATH that packages install commands into.
 */
import * as path from 'path';
import type { Root } from '../../root/root';
import { isCommandDirectory } from '../../root/standard';

export class CommandsOnPath {
  private found?: ReadonlyMap<string, string>;

  constructor(private readonly root: Root, private readonly searchPath: readonly string[]) {}

  /** The path of a command by its name. */
  public get(name: string): string | undefined {
    this.found ??= this.list();
    return this.found.get(name);
  }

  private list(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    const listed = this.searchPath.filter(isCommandDirectory).map((directory) => this.root.real(directory));
    const directories = new Set(listed.filter((directory) => directory !== undefined));
    for (const directory of directories) {
      for (const name of this.root.names(directory)) if (!found.has(name)) found.set(name, path.posix.join(directory, name));
    }
    return found;
  }
}
