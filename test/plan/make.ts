/**
 * Makes layers of a fixture's programs, reads zips, and runs their programs like Lambda.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { request } from './request';
import { writeDirectory } from '../../lib/pack/directory';
import { writeZip } from '../../lib/pack/zip';
import { type LayerRequest, type PlannedLayer, planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import type { Opened } from '../../lib/trace/log';
import { Fixture, memoryDirectory } from '../fixture';
import { runWithLayer } from '../function';

export interface Made extends PlannedLayer {
  /** the directory of the layer: `/opt` in the function */
  readonly opt: string;
  /** in the unpacked layer, the mirrored root */
  readonly mirrored: string;
}

export interface Zipped extends Made {
  /** unpacked to `opt` */
  readonly zip: string;
}

export function plan(fixture: Fixture, binary: string, more: Partial<LayerRequest> = {}, traced?: readonly Opened[]): PlannedLayer {
  return planLayer(new DirectoryRoot(fixture.directory), request(binary, more), {
    knownTrace: traced && { opened: traced, looked: [], listed: [] },
  });
}

/** A layer in a directory, for tests of what is in it. */
export async function make(fixture: Fixture, binary: string, more: Partial<LayerRequest> = {}): Promise<Made> {
  const planned = plan(fixture, binary, more);
  return made(planned, await written(planned));
}

/** A layer in a zip, for tests of the zip. */
export async function makeZip(fixture: Fixture, binary: string, more: Partial<LayerRequest> = {}): Promise<Zipped> {
  const planned = plan(fixture, binary, more);
  const zip = path.join(memoryDirectory(), 'layer.zip');
  await writeZip(planned.plan, zip);
  return { ...made(planned, unpack(zip)), zip };
}

const made = (planned: PlannedLayer, opt: string): Made => ({ ...planned, opt, mirrored: path.join(opt, 'elf', planned.plan.key) });

/** Writes a layer to a directory, which takes less time than a zip. */
export async function written({ plan: planned }: PlannedLayer): Promise<string> {
  const opt = path.join(memoryDirectory(), 'opt');
  await writeDirectory(planned, opt);
  return opt;
}

export function unpack(zip: string): string {
  const opt = path.join(memoryDirectory(), 'opt');
  execFileSync('unzip', ['-q', zip, '-d', opt]);
  return opt;
}

/** C source of a function that prints a file. */
export const SHOW = `
  static void show(const char *name) {
    char line[4096];
    FILE *file = fopen(name, "r");
    if (!file) { printf("no %s\\n", name); return; }
    while (fgets(line, sizeof line, file)) fputs(line, stdout);
    fclose(file);
  }`;

/** Runs a command with a layer at `/opt`, on a host with only the files of the fixture. */
export function lambda(opt: string, command: readonly string[], host = new Fixture()) {
  host.directories('/opt', '/proc', '/dev', '/tmp');
  return runWithLayer(opt, command, { mounts: ['--ro-bind', host.directory, '/'] });
}

export interface ZipEntry {
  readonly name: string;
  /** type and permissions */
  readonly mode: number;
  /** unpacked, in bytes */
  readonly size: number;
  /** in the format of MS-DOS: date and time */
  readonly date: number;
}

/** The entries of a zip, in the order of its directory. */
export function entriesOf(zip: string): ZipEntry[] {
  const bytes = fs.readFileSync(zip);
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const entries: ZipEntry[] = [];
  for (let at = bytes.readUInt32LE(end + 16); bytes.readUInt32LE(at) === 0x02014b50; ) {
    const lengths = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    entries.push({
      name: bytes.toString('utf8', at + 46, at + 46 + lengths[0]),
      mode: bytes.readUInt32LE(at + 38) >>> 16,
      size: bytes.readUInt32LE(at + 24),
      date: bytes.readUInt32LE(at + 12),
    });
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  return entries;
}

/** Every file and link below a directory, with its content or target. */
export function tree(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  // not readdir's own recursion: Node 22 follows links to directories there
  const walk = (parent: string) => {
    for (const entry of fs.readdirSync(parent, { withFileTypes: true })) {
      const file = path.join(parent, entry.name);
      const name = path.relative(directory, file);
      if (entry.isDirectory()) walk(file);
      else if (entry.isSymbolicLink()) found[name] = `→ ${fs.readlinkSync(file)}`;
      else if (entry.isFile()) found[name] = fs.readFileSync(file, 'latin1');
    }
  };
  walk(directory);
  return found;
}
