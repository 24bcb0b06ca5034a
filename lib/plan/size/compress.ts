/**
 * Chooses the files of a layer that are stored compressed, and adds the launchers that unpack them: see launcher/launcher.c.
 *
 * All compressed files are unpacked at the first start, so as few as possible are compressed: the largest ones, until the layer leaves
 * room for the function's code and other layers.
 *
 * A compressed file is stored at `/opt/elf/KEY/compressed/PATH`. Its own path becomes a link into /tmp/elf-KEY, so that path stays valid
 * everywhere. `/opt/bin/NAME` leads to a launcher next to the program, `.start-NAME`. Every process of a layer starts in a launcher or
 * descends from one that did, so all files are unpacked before any of them is used.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { compressedSize, LARGE_FILES, SMALL_FILES } from '../../collect/candidates/stored-size';
import type { Machine } from '../../elf';
import { MOST_BYTES } from '../../lambda';
import { PACKAGE } from '../../process/own-file';
import { type LayerPath, layerPath, type RootPath } from '../../root/paths';
import type { Root } from '../../root/root';
import { starterOf } from '../edits/starter';
import { KEY, rootOf } from '../layout/plan';
import type { Entry, FileEntry, LauncherEntry, Plan, TextEntry } from '../layout/plan';

/** Below the mirrored root, `/opt/elf/KEY`: the compressed files, and the list of files that the launcher makes in /tmp. */
export const COMPRESSED = '/compressed';
const LIST = `${COMPRESSED}/list`;

/** Bytes of a layer above which files are compressed: the rest of the quota is for the function's code and its other layers. */
const TARGET = MOST_BYTES - 60_000_000;

/**
 * Bytes of a layer above which small files are compressed, too. This is less than the quota, because edits may make a file larger,
 * and compressed sizes are estimates.
 */
const MOST_WITHOUT_SMALL = MOST_BYTES - 5_000_000;

/** The launcher's executable file on this machine. `PACKAGE` is the same directory for code that runs from source and for compiled code. */
export function launcherFile(machine: Machine): string {
  return path.join(PACKAGE, 'launcher', `launcher-${machine}`);
}

/** Where the launcher unpacks the files of a layer. */
export function unpackedRoot(key: string): string {
  return `/tmp/elf-${key}`;
}

/**
 * Marks the files that are stored compressed.
 *
 * @param loaders resolved paths of the loaders. They stay uncompressed: the kernel needs them before anything is unpacked
 */
export function withCompressedFiles(entries: readonly Entry[], loaders: ReadonlyArray<RootPath | undefined>, root: Root): Entry[] {
  const files = entries.filter((entry) => entry.kind === 'file');
  const largest = files.filter(({ real }) => !loaders.includes(real)).sort((a, b) => b.size - a.size);
  const chosen = new Map<Entry, number>();
  let bytes = files.reduce((sum, { size }) => sum + size, 0);
  for (const entry of largest) {
    if (bytes <= (entry.size < LARGE_FILES ? MOST_WITHOUT_SMALL : TARGET)) break;
    const compressed = compressedSize(entry.real, entry.size, root, SMALL_FILES);
    if (compressed === undefined) continue;
    chosen.set(entry, compressed);
    bytes -= entry.size - compressed;
  }
  return entries.map((entry) => (chosen.has(entry) ? { ...entry as FileEntry, compressed: chosen.get(entry) } : entry));
}

type Startable = Pick<Plan, 'entries' | 'programs' | 'commands'>;

/** Adds launchers for programs and commands, and the launcher's list, to a plan with compressed files. Returns any other plan unchanged. */
export function withLaunchers(plan: Startable, machine: Machine): Startable {
  const { entries, programs, commands } = plan;
  if (!entries.some((entry) => entry.kind === 'file' && entry.compressed !== undefined)) return plan;
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const added = new Map<LayerPath, Entry>();
  const sha256 = createHash('sha256').update(fs.readFileSync(launcherFile(machine))).digest('hex');
  const started = (list: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(list).map(([name, place]) => {
    const target = targetOf(name, layerPath(place), byPath);
    if (target !== place && !byPath.has(target)) added.set(target, { kind: 'link', path: target, target: path.posix.basename(place) });
    const launcher: LauncherEntry = { kind: 'launcher', path: starterOf(target), machine, sha256 };
    added.set(launcher.path, launcher);
    return [name, launcher.path];
  }));
  const startedPrograms = started(programs);
  const startedCommands = started(commands);
  const all = [...entries, ...added.values()];
  return {
    entries: [...all, listOf(all)].sort((a, b) => (a.path < b.path ? -1 : 1)),
    programs: startedPrograms,
    commands: startedCommands,
  };
}

/**
 * The path by which the launcher executes a program. A script finds this path in `$0`, so the path ends with the program's name in the
 * layer. If an unrelated entry has that path, the program's own path is used instead.
 */
function targetOf(name: string, place: LayerPath, byPath: ReadonlyMap<LayerPath, Entry>): LayerPath {
  const named = layerPath(path.posix.join(path.posix.dirname(place), name));
  const entry = byPath.get(named);
  const leadsTo = entry?.kind === 'link' ? path.posix.resolve(path.posix.dirname(named), entry.target) : named;
  return entry === undefined || [place, rootOf(KEY) + place].includes(leadsTo) ? named : place;
}

/** The launcher's list: every directory, link and compressed file that it makes in /tmp. */
function listOf(entries: readonly Entry[]): TextEntry {
  const compressed = new Set(entries.flatMap((entry) => (entry.kind === 'file' && entry.compressed !== undefined ? [entry.path] : [])));
  const directories = new Set<string>(['/']);
  for (const file of compressed) for (let at = path.posix.dirname(file); at !== '/'; at = path.posix.dirname(at)) directories.add(at);
  const records = new Map<string, string>();
  for (const directory of directories) if (directory !== '/') records.set(directory, 'd');
  for (const { path: place } of entries) {
    let at: string = place;
    while (!directories.has(path.posix.dirname(at))) at = path.posix.dirname(at);
    if (!records.has(at)) records.set(at, compressed.has(layerPath(at)) ? 'f' : 'l');
  }
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: 'text', path: layerPath(LIST), text: sorted.map(([place, kind]) => `${kind} ${place.slice(1)}\0`).join('') };
}
