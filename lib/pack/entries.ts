/**
 * The entries that are written for a plan, each with its edited bytes. They are the same in a zip, a tar file and a directory.
 */
import * as fs from 'fs';
import * as path from 'path';
import { inflateRawSync } from 'zlib';
import { compress } from './compressed';
import { localeArchive } from './locale-archive';
import { editElf, FormatError, replaceText } from '../elf';
import { LayerError } from '../error';
import { MOST_BYTES } from '../lambda';
import { nameAliases } from '../plan/layout/alias';
import { type LauncherEntry, needsWithKey, type PackedFile, type PackedPlan, rootOf, withKey } from '../plan/layout/plan';
import { COMPRESSED, launcherFile, unpackedRoot } from '../plan/size/compress';
import { withPathsInClasses } from '../root/java-constants';
import { withClassPath } from '../root/java-manifest';
import { openRoot } from '../root/open-root';
import { trustBytecode } from '../root/python-bytecode';
import type { Root } from '../root/root';
import { printableName } from '../text/printable';

/** An entry; `name` is its path below `/opt`, without a `/` at either end. */
export type Written<Known = never> = { readonly name: string } & (
  | { readonly kind: 'directory' }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly content: Buffer; readonly mode: number }
  | { readonly kind: 'known'; readonly known: Known; readonly mode: number }
);

/** A source file that changed after it was planned. */
export class ChangedFileError extends LayerError {}

/** An ELF file in which the interpreter, DT_RPATH or DT_NEEDED cannot be set. */
export class UneditableFileError extends LayerError {}

/** A layer that was planned to fit, and does not. */
export class FullLayerError extends LayerError {}

/**
 * Yields every entry, sorted by name. A file is read when its entry is yielded.
 *
 * @param mostBytes size of the largest layer that is accepted
 * @param knownFile returns what the caller knows about the content of a file; that file is not read @default - all files are read
 * @throws ChangedFileError, UneditableFileError, FullLayerError
 */
export function* written<Known extends { readonly size: number } = never>(
  plan: PackedPlan,
  mostBytes = MOST_BYTES,
  knownFile?: (file: PackedFile, root: Root) => Known | undefined,
): Generator<Written<Known>> {
  const root = openRoot(plan.root);
  const names = nameAliases(plan.key, plan.aliases);
  const replacements = names.map((name, index) => name.slice(0, plan.aliases[index].replaced));
  let bytes = 0;
  for (const { name, link, text, file, launcher, mode } of named(plan, names)) {
    if (link !== undefined) {
      yield { name, kind: 'link', target: link };
    } else if (text === undefined && file === undefined && launcher === undefined) {
      yield { name, kind: 'directory' };
    } else {
      const known = file && knownFile?.(file, root);
      const content = known ? undefined : launcher ? fs.readFileSync(launcherFile(launcher.machine)) :
        file ? stored(file, root, plan.key, replacements) : Buffer.from(text!);
      bytes += content ? content.length : known!.size;
      if (bytes > mostBytes) {
        throw new FullLayerError(
          `the layer has more than the ${mostBytes} bytes that Lambda takes, because edits have enlarged its files: leave out data with ` +
          'exclude, or with detectData: false', 'exclude', 'detectData: false');
      }
      yield content ? { name, kind: 'file', content, mode: mode ?? 0o644 } : { name, kind: 'known', known: known!, mode: mode ?? 0o644 };
    }
  }
}

interface Named {
  readonly name: string;
  readonly link?: string;
  readonly text?: string;
  readonly file?: PackedFile;
  readonly launcher?: LauncherEntry;
  readonly mode?: number;
}

