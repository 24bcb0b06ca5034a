import * as fs from 'fs';
import * as path from 'path';
import { setTimeout } from 'timers/promises';
import { crc32, inflateRawSync } from 'zlib';
import { Ahead } from '../../lib/pack/ahead';
import { ChangedFileError } from '../../lib/pack/entries';
import { KnownBlocks } from '../../lib/pack/known-blocks';
import { writeZip } from '../../lib/pack/zip';
import type { FileEntry, Plan } from '../../lib/plan/layout/plan';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { elfFile, Fixture, noise, temporaryDirectory } from '../fixture';
import { plan } from '../plan/make';

const DATA = '/usr/share/prog';
const TEXT = `${DATA}/text`;
/** It is compressed in several blocks. */
const LARGE = `${DATA}/large`;
const BYTECODE = `${DATA}/__pycache__/module.cpython-311.pyc`;

let fixture: Fixture;
let root: DirectoryRoot;
let planned: Plan;
let ahead: Ahead;
let zip: string;
beforeEach(() => {
  fixture = new Fixture();
  fixture.write({
    '/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }),
    '/usr/bin/prog': elfFile({ interpreter: '/lib64/ld-linux-x86-64.so.2', text: TEXT }),
    [TEXT]: 'text '.repeat(100),
    [LARGE]: noise(400_000, 1).toString('hex'),
    [`${DATA}/module.py`]: 'x = 1\n'.repeat(20),
    [BYTECODE]: Buffer.concat([Buffer.from([0xa7, 0x0d, 0x0d, 0x0a, 3, 0, 0, 0]), Buffer.alloc(400, 'code')]),
    [`${DATA}/noise`]: noise(100_000, 2),
  });
  fs.chmodSync(fixture.locate('/usr/bin/prog'), 0o755);
  root = new DirectoryRoot(fixture.directory);
  planned = plan(fixture, 'prog', { include: [DATA] }).plan;
  ahead = new Ahead(new KnownBlocks());
  zip = path.join(temporaryDirectory(), 'layer.zip');
});

const entryOf = (real: string) => planned.entries.find((entry): entry is FileEntry => entry.kind === 'file' && entry.real === real)!;

/** Compresses files ahead, the last of which becomes known. */
async function compress(...files: readonly string[]): Promise<void> {
  ahead.add(root, files);
  while (!ahead.known(entryOf(files.at(-1)!), root)) await setTimeout(5);
}

async function contentOf(real: string): Promise<Buffer> {
  const { size, crc32: checksum, deflated } = ahead.known(entryOf(real), root)!;
  const content = inflateRawSync(Buffer.concat(await Promise.all(deflated)));
  expect([size, checksum]).toEqual([content.length, crc32(content)]);
  return content;
}

describe('a file that was compressed ahead', () => {
  test('is known with its content if the layer contains it unedited', async () => {
    await compress(TEXT, LARGE);
    for (const real of [TEXT, LARGE]) expect(await contentOf(real)).toEqual(fs.readFileSync(fixture.locate(real)));
  });

  test('is not known if the layer contains it edited, compressed, or with other content', async () => {
    await compress('/usr/bin/prog', TEXT);
    expect(entryOf('/usr/bin/prog').edits).toBeDefined();
    expect(ahead.known(entryOf('/usr/bin/prog'), root)).toBeUndefined();
    const entry = entryOf(TEXT);
    expect(ahead.known({ ...entry, edits: { aliases: [[0, 0]] } }, root)).toBeUndefined();
    expect(ahead.known({ ...entry, edits: { aliases: [], shebang: '#!/bin/sh' } }, root)).toBeUndefined();
    expect(ahead.known({ ...entry, edits: { aliases: [], bytecode: true } }, root)).toBeUndefined();
    expect(ahead.known({ ...entry, compressed: 100 }, root)).toBeUndefined();
    expect(ahead.known({ ...entry, stub: '' }, root)).toBeUndefined();
    expect(ahead.known({ ...entry, edits: { aliases: [] } }, root)).toBeDefined();
  });

  test('is not known if it changes, and packing it fails as it would otherwise', async () => {
    await compress(TEXT);
    fixture.write({ [TEXT]: 'other '.repeat(100) });
    expect(ahead.known(entryOf(TEXT), root)).toBeUndefined();
    await expect(writeZip(planned, zip, undefined, { ahead })).rejects.toThrow(ChangedFileError);
  });

  test('is unknown once its blocks have been removed', async () => {
    const blocks = new KnownBlocks();
    ahead = new Ahead(blocks);
    await compress(TEXT);
    blocks.packed();
    for (let number = 0; number < 3; number++) await blocks.deflated(Buffer.from([number]), '', async () => Buffer.alloc(40e6));
    expect(ahead.known(entryOf(TEXT), root)).toBeUndefined();
  });

  test('is not bytecode, which is always edited', async () => {
    await compress(BYTECODE, TEXT);
    expect(ahead.known({ ...entryOf(BYTECODE), edits: undefined }, root)).toBeUndefined();
  });

  test('makes no difference to the bytes of the zip', async () => {
    await writeZip(planned, zip);
    const expected = fs.readFileSync(zip);
    await compress('/usr/bin/prog', `${DATA}/noise`, BYTECODE, LARGE, `${DATA}/module.py`, '/absent', DATA, TEXT);
    const progress: number[] = [];
    const { bytes } = await writeZip(planned, zip, (done) => progress.push(done), { ahead, known: new KnownBlocks() });
    expect(fs.readFileSync(zip).equals(expected)).toBe(true);
    expect(progress.at(-1)).toBe(bytes);
  });
});
