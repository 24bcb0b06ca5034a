/**
 * The contents of a layer, read from its zip: programs, packages, files, their dependencies and reasons.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { type UnpackedFile, unpackedFiles } from './unpacked';
import { type Dynamic, FormatError, type Machine, readElf } from '../elf';
import { LayerError } from '../error';
import { startedBy } from '../plan/edits/starter';
import {
  type Distribution, type LayerRecord, OWN, readRecord, RECORD, type RecordedFile, type RecordedPackage, RecordError,
} from '../plan/record';
import { printableName } from '../text/printable';
import type { ZipEntry } from '../zip/entry';
import { type Follow, follower } from '../zip/entry-tree';
import { readZip } from '../zip/reader';

/** The path of a layer's record in the zip. */
const RECORD_NAME = new RegExp(`^elf/[0-9a-f]{8}${RECORD}$`);

/**
 * The path of a library. Some libraries, such as libc, have a PT_INTERP, because they can be started to print their version. So PT_INTERP
 * alone does not identify a program.
 */
const SHARED = /\.so(?:\.[^/]*)?$/;

/** A zip that this library did not make. */
export class ContentsError extends LayerError {}

export interface ContentsFile {
  /** below the mirrored root: `/usr/bin/rig` */
  readonly path: string;
  readonly kind: 'program' | 'library' | 'data';
  /** in the layer, in bytes */
  readonly size: number;
  /** of a file that is stored compressed: its size in `/tmp`, where programs find it, in bytes */
  readonly unpackedSize?: number;
  /** in the zip, in bytes */
  readonly packedSize: number;
  /** of the content that programs see, hexadecimal */
  readonly sha256: string;
  /** the package that owns it */
  readonly package?: string;
  /** the reason why it is packed, in words */
  readonly why: string;
  /** path of the file that led to it */
  readonly through?: string;
  /** paths of the libraries that it needs, and of its loader */
  readonly needs: readonly string[];
  /** see `RecordedFile` */
  readonly stub?: true;
}

export interface ContentsProgram {
  /** in `/opt/bin` */
  readonly name: string;
  readonly path: string;
}

export interface Contents {
  /** the name of the zip, without directory */
  readonly name: string;
  readonly key: string;
  readonly machine: Machine;
  readonly distribution?: Distribution;
  readonly programs: readonly ContentsProgram[];
  readonly packages: readonly RecordedPackage[];
  /** sorted by path */
  readonly files: readonly ContentsFile[];
  readonly links: number;
  /** sum of the files' `size`, in bytes */
  readonly size: number;
  readonly zipSize: number;
  /** the text of a file of the layer, by its path; links are followed */
  text(file: string): string | undefined;
}

/**
 * @param file the zip
 * @throws ZipError, ContentsError, and what reading the file throws
 */
export function readContents(file: string): Contents {
  const entries = readZip(file);
  const refuse = (what: string): never => {
    throw new ContentsError(
      `${file} is a zip, but not a layer that this library made: ${what}\n` +
        `  expected elf/KEY${RECORD} with the programs' files, and links to them in bin/`,
    );
  };
  const follow = follower(entries);
  const key = keyOf(entries) ?? refuse(`it has no elf/KEY${RECORD}, but ${some(entries)}`);
  const mirrored = `elf/${key}`;
  const stray = entries.find(({ name, type }) => !name.startsWith(`${mirrored}/`) && type === 'file');
  if (stray) refuse(`${printableName(stray.name)} is not below ${mirrored}`);
  const files = unpackedFiles(entries, mirrored, refuse);
  const inRoot = (name: string) => {
    const found = follow(name);
    return found?.startsWith(`${mirrored}/`) ? found.slice(mirrored.length) : undefined;
  };
  const commands = entries.filter(({ name, type }) => type === 'link' && path.posix.dirname(name) === 'bin');
  const programs = commands.map(({ name }) => ({
    name: path.posix.basename(name),
    path: launched(inRoot(name), (place) => inRoot(mirrored + place), files),
  }));
  const lost = programs.find((program) => program.path === undefined || !files.has(program.path));
  if (programs.length === 0 || lost) {
    refuse(lost ? `bin/${printableName(lost.name)} leads to no file in the zip` : 'it has no program in bin/');
  }
  const record = recordIn(files, refuse);
  return {
    name: path.basename(file),
    key,
    machine: record.machine,
    distribution: record.distribution,
    programs: programs as ContentsProgram[],
    packages: record.packages,
    files: new Linking(files, entries, inRoot).described(record),
    links: entries.filter(({ type }) => type === 'link').length,
    size: [...files.values()].reduce((sum, { size }) => sum + size, 0),
    zipSize: fs.statSync(file).size,
    text: (wanted) => files.get(inRoot(mirrored + wanted) ?? '')?.content().toString('utf8'),
  };
}

