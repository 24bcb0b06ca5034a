/**
 * `binary-layer cache`: lists the contents of the cache directory with sizes; `binary-layer cache clear` removes them.
 */
import * as fs from 'fs';
import * as path from 'path';
import { Argument, Command, Option } from 'commander';
import { FINGERPRINTS } from '../asset/fingerprint';
import { ZIPS } from '../asset/zip-cache';
import { FILE_LISTS } from '../packages/kept-lists';
import { cacheDirectory, checkOwn, isHash } from '../process/cache-directory';
import { COMPILED_CODE } from '../process/compiled-code';
import { removeTree } from '../process/remove-tree';
import { megabytes } from '../text/megabytes';

interface Kind {
  readonly description: string;
  /** below the cache directory */
  readonly directories: readonly string[];
  /** true if a file with this name is an entry; false for the metadata of an entry */
  readonly isEntry: (name: string) => boolean;
}

const isVisible = (name: string) => !name.startsWith('.');
const isRoot = (name: string) => isVisible(name) && !name.endsWith('.json');

const KINDS: Readonly<Record<string, Kind>> = {
  zips: { description: 'packed layers', directories: [ZIPS], isEntry: (name) => name.endsWith('.zip') },
  fingerprints: { description: 'fingerprints of unchanged layers', directories: [FINGERPRINTS], isEntry: isVisible },
  lists: { description: 'file lists of package databases', directories: [FILE_LISTS], isEntry: isHash },
  code: { description: 'compiled code of this package', directories: [COMPILED_CODE], isEntry: isHash },
  images: { description: 'file systems of images', directories: ['image', 'platforms'], isEntry: isRoot },
  apt: { description: 'file systems of apt packages', directories: ['apt'], isEntry: isRoot },
};

interface CacheOptions {
  readonly kind: readonly string[];
}

export function cacheCommand(): Command {
  const kinds = new Option('-k, --kind <kind...>', 'only these kinds of entries').choices(Object.keys(KINDS)).default([], 'all');
  return new Command('cache')
    .description('list the contents of the cache, or clear it')
    .addArgument(new Argument('[action]', 'what to do').choices(['list', 'clear']).default('list'))
    .addOption(kinds)
    .addHelpText('after', `
Examples:
  $ binary-layer cache                        list the contents, with sizes
  $ binary-layer cache clear                  clear everything; later runs fill the cache again
  $ binary-layer cache clear -k images apt    clear only these kinds

Kinds:
  zips           packed layers, up to 1024 MB; BINARY_LAYER_CACHE_MB in the environment sets another limit, 0 keeps none
  fingerprints   records that show whether the files of a layer have changed
  lists          file lists of dpkg, with an index
  code           compiled code of this package
  images, apt    file systems of sources

The directory is cdk-binary-layer in $XDG_CACHE_HOME, ~/.cache or ~/Library/Caches.`)
    .action((action: 'list' | 'clear', { kind }: CacheOptions) => {
      const chosen = kind.length > 0 ? Object.keys(KINDS).filter((name) => kind.includes(name)) : Object.keys(KINDS);
      (action === 'list' ? list : clear)(chosen, kind.length === 0);
    });
}

function list(kinds: readonly string[]): void {
  process.stdout.write(`${cacheDirectory()}\n`);
  for (const kind of kinds) {
    const { count, bytes } = measure(kind);
    const columns = [kind.padEnd(12), String(count).padStart(6), megabytes(bytes).padStart(10), KINDS[kind].description];
    process.stdout.write(`  ${columns.join('  ')}\n`);
  }
}

/** @param isAll true to remove everything, including unfinished entries and entries of other versions */
function clear(kinds: readonly string[], isAll: boolean): void {
  const cache = cacheDirectory();
  const stat = fs.statSync(cache, { throwIfNoEntry: false });
  if (stat) checkOwn(cache, stat);
  const bytes = kinds.reduce((sum, kind) => sum + measure(kind).bytes, 0);
  const directories = isAll ? namesIn(cache) : kinds.flatMap((kind) => KINDS[kind].directories);
  for (const directory of directories) removeTree(path.join(cache, directory));
  process.stdout.write(`${megabytes(bytes)} removed from ${cache}\n`);
}

function measure(kind: string): { count: number; bytes: number } {
  const { directories, isEntry } = KINDS[kind];
  const places = directories.map((directory) => path.join(cacheDirectory(), directory));
  return {
    count: places.flatMap((place) => namesIn(place).filter(isEntry)).length,
    bytes: places.reduce((sum, place) => sum + bytesBelow(place), 0),
  };
}

/** The size of all files. Iterative, because trees of images may be deep. */
function bytesBelow(directory: string): number {
  let bytes = 0;
  for (const pending = [directory]; pending.length > 0; ) {
    const at = pending.pop()!;
    for (const name of namesIn(at)) {
      const file = path.join(at, name);
      const stat = fs.lstatSync(file, { throwIfNoEntry: false });
      if (stat?.isDirectory()) pending.push(file);
      else if (stat?.isFile()) bytes += stat.size;
    }
  }
  return bytes;
}

/** The names in a directory; none if it does not exist or cannot be read. */
function namesIn(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}
