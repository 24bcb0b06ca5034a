import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { readContents } from '../../lib/inspect/contents';
import { htmlOf } from '../../lib/inspect/html';
import { sbomOf } from '../../lib/inspect/sbom';
import { summary } from '../../lib/inspect/summary';
import { writeZip } from '../../lib/pack/zip';
import { temporaryBytes } from '../../lib/plan/layout/plan';
import { type PlannedLayer, planLayer } from '../../lib/plan/plan-layer';
import { report } from '../../lib/plan/report';
import { openRoot } from '../../lib/root/open-root';
import { tryLayer } from '../../lib/sandbox/trial';
import { errorOf, Fixture, noise, temporaryDirectory } from '../fixture';
import { entriesOf, unpack } from '../plan/make';
import { request } from '../plan/request';

const MB = 1_000_000;
const LIBRARY = '/usr/lib/x86_64-linux-gnu/liblarge.so';
const plain = { bold: (text: string) => text, dim: (text: string) => text };

/** Finds the file of its package by its own path, and prints how it was started. */
const PROGRAM = `
  #include <stdio.h>
  #include <string.h>
  #include <unistd.h>
  int first(void);
  int main(int argc, char **argv) {
    char exe[4096] = "", data[4200];
    readlink("/proc/self/exe", exe, sizeof exe - 1);
    printf("%s %d %s\\n", argv[0], first(), exe);
    FILE *file = fopen("/usr/share/rig/large", "r");
    fseek(file, 0, SEEK_END);
    printf("%ld\\n", ftell(file));
    *strrchr(exe, '/') = 0;
    sprintf(data, "%s/../share/rig/small", exe);
    return access(data, R_OK);
  }`;

/** A program with a large library and large data, which together exceed the size limit of a layer. */
function source(): Fixture {
  const fixture = new Fixture().debian().libc();
  fixture.library(LIBRARY, {
    source: `
    __asm__(".section .rodata; large: .byte 42; .zero 149999999; .text");
    extern const char large[] __attribute__((visibility("hidden")));
    int first(void) { return large[0]; }`,
  });
  fixture.compile('/usr/bin/rig', PROGRAM, ['-L', fixture.locate(path.dirname(LIBRARY)), '-llarge']);
  fixture.write({ '/usr/share/rig/small': 'small', '/usr/share/rig/large': '', '/usr/share/rig/noise': noise(20 * MB, 1) });
  fs.truncateSync(fixture.locate('/usr/share/rig/large'), 140 * MB);
  return fixture;
}

const planOf = (fixture: Fixture, compress: boolean): PlannedLayer => (
  planLayer(openRoot(fixture.directory), request('rig', { compress, include: ['/usr/share/rig'] })));

let planned: PlannedLayer;
let fixture: Fixture;
let zip: string;
beforeAll(async () => {
  fixture = source();
  planned = planOf(fixture, true);
  zip = path.join(temporaryDirectory(), 'layer.zip');
  await writeZip(planned.plan, zip);
});

test('a layer that would be too large is packed compressed, and its program runs', () => {
  const command = 'rig > /tmp/first && rig > /tmp/second && cat /tmp/first && cmp /tmp/first /tmp/second && exit 9';
  const output = `/opt/bin/rig 42 /opt/elf/${planned.plan.key}/usr/bin/rig\\s+140000000`;
  expect(() => tryLayer(zip, ['rig'], { command, timeout: 100_000 })).toThrow(new RegExp(`exit code 9, [^]*${output}`));
});

test('as few files as possible are compressed, the largest first', () => {
  const compressed = planned.plan.entries.flatMap((entry) => (entry.kind === 'file' && entry.compressed ? [entry.path as string] : []));
  expect(compressed).toEqual([LIBRARY, '/usr/share/rig/large'].sort());
  expect(temporaryBytes(planned.plan)).toBeGreaterThan(290 * MB);
  expect(report(planned).filter((line) => line.endsWith(', compressed'))).toHaveLength(2);
});