function named(plan: PackedPlan, aliases: readonly string[]): Named[] {
  const mirrored = rootOf(plan.key).slice('/opt/'.length);
  const entries: Named[] = plan.entries.flatMap((entry): Named[] => {
    const name = mirrored + entry.path;
    switch (entry.kind) {
      case 'file': return entry.compressed !== undefined ? [
        { name: mirrored + COMPRESSED + entry.path, file: entry },
        { name, link: unpackedRoot(plan.key) + entry.path },
      ] : [{ name, file: entry, mode: entry.mode }];
      case 'link': return [{ name, link: withKey(entry.target, plan.key) }];
      case 'text': return [{ name, text: withKey(entry.text, plan.key), mode: entry.mode }];
      case 'launcher': return [{ name, launcher: entry, mode: 0o755 }];
      case 'directory': return [{ name }];
    }
  });
  for (const [name, place] of Object.entries({ ...plan.commands, ...plan.programs })) {
    entries.push({ name: `bin/${name}`, link: `../${mirrored}${place}` });
  }
  if (plan.loader !== undefined) entries.push({ name: `${mirrored}/ld.so`, link: plan.loader.slice(1) });
  for (const [index, { place, siblings = {}, beside = {} }] of plan.aliases.entries()) {
    const name = path.posix.relative('/opt', aliases[index]);
    if (place !== undefined) entries.push({ name, link: path.posix.relative(path.posix.dirname(name), mirrored + place) });
    for (const [suffix, sibling] of Object.entries(siblings)) {
      const at = path.posix.relative('/opt', aliases[index] + suffix);
      entries.push({ name: at, link: path.posix.relative(path.posix.dirname(at), mirrored + sibling) });
    }
    for (const [at, file] of Object.entries(beside)) entries.push({ name: at, link: mirrored + file });
  }
  // two aliases may make the same link. For example, `/opt` replaces `/usr` in a program that appends `/share/rig`, and `/opt/share/rig`
  // replaces `/usr/share/rig` in another one: both need a link at `/opt/share/rig`
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The bytes of a file in the layer, compressed if the plan requires it. */
function stored(entry: PackedFile, root: Root, key: string, aliases: readonly string[]): Buffer {
  const content = edited(entry, root, key, aliases);
  return entry.compressed === undefined ? content : compress({ content, mode: entry.mode });
}

/** The bytes of a file as programs see it in the function: edited, and not compressed. */
function edited(entry: PackedFile, root: Root, key: string, aliases: readonly string[]): Buffer {
  const { edits, locale } = entry;
  if (locale) return localeArchive(locale.names, locale.categories.map((category) => unchanged(category, root)));
  const bytes = entry.stub === undefined ? unchanged(entry, root) : inflateRawSync(Buffer.from(entry.stub, 'base64'));
  if (!edits) return bytes;
  replaceText(bytes, edits.aliases.map(([offset, index, from, to]) => ({ offset, text: aliases[index].slice(from, to) })));
  if (edits.texts) replaceText(bytes, edits.texts.map(([offset, text]) => ({ offset, text: withKey(text, key) })));
  if (edits.bytecode) trustBytecode(bytes);
  if (edits.classPath || edits.constants) {
    const inLayer = new Map(edits.classPath);
    const paths = new Map(edits.constants?.map(([file, place]) => [file, withKey(place, key)]));
    return withPathsInClasses(withClassPath(bytes, (file) => withKey(inLayer.get(file) ?? file, key)), paths);
  }
  if (edits.shebang !== undefined) return withFirstLine(bytes, withKey(edits.shebang, key));
  const keyed = (text: string | undefined) => text && withKey(text, key);
  if ([edits.interpreter, edits.rpath, edits.needed].every((edit) => edit === undefined)) return bytes;
  try {
    const needed = edits.needed && needsWithKey(edits.needed, key);
    return editElf(bytes, { interpreter: keyed(edits.interpreter), rpath: keyed(edits.rpath), needed });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const file = printableName(root.shown(entry.real));
    const advice = 'leave it out with exclude, or link it otherwise';
    throw new UneditableFileError(`${file} cannot be made to run from /opt: ${error.message}; ${advice}`);
  }
}

function unchanged({ real, stamp }: Pick<PackedFile, 'real' | 'stamp'>, root: Root): Buffer {
  const bytes = root.readUnchanged(real, stamp);
  if (bytes) return bytes;
  const file = printableName(root.shown(real));
  throw new ChangedFileError(`${file} changed while the layer was made: run synth again when nothing writes to it`);
}

/** @param line replaces the first line. If it contains two lines, its second one and a space are put before the second line of the file */
function withFirstLine(bytes: Buffer, line: string): Buffer {
  const end = bytes.indexOf('\n');
  if (line.includes('\n')) return Buffer.concat([Buffer.from(`${line} `), end < 0 ? Buffer.from('\n') : bytes.subarray(end + 1)]);
  return Buffer.concat([Buffer.from(line), end < 0 ? Buffer.from('\n') : bytes.subarray(end)]);
}
