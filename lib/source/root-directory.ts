/**
 * An unpacked root file system as a source.
 */
import * as fs from 'fs';
import * as path from 'path';
import { type OpenedSource, SEARCH_PATH, SourceError } from './source';
import type { Machine } from '../elf';
import { DirectoryRoot } from '../root/directory-root';
import type { Root } from '../root/root';

/**
 * @param directory absolute or relative to the working directory
 * @throws SourceError if the directory does not exist or is not a root
 */
export function openDirectory(directory: string, machine?: Machine): OpenedSource {
  const name = `the directory ${directory}`;
  const absolute = path.resolve(directory);
  const stat = fs.statSync(absolute, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) {
    throw new SourceError(
      `source ${name}: ${absolute} ${stat ? 'is not a directory' : 'does not exist'}, ` +
        'expected the directory of an unpacked root file system',
    );
  }
  return openRoot(name, fs.realpathSync(absolute), machine);
}

/**
 * @param name as in `OpenedSource`
 * @param directory absolute, links resolved
 */
export function openRoot(name: string, directory: string, machine?: Machine): OpenedSource {
  checkRoot(name, directory);
  return { name, directory, searchPath: SEARCH_PATH, libraryPath: '', cwd: '/', machine };
}

/** Names of loaders: glibc's in `/lib64` or `/lib`, musl's in `/lib`. */
const LOADER = /^ld-(?:linux|musl)-.*\.so\.\d$/;

function checkRoot(name: string, directory: string): void {
  const root = new DirectoryRoot(directory);
  const refuse = (problem: string) => {
    throw new SourceError(
      [
        `source ${name}: ${directory} ${problem}`,
        '  expected a Linux root file system with /usr and a loader in /lib or /lib64, ' +
          'such as the output of debootstrap, or of docker export and tar -x',
      ].join('\n'),
    );
  };
  if (!root.isDirectory('/usr')) refuse('has no directory /usr');
  if (loadersIn(root).length === 0) refuse('has no loader (ld-linux-*.so.*, ld-musl-*.so.1) in /lib or /lib64');
}

/** Paths of the loaders in a root. */
export function loadersIn(root: Root): string[] {
  return ['/lib64', '/lib', '/usr/lib64', '/usr/lib'].flatMap((directory) => {
    const real = root.real(directory);
    return real === undefined ? [] : root.names(real).filter((name) => LOADER.test(name)).map((name) => `${directory}/${name}`);
  });
}
