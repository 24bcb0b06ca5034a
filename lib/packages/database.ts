/**
 * The package database of a root, whichever it has.
 */
import { PackagesByName } from './by-name';
import { dpkgDatabase } from './dpkg';
import type { PackageDatabase } from './package';
import type { Machine } from '../elf';
import { MACHINES } from '../loader/machine';
import type { Root } from '../root/root';

/* eslint-disable @typescript-eslint/no-require-imports -- a root has one kind of database */
const apk = () => require('./apk') as typeof import('./apk');
const rpm = () => require('./rpm') as typeof import('./rpm');
/* eslint-enable @typescript-eslint/no-require-imports */

export interface FoundDatabase {
  readonly packages: PackageDatabase;
  /** why it is known of no file which package it belongs to, and what to do; `undefined` where it is known */
  readonly notice?: string;
}

export function packageDatabase(root: Root, machine: Machine): FoundDatabase {
  const found = dpkgDatabase(root, MACHINES[machine].debian) ?? apk().apkDatabase(root) ?? rpm().rpmDatabase(root, machine);
  if (found !== undefined && typeof found !== 'string') return { packages: found };
  const lacking = found ?? 'there is no package database of dpkg, apk or rpm';
  return { packages: new PackagesByName(root), notice: `${lacking}; of data only what has a program's name is found, as /usr/share/NAME and /etc/NAME: name the rest in include` };
}
