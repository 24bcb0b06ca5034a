import { execFileSync, spawn, spawnSync } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { FullLayerError, written } from '../../lib/pack/entries';
import type { Answer, Packing } from '../../lib/pack/process';
import { writeZip } from '../../lib/pack/zip';
import type { Plan } from '../../lib/plan/layout/plan';
import { ownFile } from '../../lib/process/own-file';
import { readZip } from '../../lib/zip/reader';
import { elfFile, Fixture, growing, noise, temporaryDirectory } from '../fixture';
import { entriesOf, makeZip, plan, tree, unpack } from '../plan/make';

const PACK = ownFile('pack/process.js');

let root: Fixture;
let directory: string;
let zip: string;
beforeEach(() => {
  root = new Fixture();
  program('/usr/bin/prog');
  directory = temporaryDirectory();
  zip = path.join(directory, 'layer.zip');
});

/** A program whose loader is also a file of the fixture. */
function program(inside: string, needed: readonly string[] = []): void {
  root.write({
    '/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }),
    [inside]: elfFile({ interpreter: '/lib64/ld-linux-x86-64.so.2', needed, text: '/usr/share/prog/message.txt' }),
  });
  fs.chmodSync(root.locate(inside), 0o755);
}

const data = () => plan(root, 'prog', { include: ['/usr/share/prog'] }).plan;

const request = (planned: Plan, file = zip) => `${JSON.stringify({ plan: planned, file, isKept: true } satisfies Packing)}\n`;

/** Text that compresses well, different for each seed. */
const textOf = (size: number, seed: number) => noise(Math.ceil(size / 2), seed).toString('hex').slice(0, size);

/** The process that packs, in another environment. */
function pack(
  planned: Plan,
  { env = {}, umask = '022', file = zip }: { env?: Record<string, string>; umask?: string; file?: string } = {},
) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath, PACK], {
    input: request(planned, file),
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stderr, ...JSON.parse(stdout) as Answer };
}

describe('a zip entry', () => {
  test('is a link if the source has a link, with the same target', async () => {
    root.write({
      '/usr/share/prog/file': 'x',
      '/usr/share/prog/deep/link': { link: '../file' },
      '/usr/share/prog/absolute': { link: '/usr/share/prog/file' },
    });
    const layer = await makeZip(root, 'prog', { include: ['/usr/share/prog'] });
    const modes = Object.fromEntries(entriesOf(layer.zip).map(({ name, mode }) => [name, mode]));
    const at = `elf/${layer.plan.key}/usr/share/prog`;
    expect([modes[`${at}/deep/link`], modes[`${at}/absolute`], modes['bin/prog']]).toEqual([0o120777, 0o120777, 0o120777]);
    expect(tree(layer.opt)).toMatchObject({
      [`${at}/deep/link`]: '→ ../file',
      [`${at}/absolute`]: `→ /opt/${at}/file`,
      'bin/prog': `→ ../elf/${layer.plan.key}/usr/bin/prog`,
      [`elf/${layer.plan.key}/ld.so`]: '→ lib64/ld-linux-x86-64.so.2',
    });
  });

  test('has a mode that depends on its type, and not on a file system without permissions', async () => {
    root.write({
      '/usr/share/prog/text': 'x',
      '/usr/share/prog/data': '\0',
      '/usr/share/prog/script': '#!/bin/sh\n',
      '/usr/share/prog/plugin.so': elfFile({ soname: 'plugin.so' }),
    });
    for (const [name, mode] of Object.entries({ 'text': 0o777, 'data': 0o666, 'script': 0o644, 'plugin.so': 0o604 })) {
      fs.chmodSync(root.locate(`/usr/share/prog/${name}`), mode);
    }
    fs.chmodSync(root.locate('/usr/bin/prog'), 0o6711);
    const layer = await makeZip(root, 'prog', { include: ['/usr/share/prog'] });
    const modes = Object.fromEntries(entriesOf(layer.zip).map(({ name, mode }) => [name.split('/').slice(2).join('/'), mode]));
    expect(modes).toMatchObject({
      'usr/bin/prog': 0o100755,
      'lib64/ld-linux-x86-64.so.2': 0o100755,
      'usr/share/prog/plugin.so': 0o100755,
      'usr/share/prog/script': 0o100755,
      'usr/share/prog/text': 0o100644,
      'usr/share/prog/data': 0o100644,
    });
  });

  test('is a directory if no other entry is in it', async () => {
    root.write({ '/usr/share/prog/full/file': '' });
    root.directories('/usr/share/prog/empty');
    const layer = await makeZip(root, 'prog', { include: ['/usr/share/prog'] });
    const directories = entriesOf(layer.zip).filter(({ name }) => name.endsWith('/'));
    expect(directories.map(({ name, mode }) => [name, mode])).toEqual([[`elf/${layer.plan.key}/usr/share/prog/empty/`, 0o40755]]);
    expect(fs.statSync(path.join(layer.mirrored, 'usr/share/prog/empty')).isDirectory()).toBe(true);
  });

  test('has the earliest date of the zip format, and a place in the order of names', async () => {
    root.write(Object.fromEntries(['b', 'B', 'a10', 'a9', 'é', 'z/y', 'z.txt'].map((name) => [`/usr/share/prog/${name}`, name])));
    await writeZip(data(), zip);
    const entries = entriesOf(zip);
    expect(new Set(entries.map(({ date }) => date))).toEqual(new Set([(1 << 21) | (1 << 16)])); // 1 January 1980, 0:00
    expect(entries.map(({ name }) => name)).toEqual(entries.map(({ name }) => name).sort());
    expect(entries.length).toBeGreaterThan(9);
  });
});

