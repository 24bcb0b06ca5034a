import * as fs from 'fs';
import * as path from 'path';
import { binaryLayer } from './command';
import { temporaryDirectory } from '../fixture';

let cache: string;
beforeEach(() => {
  cache = temporaryDirectory();
});

const run = (...args: string[]) => binaryLayer(['cache', ...args], { env: { XDG_CACHE_HOME: cache } });
const left = () => fs.readdirSync(path.join(cache, 'cdk-binary-layer'), { recursive: true, encoding: 'utf8' }).sort();

/** One entry of each kind. */
function fill(): void {
  const files = {
    'zip/a.zip': 3_000_000,
    'zip/a.json': 100,
    'fingerprint/b.json': 200_000,
    [`file-lists/${'0123456789abcdef'.repeat(2)}`]: 700_000,
    [`code/${'0123456789abcdef'.repeat(2)}`]: 300_000,
    'image/c/usr/bin/tool': 1_000_000,
    'platforms/d.json': 100_000,
    'apt/e/root/usr/bin/tool': 500_000,
    'apt/e.json': 50,
  };
  for (const [name, size] of Object.entries(files)) {
    const file = path.join(cache, 'cdk-binary-layer', name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, Buffer.alloc(size));
  }
}

test('lists each kind of entry, with number and size', () => {
  fill();
  const { status, stdout, stderr } = run();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    [path.join(cache, 'cdk-binary-layer')],
    ['zips', '1', '3.0 MB', 'packed layers'],
    ['fingerprints', '1', '0.2 MB', 'fingerprints of unchanged layers'],
    ['lists', '1', '0.7 MB', 'file lists of package databases'],
    ['code', '1', '0.3 MB', 'compiled code of this package'],
    ['images', '1', '1.1 MB', 'file systems of images'],
    ['apt', '1', '0.5 MB', 'file systems of apt packages'],
    [''],
  ]);
});

test('lists an empty cache if there is none', () => {
  expect(run('list').stdout).toMatch(/^ +zips +0 +0\.0 MB/m);
  expect(fs.readdirSync(cache)).toEqual([]);
});

test('clear removes everything, even directories without write permission', () => {
  fill();
  fs.chmodSync(path.join(cache, 'cdk-binary-layer/image/c/usr'), 0o555);
  const { status, stdout } = run('clear');
  expect({ status, stdout }).toEqual({ status: 0, stdout: `5.8 MB removed from ${cache}/cdk-binary-layer\n` });
  expect(left()).toEqual([]);
  expect(run('clear').stdout).toBe(`0.0 MB removed from ${cache}/cdk-binary-layer\n`);
});

test('clear removes only the kinds that are given', () => {
  fill();
  expect(run('clear', '--kind', 'zips', 'images').stdout).toBe(`4.1 MB removed from ${cache}/cdk-binary-layer\n`);
  expect(left().filter((name) => !name.includes('/'))).toEqual(['apt', 'code', 'file-lists', 'fingerprint']);
});

test.each([
  [['remove'], "'remove' is invalid"],
  [['clear', '--kind', 'all'], "'all' is invalid"],
])('%j is a usage error', (args, message) => {
  const { status, stderr } = run(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});

(process.geteuid?.() === 0 ? test : test.skip)('clear leaves the cache of another user alone', () => {
  fill();
  fs.chownSync(path.join(cache, 'cdk-binary-layer'), 12345, 12345);
  const { status, stderr } = run('clear');
  expect(status).toBe(1);
  expect(stderr).toContain(`the cache directory ${cache}/cdk-binary-layer belongs to another user (uid 12345): remove it`);
  expect(left()).toContain('zip/a.zip');
});
