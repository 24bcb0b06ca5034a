/**
 * The input of the rules: the source, its packages, and the user's request. Rules never change it.
 */
import type { CommandsOnPath } from './commands-on-path';
import type { Dependencies } from './dependencies';
import type { Program } from '../../closure/find';
import type { Machine } from '../../elf';
import type { Setting } from '../../loader/search';
import type { Package, PackageDatabase } from '../../packages/package';
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';
import type { Opened } from '../../trace/log';
import type { Configuration } from '../kinds/configuration';
import type { PackageFiles } from '../kinds/package-files';

export interface CollectOptions {
  readonly root: Root;
  readonly machine: Machine;
  readonly setting: Setting;
  readonly packages: PackageDatabase;
  /** whether data is looked for */
  readonly detectData: boolean;
  /** paths that the user names: packed whatever their permissions */
  readonly include: readonly string[];
  /** whether the user excludes a resolved path */
  readonly isExcluded: (real: string) => boolean;
  /** directories in which commands are looked for */
  readonly searchPath: readonly string[];
  /** files that the user's trace commands opened */
  readonly traced: readonly Opened[];
  /** directories that the trace commands listed */
  readonly listed: readonly string[];
  /** maximum size of a layer, in bytes */
  readonly mostBytes: number;
  /** minimum size of a file that may be stored compressed, in bytes */
  readonly leastCompressed: number;
  readonly onFound?: OnFound;
}

/** Receives the resolved paths of files that the layer will very likely contain, as soon as they are found. */
export type OnFound = (files: readonly RootPath[]) => void;

export interface Context extends CollectOptions {
  /** the requested programs by their resolved paths */
  readonly requestedPrograms: ReadonlyMap<string, Program>;
  /** names of links by which programs with another name were requested: `pg_dump` is a link to `pg_wrapper` */
  readonly dispatchedNames: ReadonlySet<string>;
  readonly packageFiles: PackageFiles;
  readonly dependencies: Dependencies;
  readonly commandsOnPath: CommandsOnPath;
  readonly configuration: Configuration;
}

/** The packages of a path, and of the file that it leads to: a command may be a link of one package to a program of another. */
export function ownersOf(file: string, { packages, root }: Pick<Context, 'packages' | 'root'>): Package[] {
  return [file, root.real(file)!].map((one) => packages.ownerOf(one)).filter((owner) => owner !== undefined);
}
