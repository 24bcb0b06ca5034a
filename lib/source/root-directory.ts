/**
 * An unpacked root file system as a source.
 */
import * as fs from 'fs';
import * as path from 'path';
import { type OpenedSource, SEARCH_PATH, SourceError } from './source';
import type { Machine } from '../elf';
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

/** Paths of the loaders of Debian and musl for x86_64 and arm64, relative to the root or, if `/usr` is merged, to `/usr`. */
const USUAL_LOADERS = [
  'lib64/ld-linux-x86-64.so.2', 'lib/ld-linux-aarch64.so.1', 'lib/ld-musl-x86_64.so.1', 'lib/ld-musl-aarch64.so.1',
];

function checkRoot(name: string, directory: string): void {
  if (isUsualRoot(directory)) return;
  // loaded here, because an unchanged layer with a usual root does not need it
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { DirectoryRoot } = require('../root/directory-root') as typeof import('../root/directory-root');
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

/** True if a root has `/usr` and a loader at a usual place, without a link on the way that could lead out of it. */
function isUsualRoot(directory: string): boolean {
  const at = (place: string) => fs.lstatSync(path.join(directory, place), { throwIfNoEntry: false });
  const places = ['', 'usr'].flatMap((parent) => USUAL_LOADERS.map((loader) => path.join(parent, loader)));
  return at('usr')?.isDirectory() === true && places.some((place) => at(path.dirname(place))?.isDirectory() && at(place));
}

/** Paths of the loaders in a root. */
export function loadersIn(root: Root): string[] {
  return ['/lib64', '/lib', '/usr/lib64', '/usr/lib'].flatMap((directory) => {
    const real = root.real(directory);
    return real === undefined ? [] : root.names(real).filter((name) => LOADER.test(name)).map((name) => `${directory}/${name}`);
  });
}