describe('the same plan gives the same bytes', () => {
  test.each([
    ['in another time zone', { env: { TZ: 'Asia/Kathmandu' } }],
    ['at the other end of the world', { env: { TZ: 'Pacific/Kiritimati' } }],
    ['with another umask', { umask: '077' }],
    ['in another language', { env: { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' } }],
  ])('%s', (_, situation) => {
    root.write({
      '/usr/share/prog/message.txt': 'x'.repeat(10000),
      '/usr/share/prog/link': { link: 'message.txt' },
      '/usr/share/prog/İi': '',
    });
    root.directories('/usr/share/prog/empty');
    const planned = data();
    expect(pack(planned, { env: { TZ: 'UTC', LANG: 'C' } })).toMatchObject({ status: 0, stderr: '' });
    const other = path.join(directory, 'other.zip');
    expect(pack(planned, { ...situation, file: other })).toMatchObject({ status: 0, stderr: '' });
    expect(fs.readFileSync(other).equals(fs.readFileSync(zip))).toBe(true);
  });

  test('and the packing process reports what it wrote', () => {
    root.write({ '/usr/share/prog/message.txt': 'x'.repeat(10000) });
    const planned = data();
    const { packed } = pack(planned);
    const files = entriesOf(zip).filter(({ mode }) => (mode & 0o170000) === 0o100000);
    const sha256 = createHash('sha256').update(fs.readFileSync(zip)).digest('hex');
    expect(packed).toEqual({ bytes: files.reduce((sum, { size }) => sum + size, 0), zipBytes: fs.statSync(zip).size, sha256 });
  });
});

describe('the packing process', () => {
  const zips = () => [zip, path.join(directory, 'second.zip')];
  const bytes = (files: readonly string[]) => files.map((file) => fs.readFileSync(file).toString('base64'));

  /** Sends lines to one process. */
  function send(...lines: readonly object[]) {
    const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const { status, stdout, stderr } = spawnSync(process.execPath, [PACK], { input, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trim().split('\n').map((line) => JSON.parse(line) as Answer);
  }

  test('answers a defect with its stack', () => {
    const [{ problem, options, defect }] = send({ plan: { entries: null }, file: zip, isKept: false });
    expect({ problem, options }).toEqual({ problem: expect.any(String), options: undefined });
    expect(defect).toMatch(/^TypeError: .*\n {4}at /);
  });

  test('reports the bytes that are packed so far only if the layer wants reports', () => {
    for (let count = 0; count < 10; count++) root.write({ [`/usr/share/prog/${count}`]: textOf(2e6, count) });
    const packing = { plan: data(), file: zip, isKept: false } satisfies Packing;
    const answers = send({ ...packing, reports: true });
    const reports = answers.slice(0, -1).map(({ done }) => done!);
    expect(reports.length).toBeGreaterThan(0);
    expect(reports).toEqual([...reports].sort((a, b) => a - b));
    expect(reports.at(-1)).toBeLessThanOrEqual(answers.at(-1)!.packed!.bytes);
    expect(send(packing)).toEqual([{ packed: { bytes: expect.any(Number), zipBytes: fs.statSync(zip).size } }]);
  });

  test('writes the same bytes for files that it was told of, even if they have changed or are gone, or are not files', async () => {
    for (let count = 0; count < 3; count++) root.write({ [`/usr/share/prog/${count}`]: textOf(1e6, count) });
    const planned = data();
    await writeZip(planned, zips()[1]);
    const inside = ['/usr/bin/prog', ...[0, 1, 2].map((count) => `/usr/share/prog/${count}`)];
    const changed = path.join(directory, 'changed');
    fs.writeFileSync(changed, textOf(2e6, 0));
    const ahead = [...inside.map((file) => root.locate(file)), changed, path.join(directory, 'gone'), directory, '/dev/zero'];
    expect(send({ ahead }, { ahead }, { plan: planned, file: zip })).toEqual([{ packed: expect.anything() }]);
    const [first, second] = bytes(zips());
    expect(first === second).toBe(true);
  });

  test('writes layers with the same files one after the other, each as a process of its own would', async () => {
    root.write({ '/usr/share/prog/large': textOf(3e6, 1), '/usr/share/prog/small': textOf(1e4, 1) });
    const planned = data();
    const other = { ...planned, programs: { ...planned.programs, other: planned.programs.prog } };
    const packings = [planned, other].map((layer, index): Packing => ({ plan: layer, file: zips()[index], isKept: true }));
    for (const packing of packings) expect(send(packing)).toEqual([{ packed: expect.anything() }]);
    const apart = bytes(zips());
    const child = spawn(process.execPath, [PACK], { stdio: ['pipe', 'pipe', 'inherit'] });
    for (const packing of packings) {
      fs.rmSync(packing.file);
      child.stdin.write(`${JSON.stringify(packing)}\n`);
      await new Promise((resolve) => child.stdout.once('data', resolve));
    }
    child.stdin.end();
    expect(bytes(zips()).every((one, index) => one === apart[index])).toBe(true);
  });
});

test('a file whose last block has a few bytes is packed', async () => {
  const sizes = [1, 63, 64].map((bytes) => 1024 * 1024 + bytes);
  for (const size of sizes) root.write({ [`/usr/share/prog/${size}`]: textOf(size, size) });
  const planned = data();
  await writeZip(planned, zip);
  const opt = unpack(zip);
  for (const size of sizes) {
    const content = fs.readFileSync(path.join(opt, 'elf', planned.key, 'usr/share/prog', String(size)), 'latin1');
    expect(content === textOf(size, size)).toBe(true);
  }
});

test('many and large files are packed with their own content, whatever the number that wait to be compressed', async () => {
  const files: Record<string, Buffer> = {};
  for (let count = 0; count < 20; count++) {
    files[`/usr/share/prog/${count}.bin`] = Buffer.concat([noise(1000, count), Buffer.alloc(3e6, count)]);
  }
  for (let count = 0; count < 600; count++) files[`/usr/share/prog/small/${count}`] = noise(10, count);
  root.write(files);
  const planned = data();
  const { bytes } = await writeZip(planned, zip);
  expect(bytes).toBeGreaterThan(60e6); // more than twice the bytes, and the entries, that may wait: MOST_WAITING in lib/pack/zip.ts
  const opt = unpack(zip);
  for (const [name, content] of Object.entries(files)) {
    if (!fs.readFileSync(path.join(opt, 'elf', planned.key, name)).equals(content)) throw new Error(`${name} differs`);
  }
  expect(entriesOf(zip).map(({ name }) => name)).toEqual(entriesOf(zip).map(({ name }) => name).sort());
});

test('a file is stored if it does not compress, and compressed otherwise', async () => {
  root.write({ '/usr/share/prog/noise': noise(200_000, 1), '/usr/share/prog/text': 'x'.repeat(200_000) });
  const planned = data();
  await writeZip(planned, zip);
  const packed = Object.fromEntries(readZip(zip).map(({ name, packedSize }) => [path.basename(name), packedSize]));
  expect(packed).toMatchObject({ noise: 200_000 });
  expect(packed.text).toBeLessThan(1000);
});

describe('a zip is complete or absent', () => {
  test('if a source file has changed since it was planned: the error names it', async () => {
    root.write({ '/usr/share/prog/message.txt': 'as planned' });
    const planned = data();
    root.write({ '/usr/share/prog/message.txt': 'as changed' });
    await expect(writeZip(planned, zip)).rejects.toThrow(
      `${root.locate('/usr/share/prog/message.txt')} changed while the layer was made: run synth again when nothing writes to it`,
    );
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  test.each<[string, (file: string) => void]>([
    ['a pipe', (file) => void execFileSync('mkfifo', [file])],
    ['a link to a device', (file) => fs.symlinkSync('/dev/zero', file)],
    ['a directory', (file) => fs.mkdirSync(file)],
  ])('if a source file was replaced by %s: the error names it, and it is not read', async (_, replace) => {
    root.write({ '/usr/share/prog/message.txt': 'as planned' });
    const planned = data();
    const source = root.locate('/usr/share/prog/message.txt');
    fs.rmSync(source);
    replace(source);
    await expect(writeZip(planned, zip)).rejects.toThrow(`${source} changed while the layer was made`);
    expect(fs.readdirSync(directory)).toEqual([]);
    fs.rmSync(source, { recursive: true });
  });

  test('if a source file was deleted: the error names it', async () => {
    root.write({ '/usr/share/prog/message.txt': 'as planned' });
    const planned = data();
    fs.rmSync(root.locate('/usr/share/prog/message.txt'));
    await expect(writeZip(planned, zip)).rejects.toThrow(root.locate('/usr/share/prog/message.txt'));
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  test('and replaces an existing file, or leaves it unchanged', async () => {
    root.write({ '/usr/share/prog/message.txt': 'as planned' });
    const planned = data();
    fs.writeFileSync(zip, 'an old one');
    await writeZip(planned, zip);
    const whole = fs.readFileSync(zip);
    root.write({ '/usr/share/prog/message.txt': 'as changed' });
    await expect(writeZip(planned, zip)).rejects.toThrow('changed');
    expect(fs.readFileSync(zip).equals(whole)).toBe(true);
    expect(fs.readdirSync(directory)).toEqual(['layer.zip']);
  });

  test('on a full disk, with an error', () => {
    for (let count = 0; count < 8; count++) root.write({ [`/usr/share/prog/${count}`]: noise(1e6, count) });
    const planned = data();
    const { stdout } = spawnSync('bwrap', [
      '--dev-bind', '/', '/', '--size', '2000000', '--tmpfs', directory,
      'sh', '-c', '"$@"; ls -A "$0"', directory, process.execPath, PACK,
    ], { input: request(planned), encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
    const problem = `cannot write ${zip}: no space is left on the device (ENOSPC)\n  make room, or choose a place on another file system`;
    expect(stdout).toBe(`${JSON.stringify({ problem })}\n`);
  });

  test('if the output directory does not exist', () => {
    const answer = pack(plain(), { file: path.join(directory, 'gone/layer.zip') });
    expect(answer).toEqual({ status: 0, stderr: '', problem: expect.stringContaining('ENOENT') });
  });

  test('if the process is killed while it packs, and the next process writes it', async () => {
    for (let count = 0; count < 20; count++) root.write({ [`/usr/share/prog/${count}`]: noise(2e6, count) });
    const planned = data();
    const child = spawn(process.execPath, [PACK], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.write(request(planned));
    const ended = new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    await growing(directory, child);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(fs.existsSync(zip)).toBe(false);
    expect(pack(planned)).toMatchObject({ status: 0, stderr: '' });
    expect(entriesOf(zip)).toHaveLength(planned.entries.length + planned.aliases.length + 2);
  });
});

/**
 * If these bytes change, every user's next deployment uploads its layers again, and earlier cache files are wrong. If they change on
 * purpose, raise `RULES_VERSION` in lib/plan/layout/plan.ts, and replace the fingerprint and the hash below.
 */
test('the bytes of a layer are those of this RULES_VERSION', async () => {
  program('/usr/bin/prog', ['libx.so.1']);
  root.write({
    '/lib64/libx.so.1': elfFile({
      soname: 'libx.so.1',
      needed: ['liby.so.1'],
      runpath: '/usr/lib/private:/build/lib',
      text: '/usr/share/prog/x',
    }),
    '/usr/lib/private/liby.so.1': elfFile({ soname: 'liby.so.1' }),
    '/usr/share/prog/message.txt': 'look at /usr/share/prog/data.bin, not at /usr/share/programs\n',
    '/usr/share/prog/data.bin': Buffer.from([0, 1, 2, 3]),
    '/usr/share/prog/helper': '#!/bin/sh\nexec cat /usr/share/prog/message.txt\n',
    '/usr/share/prog/link': { link: '/usr/share/prog/message.txt' },
  });
  root.directories('/usr/share/prog/empty');
  const planned = data();
  await writeZip(planned, zip);
  expect(planned.fingerprint).toBe('e71e50039b98e00a8cd541615281d9e32c67a2bfeab262ca4823f772f974bdaf');
  expect(createHash('sha256').update(fs.readFileSync(zip)).digest('hex')).toBe(
    'b5b0a89213830c9a64176540df8c196cc9f6aab2d50be98f14123d69628e8411',
  );
});

/** A plan without any data. */
function plain(): Plan {
  return plan(root, 'prog').plan;
}

test('a layer that edits have enlarged above the limit is an error with the limit', () => {
  expect(() => [...written(plan(root, 'prog').plan, 1000)]).toThrow(new FullLayerError(
    'the layer has more than the 1000 bytes that Lambda takes, because edits have enlarged its files: leave out data with exclude, ' +
    'or with detectData: false'));
});
