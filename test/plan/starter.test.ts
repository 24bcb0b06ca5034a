/**
 * Scripts with data after their text: no byte of them may change, so a generated script starts them.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { lambda, type Made } from './make';
import { nameAliases } from '../../lib/plan/layout/alias';
import { LIB, makeFound, Packaged } from '../collect/packaged';
import { Fixture } from '../fixture';

/** Prints its arguments, and whether the given file has the SHA-256 or length that its last bytes state. */
const INTERPRETER = `
  #include <stdio.h>
  #include <string.h>
  int main(int argc, char **argv) {
    for (int index = 1; index < argc; index++) puts(argv[index]);
    FILE *file = fopen(argv[1][0] == '/' ? argv[1] : argv[2], "rb");
    char bytes[4096] = "";
    size_t size = fread(bytes, 1, sizeof bytes, file);
    return printf("%zu bytes, data at %ld\\n", size, (long) ((char *) memchr(bytes, 0, size) - bytes)) < 0;
  }`;

let root: Packaged;
let host: Fixture;

beforeEach(() => {
  root = new Packaged().debian().libc() as Packaged;
  root.install('libc6', { [`${LIB}/libc.so.6`]: [], [`${LIB}/ld-linux-x86-64.so.2`]: [] }, { Source: 'glibc' });
  root.compile('/usr/bin/interp', INTERPRETER);
  root.install('interp', { '/usr/bin/interp': [] }, { Depends: 'libc6' });
  host = new Fixture().debian().libc();
  host.copy('/bin/dash', '/usr/bin/sh');
});

function layerOf(line: string, data = '\0\x01\x02'): Promise<Made> {
  root.install(
    'rig',
    { '/usr/bin/rig': Buffer.from(`${line}\nsee /usr/share/rig/table\n${data}`, 'latin1'), '/usr/share/rig/table': 'x' },
    { Depends: 'interp' },
  );
  return makeFound(root);
}

function output({ opt }: Made, ...options: string[]): string[] {
  const { status, stdout, stderr } = lambda(opt, ['rig', ...options], host);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trimEnd().split('\n');
}

test.each([
  ['#!/usr/bin/interp', []],
  ['#!/usr/bin/interp -x y', ['-x y']],
  ['#!/usr/bin/env interp', []],
  ['#!/usr/bin/interp it\'s $HOME', ['it\'s $HOME']],
])('a script that begins with %s and contains data has its own path, its arguments, and every byte', async (line, before) => {
  const layer = await layerOf(line);
  const packed = path.join(layer.mirrored, 'usr/bin/rig');
  const original = fs.readFileSync(root.locate('/usr/bin/rig'));
  expect(fs.readFileSync(packed).equals(original)).toBe(true);
  const script = `/opt/elf/${layer.plan.key}/usr/bin/rig`;
  expect(output(layer, 'a b', '$c')).toEqual([...before, script, 'a b', '$c', `${original.length} bytes, data at ${original.indexOf(0)}`]);
});

test('the starter is executable, beside the script, and the target of the link in /opt/bin', async () => {
  const layer = await layerOf('#!/usr/bin/interp');
  expect(fs.readlinkSync(path.join(layer.opt, 'bin/rig'))).toBe(`../elf/${layer.plan.key}/usr/bin/.start-rig`);
  expect(fs.statSync(path.join(layer.mirrored, 'usr/bin/.start-rig')).mode & 0o777).toBe(0o755);
});

test('a script without data is edited, and started without a starter', async () => {
  const layer = await layerOf('#!/usr/bin/interp', '');
  expect(fs.readlinkSync(path.join(layer.opt, 'bin/rig'))).toBe(`../elf/${layer.plan.key}/usr/bin/rig`);
});

