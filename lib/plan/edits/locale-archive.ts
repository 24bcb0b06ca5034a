/**
 * Packs a locale archive instead of the files of a locale: one file with the data of all categories, which glibc maps at once. If each of
 * the 12 categories has a file, `setlocale(LC_ALL, "")` needs 60 system calls. These take 8 % of the time that perl takes to start.
 *
 * The files are packed, not an archive, if one of them is absent or is not packed for the C library, if the user listed one, if a packed
 * file mentions one, or if the layer has other locales.
 */
import { createHash } from 'crypto';
import * as path from 'path';
import { isDocumentation } from '../../collect/kinds/non-runtime';
import { FROM_C_LIBRARY } from '../../collect/programs/opened-by-glibc';
import { layerPath, type RootPath } from '../../root/paths';
import type { Root } from '../../root/root';
import type { Entry, FileEntry } from '../layout/plan';

const DIRECTORY = '/usr/lib/locale';

/** The categories: file below the locale's directory, and number (glibc locale/bits/locale.h). The one with the largest file is last. */
export const LOCALE_CATEGORIES = [
  { file: 'LC_NUMERIC', number: 1 },
  { file: 'LC_TIME', number: 2 },
  { file: 'LC_COLLATE', number: 3 },
  { file: 'LC_MONETARY', number: 4 },
  { file: 'LC_MESSAGES/SYS_LC_MESSAGES', number: 5 },
  { file: 'LC_PAPER', number: 7 },
  { file: 'LC_NAME', number: 8 },
  { file: 'LC_ADDRESS', number: 9 },
  { file: 'LC_TELEPHONE', number: 10 },
  { file: 'LC_MEASUREMENT', number: 11 },
  { file: 'LC_IDENTIFICATION', number: 12 },
  { file: 'LC_CTYPE', number: 0 },
];

/** @param included resolved paths that the user listed */
export function withLocaleArchive(entries: Entry[], { root, included }: { root: Root; included: readonly RootPath[] }): Entry[] {
  const inLocales = entries.filter((entry) => isWithin(entry.path, DIRECTORY));
  const byPath = new Map(inLocales.map((entry) => [entry.path as string, entry]));
  const directory = [...byPath.keys()].find((file) => file.endsWith('/LC_CTYPE'))?.replace(/\/LC_CTYPE$/, '');
  if (directory === undefined || path.posix.dirname(directory) !== DIRECTORY) return entries;
  const categories = LOCALE_CATEGORIES.map(({ file }) => byPath.get(`${directory}/${file}`)).filter(isOpenedByLibrary);
  const links = inLocales.filter((entry) => entry.kind === 'link' && `${DIRECTORY}/${entry.target}` === directory);
  const replaced = new Set<Entry>([...categories, ...links]);
  if (categories.length < LOCALE_CATEGORIES.length || replaced.size < inLocales.length) return entries;
  const places = [directory, ...links.map((link) => link.path)];
  if (included.some((real) => isWithin(real, DIRECTORY) || isWithin(DIRECTORY, real)) || isMentioned(places, entries, root)) return entries;

  const names = places.map((place) => normalized(path.posix.basename(place)));
  const archive: FileEntry = {
    ...categories.at(-1)!,
    path: layerPath(`${DIRECTORY}/locale-archive`),
    size: categories.reduce((sum, { size }) => sum + size, 0),
    sha256: createHash('sha256').update(JSON.stringify([names, categories.map(({ sha256 }) => sha256)])).digest('hex'),
    locale: { names, categories: categories.map(({ real, stamp }) => ({ real, stamp })) },
  };
  return [...entries.filter((entry) => !replaced.has(entry)), archive];
}

function isWithin(file: string, directory: string): boolean {
  return file === directory || file.startsWith(`${directory}/`);
}

/** Whether a packed file mentions a locale by its path. The directory of all locales, which the C library mentions, does not count. */
function isMentioned(places: readonly string[], entries: readonly Entry[], root: Root): boolean {
  return entries.some((entry) => entry.kind === 'file' && !isDocumentation(entry.real) &&
    root.content(entry.real).mentions.some((mention) => places.some((place) => isWithin(mention.path, place))));
}

function isOpenedByLibrary(entry: Entry | undefined): entry is FileEntry {
  return entry?.kind === 'file' && entry.edits === undefined && entry.why.reason === FROM_C_LIBRARY;
}

/** The name by which glibc looks up a locale in the archive: `C.UTF-8` is `C.utf8` (glibc intl/l10nflist.c, _nl_normalize_codeset). */
function normalized(name: string): string {
  const [language, codeset] = name.split('.');
  return `${language}.${codeset.toLowerCase().replace(/[^a-z0-9]/g, '')}`;
}
