/**
 * An unpacked root file system as a source.
 */
import * as fs from 'fs';
import * as path from 'path';
import { type OpenedSource, SEARCH_PATH, SourceError } from './source';
import type { Machine } from '../elf';
import { Root } from '../root/root';

/**
 * @param directory relative to the working directory
 * @throws SourceError where there is no directory, or one that is no root
 */
export function openDirectory(directory: string, machine?: Machine): OpenedSource {
  const name = `the directory ${directory}`;
  const wanted = path.resolve(directory);
  const stat = fs.statSync(wanted, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) throw new SourceError(`source ${name}: ${stat ? 'a file' : 'nothing'} at ${wanted}, expected the directory of an unpacked root file system`);
  return openRoot(name, fs.realpathSync(wanted), machine);
}

/**
 * @param name as in `OpenedSource`
 * @param directory absolute, links resolved
 */
export function openRoot(name: string, directory: string, machine?: Machine): OpenedSource {
  checkRoot(name, directory);
  return { name, directory, searchPath: SEARCH_PATH, libraryPath: '', cwd: '/', machine };
}

/** Where the loaders are: glibc's below `/lib64` or `/lib`, musl's in `/lib`. */
const LOADER = /^ld-(?:linux|musl)-.*\.so\.\d$/;

function checkRoot(name: string, directory: string): void {
  const root = new Root(directory);
  const refuse = (found: string) => {
    throw new SourceError([
      `source ${name}: ${directory} ${found}`,
      '  expected the top of a Linux file system, with /usr and a loader in /lib or /lib64, as debootstrap makes it, or as docker export and tar -x give it',
    ].join('\n'));
  };
  if (!root.isDirectory('/usr')) refuse('has no directory usr');
  if (loadersIn(root).length === 0) refuse('has no loader (ld-linux-*.so.*, ld-musl-*.so.1) in lib or lib64');
}

/** The loaders of a root, by their paths in it. */
export function loadersIn(root: Root): string[] {
  return ['/lib64', '/lib', '/usr/lib64', '/usr/lib'].flatMap((directory) => {
    const real = root.real(directory);
    return real === undefined ? [] : root.names(real).filter((name) => LOADER.test(name)).map((name) => `${directory}/${name}`);
  });
}