test.each([
  ['a shell', '. "$(dirname "$0")/../share/rig/functions"'],
  ['a shell', 'here=${0%/*}'],
  ['Python', 'os.path.dirname(__file__)'],
  ['Perl', 'use lib "$FindBin::Bin/../share/rig";'],
])('a script for %s that finds files by its own path is edited, and has its own path: %s', async (_language, line) => {
  root.install('rig', { '/usr/bin/rig': `#!/usr/bin/interp\n${line}\n` }, { Depends: 'interp' });
  const layer = await makeFound(root);
  const script = `/opt/elf/${layer.plan.key}/usr/bin/rig`;
  expect(fs.readFileSync(path.join(layer.mirrored, 'usr/bin/rig'), 'latin1')).toMatch(/^#!\/opt\/elf\//);
  const { status, stdout } = lambda(layer.opt, ['rig'], host);
  expect([status, stdout.split('\n')[0]]).toEqual([0, script]);
});

test('a script that is started by a link with another name is started by that name, without a starter', async () => {
  root.write({ '/usr/bin/rig-other': { link: 'rig' } });
  root.install('rig', { '/usr/bin/rig': '#!/usr/bin/interp\n"$(dirname "$0")"\n', '/usr/bin/rig-other': [] }, { Depends: 'interp' });
  const layer = await makeFound(root, 'rig-other');
  expect(fs.readlinkSync(path.join(layer.opt, 'bin/rig-other'))).toBe(`../elf/${layer.plan.key}/usr/bin/rig`);
});

describe('a script with nothing but data behind its first line', () => {
  const first = '#!/usr/bin/interp\n';

  async function packedWith(data: string): Promise<[packed: string, layer: Made]> {
    root.install('rig', { '/usr/bin/rig': Buffer.from(first + data, 'latin1'), '/usr/share/rig/table': 'x' }, { Depends: 'interp' });
    const layer = await makeFound(root);
    return [fs.readFileSync(path.join(layer.mirrored, 'usr/bin/rig'), 'latin1'), layer];
  }

  test('has its paths replaced, even if bytes around them look like characters of a word, and no other byte', async () => {
    const data = 'T\0\x01\x2a/usr/share\x2b/usr/bin/xy\x34/usr/share/rig/table.\0';
    const [packed, layer] = await packedWith(data);
    const { key, aliases } = layer.plan;
    const alias = nameAliases(key, aliases)[aliases.findIndex(({ base }) => base === '/usr/share')];
    expect(packed).toBe(first + data.replaceAll('/usr/share', alias));
    expect(fs.readlinkSync(path.join(layer.opt, 'bin/rig'))).toBe(`../elf/${layer.plan.key}/usr/bin/.start-rig`);
  });

  test('is not changed if the data is an archive', async () => {
    const data = 'PK\x03\x04\0\0/usr/share/rig/table\0';
    expect((await packedWith(data))[0]).toBe(first + data);
  });
});

test('a Java archive with a manifest is started by the Java runtime, with its own path and its arguments', async () => {
  const archive = Buffer.from(`PK\x03\x04${'\0'.repeat(26)}META-INF/`, 'latin1');
  root.compile('/usr/bin/java', INTERPRETER);
  root.install('jre', { '/usr/bin/java': [] }, { Depends: 'libc6' });
  root.install('rig', { '/usr/bin/rig': { link: '../share/java/rig.jar' }, '/usr/share/java/rig.jar': archive }, { Depends: 'jre' });
  fs.chmodSync(root.locate('/usr/share/java/rig.jar'), 0o755);
  const layer = await makeFound(root);
  expect(output(layer, 'a b')).toEqual(['-jar', `/opt/elf/${layer.plan.key}/usr/share/java/rig.jar`, 'a b', '39 bytes, data at 4']);
});

test('a text that contains data, such as a PHAR without a first line, is not changed', async () => {
  root.install('rig-archive', {
    '/usr/share/rig/archive.phar': Buffer.from(`<?php "/usr/share/rig/table"; __HALT_COMPILER(); ?>${' '.repeat(5000)}\0`, 'latin1'),
  });
  root.install(
    'rig',
    { '/usr/bin/rig': '#!/usr/bin/interp\n/usr/share/rig/table /usr/share/rig/archive.phar\n', '/usr/share/rig/table': 'x' },
    { Depends: 'interp, rig-archive' },
  );
  const layer = await makeFound(root);
  const hash = (file: string) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  expect(hash(path.join(layer.mirrored, 'usr/share/rig/archive.phar'))).toBe(hash(root.locate('/usr/share/rig/archive.phar')));
});
