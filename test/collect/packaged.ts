/**
 * A small root with a dpkg database for tests of data collection.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { LayerRequest } from '../../lib/plan/plan-layer';
import { RECORD } from '../../lib/plan/record';
import type { Content } from '../fixture';
import { elfFile, Fixture } from '../fixture';
import type { Made } from '../plan/make';
import { make, plan } from '../plan/make';

/** The library directory of a merged-/usr Debian. */
export const LIB = '/usr/lib/x86_64-linux-gnu';

export const LOADER = '/lib64/ld-linux-x86-64.so.2';

/** Fields of a package's stanza in the status file. */
export type Fields = Readonly<Record<string, string>>;

export class Packaged extends Fixture {
  private readonly stanzas: string[] = [];

  constructor() {
    super();
    this.directories(LIB, '/usr/lib64', '/usr/bin', '/etc');
    this.write({
      '/lib': { link: 'usr/lib' },
      '/lib64': { link: 'usr/lib64' },
      '/bin': { link: 'usr/bin' },
      '/usr/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }),
    });
    this.install('base-files', {});
  }

  /**
   * Installs a package.
   *
   * @param files its files; `[]` instead of a content for a file that exists or is written later
   */
  public install(name: string, files: Readonly<Record<string, Content | readonly []>>, fields: Fields = {}): this {
    for (const [inside, content] of Object.entries(files)) {
      if (!Array.isArray(content)) this.write({ [inside]: content as Content });
      if (/^\/(usr\/)?bin\//.test(inside) && fs.lstatSync(this.locate(inside), { throwIfNoEntry: false })?.isFile()) {
        fs.chmodSync(this.locate(inside), 0o755);
      }
    }
    const all: Fields = { Package: name, Status: 'install ok installed', Architecture: 'amd64', ...fields };
    this.stanzas.push(Object.entries(all).map(([field, value]) => `${field}: ${value}\n`).join(''));
    const list = all['Multi-Arch'] === 'same' ? `${name}:${all.Architecture}` : name;
    this.write({
      '/var/lib/dpkg/status': this.stanzas.join('\n'),
      [`/var/lib/dpkg/info/${list}.list`]: `${['/.', ...withParents(Object.keys(files))].join('\n')}\n`,
    });
    return this;
  }
}

/** Writes two alternatives of `libx.so.3`, of which the large one is selected. */
export function writeAlternatives(root: Packaged): void {
  const link = '/etc/alternatives/libx.so.3';
  root.write({
    [`${LIB}/small/libx.so.3`]: libraryWith('libx.so.3'),
    [`${LIB}/large/libx.so.3`]: libraryWith('libx.so.3'),
    [link]: { link: `${LIB}/large/libx.so.3` },
    [`${LIB}/libx.so.3`]: { link },
    '/var/lib/dpkg/alternatives/libx.so.3': `auto\n${LIB}/libx.so.3\n\n${LIB}/small/libx.so.3\n10\n${LIB}/large/libx.so.3\n100\n\n`,
  });
}

function withParents(files: readonly string[]): string[] {
  const all = new Set<string>();
  for (const file of files) {
    const at: string[] = [];
    for (let parent = path.posix.dirname(file); parent !== '/'; parent = path.posix.dirname(parent)) at.unshift(parent);
    for (const one of [...at, file]) all.add(one);
  }
  return [...all];
}

/** A minimal program that contains a text. */
export function programWith(text = '', needed: readonly string[] = []): Buffer {
  return elfFile({ interpreter: LOADER, text, needed });
}

/** A minimal library that contains a text. */
export function libraryWith(soname: string, text = '', needed: readonly string[] = []): Buffer {
  return elfFile({ soname, text, needed });
}

/** The files of a layer, and the skipped ones. */
export interface Found {
  /** paths of its files, links and texts without the loader and the libraries */
  readonly data: readonly string[];
  /** paths of all entries, directories included, except for the record */
  readonly all: readonly string[];
  readonly skipped: ReadonlyMap<string, string>;
  readonly notices: readonly string[];
  readonly bytes: number;
}

/** Plans the layer of a program with data detection. */
export function find(root: Fixture, binary = 'rig', more: Partial<LayerRequest> = {}): Found {
  const { plan: planned, skipped, notices, summary } = plan(root, binary, { detectData: true, ...more });
  const entries = planned.entries.filter((entry) => entry.path !== RECORD);
  const all = entries.map((entry) => entry.path);
  const data = entries
    .filter((entry) => entry.kind !== 'directory')
    .map((entry) => entry.path)
    .filter((place) => !/ld-linux|\/lib[^/]*\.so(\.\d+)*$/.test(place));
  return { data, all, skipped, notices, bytes: summary.bytes };
}

export function makeFound(root: Fixture, binary = 'rig', more: Partial<LayerRequest> = {}): Promise<Made> {
  return make(root, binary, { detectData: true, ...more });
}
