/**
 * Opens the package database of a root: that of dpkg, apk or rpm. If none can be read, files are assigned to packages by their names.
 */
import { PackagesByName } from './by-name';
import { dpkgDatabase } from './dpkg';
import type { PackageDatabase } from './package';
import type { Machine } from '../elf';
import { MACHINES } from '../loader/machine';
import type { Root } from '../root/root';

/* eslint-disable @typescript-eslint/no-require-imports -- a root has one kind of database: the code for the others is not loaded */
const apk = () => require('./apk') as typeof import('./apk');
const rpm = () => require('./rpm') as typeof import('./rpm');
/* eslint-enable @typescript-eslint/no-require-imports */

export interface FoundDatabase {
  readonly packages: PackageDatabase;
  /** why no package database can be read, and what to do; `undefined` if one was read */
  readonly notice?: string;
}

export function packageDatabase(root: Root, machine: Machine): FoundDatabase {
  const found = dpkgDatabase(root, MACHINES[machine].debian) ?? apk().apkDatabase(root) ?? rpm().rpmDatabase(root, machine);
  if (found !== undefined && typeof found !== 'string') return { packages: found };
  const lacking = found ?? 'there is no package database of dpkg, apk or rpm';
  return {
    packages: new PackagesByName(root),
    notice: `${lacking}; only data with a program's name is found, such as /usr/share/NAME and /etc/NAME: list other data in include`,
  };
}