/** For each file, the first file of the chain that led to it: see `ContentsFile.through`. */
export function origins(files: readonly ContentsFile[]): Map<ContentsFile, ContentsFile> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const found = new Map<ContentsFile, ContentsFile>();
  for (const file of files) {
    const way = new Set<ContentsFile>();
    let first = file;
    for (let at: ContentsFile | undefined = file; at && !way.has(at); at = byPath.get(at.through ?? '')) {
      const known = found.get(at);
      first = known ?? at;
      if (known) break;
      way.add(at);
    }
    for (const one of way) found.set(one, first);
  }
  return found;
}

/** The program that a link in `/opt/bin` leads to. In a layer with compressed files, the link may lead to the program's launcher. */
function launched(start: string | undefined, inRoot: Follow, files: ReadonlyMap<string, UnpackedFile>): string | undefined {
  if (start === undefined || ![...files.values()].some(({ unpackedSize }) => unpackedSize !== undefined)) return start;
  const program = startedBy(start);
  return program === undefined ? start : inRoot(program);
}

function keyOf(entries: readonly ZipEntry[]): string | undefined {
  const records = entries.filter(({ name, type }) => type === 'file' && RECORD_NAME.test(name));
  return records.length === 1 ? records[0].name.split('/')[1] : undefined;
}

function recordIn(files: ReadonlyMap<string, UnpackedFile>, refuse: (what: string) => never): LayerRecord {
  try {
    return readRecord(files.get(RECORD)!.content().toString('utf8'));
  } catch (error) {
    if (error instanceof RecordError) return refuse(error.message);
    throw error;
  }
}

function some(entries: readonly ZipEntry[]): string {
  const names = entries.slice(0, 3).map(({ name }) => printableName(name));
  return names.length === 0 ? 'nothing at all' : `${names.join(', ')}${entries.length > 3 ? ` and ${entries.length - 3} more` : ''}`;
}

/** Finds the file in the layer for each dependency. If several files have its name, one in the dependent file's directory is preferred. */
class Linking {
  private readonly dynamics = new Map<string, Dynamic>();
  /** file name, name of a link, or DT_SONAME → the file with that name and the shortest path */
  private readonly named = new Map<string, string>();
  /** `DIRECTORY/NAME`: the directory of a file, and one of its names as in `named` → the first such file */
  private readonly beside = new Map<string, string>();
  private readonly interpreters = new Map<string, string>();
  private readonly hashes = new Map<string, string>();

  constructor(private readonly files: ReadonlyMap<string, UnpackedFile>, entries: readonly ZipEntry[], private readonly inRoot: Follow) {
    for (const [place, file] of files) this.look(place, file.content());
    for (const { name, type } of entries) {
      const place = type === 'link' ? inRoot(name) : undefined;
      if (place !== undefined && this.dynamics.has(place)) this.name(path.posix.basename(name), place);
    }
  }

  public described(record: LayerRecord): ContentsFile[] {
    return [...this.files].map(([place, file]) => {
      const unrecorded: RecordedFile = { why: place === RECORD ? OWN : 'not in the layer\'s record' };
      const { package: owner, why, through, stub } = record.files.get(place) ?? unrecorded;
      const { size, packedSize, unpackedSize } = file;
      const sha256 = this.hashes.get(place)!;
      const told = { package: owner, why, through, ...(stub && { stub }) };
      return { path: place, kind: this.kind(place, file), size, unpackedSize, packedSize, sha256, ...told, needs: this.needs(place) };
    }).sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  private look(place: string, bytes: Buffer): void {
    this.hashes.set(place, createHash('sha256').update(bytes).digest('hex'));
    if (bytes.toString('latin1', 0, 4) !== '\x7fELF') return;
    try {
      const { interpreter, dynamic } = readElf(bytes);
      if (!dynamic) return;
      this.dynamics.set(place, dynamic);
      if (interpreter !== undefined) this.interpreters.set(place, interpreter);
      this.name(path.posix.basename(place), place);
      if (dynamic.soname !== undefined) this.name(dynamic.soname, place);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }

  private name(name: string, place: string): void {
    const inDirectory = `${path.posix.dirname(place)}/${name}`;
    if (!this.beside.has(inDirectory)) this.beside.set(inDirectory, place);
    const other = this.named.get(name);
    if (other === undefined || place.length < other.length) this.named.set(name, place);
  }

  private kind(place: string, { mode }: UnpackedFile): ContentsFile['kind'] {
    if (this.interpreters.has(place) && !SHARED.test(place)) return 'program';
    if (this.dynamics.has(place)) return 'library';
    return (mode & 0o111) === 0 ? 'data' : 'program'; // a static program, or a script
  }

  private needs(place: string): string[] {
    const interpreter = this.interpreters.get(place);
    const names = new Set([...this.dynamics.get(place)?.needed ?? [], ...(interpreter === undefined ? [] : [interpreter])]);
    const libraries = [...names].map((name) =>
      (name.startsWith('/opt/') ? this.inRoot(name.slice('/opt/'.length)) : this.nearest(name, place)));
    return [...new Set(libraries.filter((library) => library !== undefined && this.files.has(library)) as string[])];
  }

  private nearest(name: string, place: string): string | undefined {
    return this.beside.get(`${path.posix.dirname(place)}/${name}`) ?? this.named.get(name);
  }
}