test('a compressed file is a link at its own path to the place where the launcher unpacks it', () => {
  const opt = unpack(zip);
  const { key } = planned.plan;
  expect(fs.readlinkSync(path.join(opt, `elf/${key}${LIBRARY}`))).toBe(`/tmp/elf-${key}${LIBRARY}`);
  expect(fs.readlinkSync(path.join(opt, 'bin/rig'))).toBe(`../elf/${key}/usr/bin/.start-rig`);
  expect(fs.readFileSync(path.join(opt, `elf/${key}/compressed/list`), 'utf8').split('\0')).toEqual([
    'l contents.json',
    'd usr',
    'l usr/bin',
    'd usr/lib',
    'd usr/lib/x86_64-linux-gnu',
    'l usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
    'l usr/lib/x86_64-linux-gnu/libc.so.6',
    `f ${LIBRARY.slice(1)}`,
    'l usr/lib64',
    'd usr/share',
    'd usr/share/rig',
    'f usr/share/rig/large',
    'l usr/share/rig/noise',
    'l usr/share/rig/small',
    '',
  ]);
});

test('the same plan gives the same bytes', async () => {
  const again = path.join(temporaryDirectory(), 'layer.zip');
  const { plan } = planOf(fixture, true);
  await writeZip(plan, again);
  expect(fs.readFileSync(again).equals(fs.readFileSync(zip))).toBe(true);
  expect(plan.fingerprint).toBe(planned.plan.fingerprint);
});

test('inspection shows the content of compressed files and their size in /tmp', () => {
  const contents = readContents(zip);
  const large = contents.files.find((file) => file.path === '/usr/share/rig/large')!;
  expect(large).toMatchObject({ unpackedSize: 140 * MB, sha256: createHash('sha256').update(Buffer.alloc(140 * MB)).digest('hex') });
  expect(large.size).toBeLessThan(MB);
  expect(contents.files.find((file) => file.path === LIBRARY)).toMatchObject({ kind: 'library' });
  expect(contents.files.find((file) => file.path === '/usr/bin/rig')!.needs).toContain(LIBRARY);
  expect(contents.programs).toEqual([{ name: 'rig', path: '/usr/bin/rig' }]);
  expect(contents.files.some((file) => file.path.startsWith('/compressed/usr'))).toBe(false);
  expect(contents.size).toBe(entriesOf(zip).filter(({ mode }) => mode >>> 12 === 0o10).reduce((sum, { size }) => sum + size, 0));
  const lines = summary(contents, { style: plain });
  expect(lines.find((line) => line.startsWith('  in /tmp'))).toMatch(/^ {2}in \/tmp {3}290\.\d MB, unpacked from 2 compressed files/);
  expect(lines.some((line) => /\/usr\/share\/rig\/large .*, compressed: 140\.0 MB in \/tmp$/.test(line))).toBe(true);
  expect(htmlOf(contents)).toContain(',140000000]');
  expect(sbomOf(contents)).toContain(large.sha256);
  expect(JSON.parse(contents.text('/contents.json')!).files['/usr/share/rig/large']).toMatchObject({ compressed: true });
});

test('a layer that is small enough has no compressed files', () => {
  const small = new Fixture().debian().libc();
  small.compile('/usr/bin/rig', 'int main(void) { return 0; }');
  small.write({ '/usr/share/rig/large': Buffer.alloc(5 * MB) });
  const [plainPlan, compressing] = [false, true].map((compress) => planOf(small, compress).plan);
  expect(compressing.fingerprint).toBe(plainPlan.fingerprint);
});

test('with compress: false, a layer that is too large is an error that names the option', () => {
  expect(() => planOf(fixture, false)).toThrow(
    /remove `compress: false`: the layer would be about \d+\.\d MB, and its largest files would be unpacked/,
  );
});

test('a layer that is too large even if compressed is an error', () => {
  fixture.write({ '/usr/share/rig/more': noise(130 * MB, 2), '/usr/share/rig/much': noise(100 * MB, 3) });
  const message = errorOf(() => planOf(fixture, true));
  for (const name of ['more', 'much']) fs.rmSync(fixture.locate(`/usr/share/rig/${name}`));
  expect(message).toMatch(/the layer would be \d+\.\d MB unpacked, even with its largest files compressed; Lambda takes 262\.1 MB/);
  expect(message).not.toContain('`compress');
});
