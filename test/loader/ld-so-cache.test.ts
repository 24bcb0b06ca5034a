import * as fs from 'fs';
import { mapped, reasons, resolve, VARIANTS } from './agree';
import { nameKey, readCache } from '../../lib/loader/ld-so-cache';
import { MACHINES } from '../../lib/loader/machine';
import { Fixture } from '../fixture';

let root: Fixture;
beforeEach(() => {
  root = new Fixture().debian();
});

const read = (flags = MACHINES.x86_64.cacheFlags) => readCache(fs.readFileSync(root.locate('/etc/ld.so.cache')), flags);
const paths = (name: string) => read().get(nameKey(name))?.map(({ path }) => path);

describe('rule 15: the format', () => {
  beforeEach(() => {
    root.library('/c/libx.so.1');
    root.library('/c/liby.so.2');
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.program('/usr/bin/prog', { needs: ['libx.so.1', 'liby.so.2'] });
  });

  test('new', () => {
    root.ldconfig('-c', 'new');
    expect(fs.readFileSync(root.locate('/etc/ld.so.cache'), 'latin1')).toMatch(/^glibc-ld\.so\.cache1\.1/);
    expect(mapped(root, '/usr/bin/prog')).toEqual(['/c/libx.so.1', '/c/liby.so.2']);
  });

  test('new, after an old table', () => {
    root.ldconfig('-c', 'compat');
    expect(fs.readFileSync(root.locate('/etc/ld.so.cache'), 'latin1')).toMatch(/^ld\.so-1\.7\.0/);
    expect(mapped(root, '/usr/bin/prog')).toEqual(['/c/libx.so.1', '/c/liby.so.2']);
  });

  test('an old table alone has no entries for this loader', () => {
    root.ldconfig('-c', 'old');
    expect(read().size).toBe(0);
  });

  test.each([0, 10, 47, 48, 60, 100])('a cache that is truncated after %d bytes is ignored without an error', (length) => {
    root.ldconfig();
    root.write({ '/etc/ld.so.cache': fs.readFileSync(root.locate('/etc/ld.so.cache')).subarray(0, length) });
    expect(read().size).toBe(0);
  });

  test('a name or path outside of the file is skipped', () => {
    root.ldconfig();
    const cache = fs.readFileSync(root.locate('/etc/ld.so.cache'));
    cache.writeUInt32LE(0x7fffffff, 48 + 4);
    cache.writeUInt32LE(0x7fffffff, 48 + 24 + 8);
    expect(readCache(cache, MACHINES.x86_64.cacheFlags).size).toBe(read().size - 2);
  });

  test('an extension section outside of the file is skipped', () => {
    root.ldconfig();
    const cache = fs.readFileSync(root.locate('/etc/ld.so.cache'));
    cache.writeUInt32LE(0x7fffffff, 32);
    expect(readCache(cache, MACHINES.x86_64.cacheFlags)).toEqual(read());
  });
});

describe('rule 16: flags and names', () => {
  test('entries for another architecture are skipped', () => {
    root.library('/c/libx.so.1');
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.ldconfig();
    expect(paths('libx.so.1')).toEqual(['/c/libx.so.1']);
    expect(read(MACHINES.aarch64.cacheFlags).size).toBe(0);
    const cache = fs.readFileSync(root.locate('/etc/ld.so.cache'));
    for (let at = 48; at < 48 + 24 * cache.readUInt32LE(20); at += 24) if (cache.readInt32LE(at) === 0x0303) cache.writeInt32LE(0x0a03, at);
    expect(readCache(cache, 0x0a03).get('libx.so.1')).toEqual([{ path: '/c/libx.so.1', variant: undefined }]);
    expect(readCache(cache, 0x0303).size).toBe(0);
  });

  test('numbers in names compare as numbers', () => {
    root.library('/c/libx.so.01');
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.ldconfig();
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    expect(mapped(root, '/usr/bin/prog')).toEqual(['/c/libx.so.01']);
  });

  test('a missing name is found neither before nor after its neighbours', () => {
    for (const name of ['libx.so.1', 'libx.so.2', 'libx.so.10', 'libx10.so', 'libx2.so', 'libx.so']) root.library(`/c/${name}`);
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.ldconfig();
    root.program('/usr/bin/prog', { needs: ['libx.so.2', 'libx2.so', 'libx.so.10', 'libx10.so', 'libx.so.1', 'libx.so'] });
    expect(mapped(root, '/usr/bin/prog')).toEqual([
      '/c/libx.so.2',
      '/c/libx2.so',
      '/c/libx.so.10',
      '/c/libx10.so',
      '/c/libx.so.1',
      '/c/libx.so',
    ]);
    expect(paths('libx.so.3')).toBeUndefined();
  });
});

describe('rule 17: equal entries keep their order', () => {
  test('the first directory of ld.so.conf wins', () => {
    for (const place of ['z', 'a', 'm']) root.library(`/${place}/libx.so.1`);
    root.write({ '/etc/ld.so.conf': '/z\n/a\n/m\n' });
    root.ldconfig();
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    expect(mapped(root, '/usr/bin/prog')).toEqual(['/z/libx.so.1']);
    expect(paths('libx.so.1')).toEqual(['/z/libx.so.1', '/a/libx.so.1', '/m/libx.so.1']);
  });

  test('the default directories come last', () => {
    root.library('/usr/lib/libx.so.1');
    root.library('/z/libx.so.1');
    root.write({ '/etc/ld.so.conf': '/z\n' });
    root.ldconfig();
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    expect(mapped(root, '/usr/bin/prog')).toEqual(['/z/libx.so.1']);
  });
});

describe('variants in the cache', () => {
  const [best] = VARIANTS;

  test('the best variant that the machine supports is used', () => {
    for (const variant of VARIANTS) root.library(`/c/${variant}/libx.so.1`);
    root.library('/c/libx.so.1');
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.ldconfig();
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    expect(mapped(root, '/usr/bin/prog')).toEqual([`/c/${best}/libx.so.1`]);
    expect(reasons(root, '/usr/bin/prog')).toEqual({ 'libx.so.1': 'ld.so.cache' });
    expect(
      read()
        .get('libx.so.1')!
        .map(({ variant }) => variant)
        .sort(),
    ).toEqual([...VARIANTS.map((variant) => variant.split('/')[1]).sort(), undefined]);
  });

  test('a variant in a later directory precedes the baseline library in an earlier one', () => {
    root.library('/c/libx.so.1');
    root.library(`/d/${best}/libx.so.1`);
    root.library('/d/libx.so.1');
    root.write({ '/etc/ld.so.conf': '/c\n/d\n' });
    root.ldconfig();
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    expect(mapped(root, '/usr/bin/prog')).toEqual([`/d/${best}/libx.so.1`]);
  });

  test('a variant that no machine supports is skipped', () => {
    root.library('/c/glibc-hwcaps/x86-64-v99/libx.so.1');
    root.library('/c/libx.so.1');
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.ldconfig();
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    expect(mapped(root, '/usr/bin/prog')).toEqual(['/c/libx.so.1']);
    expect(read().get('libx.so.1')!.map(({ variant }) => variant)).toContain('x86-64-v99');
  });
});

describe('without ld.so.cache', () => {
  test('the directories of ld.so.conf are searched', () => {
    root.library('/c/libx.so.1');
    root.library('/usr/lib/libx.so.1');
    root.library('/usr/lib/liby.so.1');
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.program('/usr/bin/prog', { needs: ['libx.so.1', 'liby.so.1'] });
    expect(resolve(root, '/usr/bin/prog').objects.slice(1).map(({ path, reason }) => [path, reason])).toEqual([
      ['/c/libx.so.1', 'ld.so.conf'],
      ['/lib/liby.so.1', 'default directory'],
    ]);
  });

  test('the search finds the same library as the loader after ldconfig', () => {
    for (const place of ['z', 'a', 'usr/lib']) root.library(`/${place}/libx.so.1`);
    root.write({ '/etc/ld.so.conf': '/z\n/a\n' });
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    const before = resolve(root, '/usr/bin/prog').objects[1].path;
    root.ldconfig();
    expect(mapped(root, '/usr/bin/prog')).toEqual([before]);
  });
});

test('a cache that is not a file is ignored', () => {
  root.write({ '/etc/ld.so.conf': '/usr/lib/own\n' });
  root.library('/usr/lib/own/libx.so.1');
  root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
  fs.rmSync(root.locate('/etc/ld.so.cache'), { force: true });
  root.directories('/etc/ld.so.cache');
  expect(reasons(root, '/usr/bin/prog')).toEqual({ 'libx.so.1': 'ld.so.conf' });
});
