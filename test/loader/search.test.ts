import * as fs from 'fs';
import { mapped, reasons, refused, resolve, VARIANTS } from './agree';
import { MissingLibraryError } from '../../lib/closure/closure';
import { UnloadableError } from '../../lib/loader/search';
import { Fixture } from '../fixture';

const TRIPLET = 'x86_64-linux-gnu';

/** Files made by a test, and the program `/usr/bin/prog`. */
let root: Fixture;
beforeEach(() => {
  root = new Fixture().debian();
});

/** Each result is also compared with that of the machine's own loader: see agree.ts. */
const libraries = (situation = {}) => mapped(root, '/usr/bin/prog', situation);
const complaint = (situation = {}) => refused(root, '/usr/bin/prog', situation);

describe('rule 1: a loaded library is matched before the search', () => {
  test('by the requested name', () => {
    root.library('/a/libx.so', { soname: '' });
    root.library('/b/libx.so', { soname: '' });
    root.library('/b/libb.so', { needs: ['libx.so'], runpath: '/b' });
    root.program('/usr/bin/prog', { needs: ['libx.so', 'libb.so'], runpath: '/a:/b' });
    expect(libraries()).toEqual(['/a/libx.so', '/b/libb.so']);
  });

  test('by its DT_SONAME', () => {
    root.library('/a/libfile.so', { soname: 'libx.so' });
    root.library('/b/libx.so');
    root.library('/b/libb.so', { needs: ['libx.so'], runpath: '/b' });
    root.program('/usr/bin/prog', { needs: ['libfile.so', 'libb.so'], runpath: '/a:/b' });
    expect(libraries()).toEqual(['/a/libfile.so', '/b/libb.so']);
  });

  test('by the path where it was found', () => {
    root.library('/a/libx.so', { soname: '' });
    root.program('/usr/bin/prog', { needs: ['libx.so', '/a/libx.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/a/libx.so']);
  });

  test('by its file: two links are one library', () => {
    root.library('/a/libreal.so', { soname: '' });
    root.write({ '/a/libone.so': { link: 'libreal.so' }, '/b/libtwo.so': { link: '../a/libreal.so' } });
    root.program('/usr/bin/prog', { needs: ['libone.so', 'libtwo.so'], runpath: '/a:/b' });
    expect(libraries()).toEqual(['/a/libone.so']);
  });

  test('and then has both names', () => {
    root.library('/a/libone.so', { soname: '' });
    root.write({ '/a/libtwo.so': { link: 'libone.so' } });
    root.library('/b/libtwo.so', { soname: '' });
    root.library('/b/libb.so', { needs: ['libtwo.so'], runpath: '/b' });
    root.program('/usr/bin/prog', { needs: ['libone.so', 'libtwo.so', 'libb.so'], runpath: '/a:/b' });
    expect(libraries()).toEqual(['/a/libone.so', '/b/libb.so']);
  });
});

test('an exception to rule 1: two hard links are two libraries, as in the layer, because a zip has no hard links', () => {
  root.library('/a/libone.so', { soname: '' });
  root.directories('/b');
  fs.linkSync(root.locate('/a/libone.so'), root.locate('/b/libtwo.so'));
  root.program('/usr/bin/prog', { needs: ['libone.so', 'libtwo.so'], runpath: '/a:/b' });
  expect(root.list('/usr/bin/prog')).toEqual(['/a/libone.so']);
  expect(resolve(root, '/usr/bin/prog').objects.slice(1).map(({ path }) => path)).toEqual(['/a/libone.so', '/b/libtwo.so']);
});

describe('rule 2: a name with a slash is not searched for', () => {
  beforeEach(() => {
    root.library('/a/libx.so', { soname: '' });
    root.library('/a/sub/libx.so', { soname: '' });
  });

  test('an absolute path is the file', () => {
    root.program('/usr/bin/prog', { needs: ['/a/sub/libx.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/a/sub/libx.so']);
    expect(reasons(root, '/usr/bin/prog')).toEqual({ '/a/sub/libx.so': 'path' });
  });

  test('a relative path is resolved against the current directory', () => {
    root.program('/usr/bin/prog', { needs: ['sub/libx.so'], runpath: '/nowhere' });
    // the loader prints it as requested
    expect(root.list('/usr/bin/prog', { cwd: '/a' })).toEqual(['sub/libx.so']);
    expect(resolve(root, '/usr/bin/prog', { cwd: '/a' }).objects[1].path).toBe('/a/sub/libx.so');
    expect(complaint({ cwd: '/usr' })).toContain('sub/libx.so not found');
  });

  test('tokens are expanded', () => {
    root.program('/a/prog', { needs: ['$ORIGIN/sub/libx.so'] });
    expect(mapped(root, '/a/prog')).toEqual(['/a/sub/libx.so']);
  });
});

describe('rule 3: DT_RPATH', () => {
  test('the order is the object\'s own, that of its loader, and so on up to the main program', () => {
    for (const place of ['own', 'up', 'main']) {
      for (const name of ['libin1.so', 'libin2.so', 'libin3.so'].slice(0, { own: 1, up: 2, main: 3 }[place])) {
        root.library(`/${place}/${name}`);
      }
    }
    root.library('/l/libb.so', { needs: ['libin1.so', 'libin2.so', 'libin3.so'], rpath: '/own' });
    root.library('/l/liba.so', { needs: ['libb.so'], rpath: '/up:/l' });
    root.program('/usr/bin/prog', { needs: ['liba.so'], rpath: '/main:/l' });
    expect(libraries()).toEqual(['/l/liba.so', '/l/libb.so', '/own/libin1.so', '/up/libin2.so', '/main/libin3.so']);
    expect(reasons(root, '/usr/bin/prog')).toEqual({
      'liba.so': 'rpath of prog',
      'libb.so': 'rpath of liba.so',
      'libin1.so': 'rpath of libb.so',
      'libin2.so': 'rpath of liba.so',
      'libin3.so': 'rpath of prog',
    });
  });

  test('is used only if the requesting object has no DT_RUNPATH', () => {
    root.library('/main/libx.so');
    root.library('/usr/lib/libx.so');
    root.library('/main/liba.so', { needs: ['libx.so'], runpath: '/nowhere' });
    root.program('/usr/bin/prog', { needs: ['liba.so'], rpath: '/main' });
    expect(libraries()).toEqual(['/main/liba.so', '/lib/libx.so']);
  });

  test('of objects further up is used even if an object in between has a DT_RUNPATH', () => {
    root.library('/main/libx.so');
    root.library('/main/libb.so', { needs: ['libx.so'] });
    root.library('/main/liba.so', { needs: ['libb.so'], runpath: '/main' });
    root.program('/usr/bin/prog', { needs: ['liba.so'], rpath: '/main' });
    expect(libraries()).toEqual(['/main/liba.so', '/main/libb.so', '/main/libx.so']);
    expect(reasons(root, '/usr/bin/prog')).toMatchObject({ 'libb.so': 'runpath of liba.so', 'libx.so': 'rpath of prog' });
  });

  test('that is empty is ignored', () => {
    root.library('/here/libx.so');
    root.library('/usr/lib/libx.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'], rpath: 'x' });
    emptyPath('/usr/bin/prog');
    expect(libraries({ cwd: '/here' })).toEqual(['/lib/libx.so']);
  });
});

test('rule 4: in an object with both, DT_RUNPATH disables the object\'s own DT_RPATH', () => {
  root.library('/r/libx.so');
  root.library('/usr/lib/libx.so');
  root.library('/r/liba.so', { needs: ['libx.so'] });
  root.program('/usr/bin/prog', { needs: ['/r/liba.so'], rpath: '/r' });
  expect(libraries()).toEqual(['/r/liba.so', '/r/libx.so']);
  addRunpath('/usr/bin/prog');
  expect(libraries()).toEqual(['/r/liba.so', '/lib/libx.so']);
});

describe('rule 5: LD_LIBRARY_PATH', () => {
  beforeEach(() => {
    for (const place of ['rpath', 'env1', 'env2', 'runpath', 'usr/lib']) root.library(`/${place}/libx.so`);
  });

  test.each(['/none:/env1:/env2', '/none;/env1;/env2', '/none;/env1:/env2', '/env1/:/env2'])(
    '%s: entries are separated by : or ;',
    (LD_LIBRARY_PATH) => {
      root.program('/usr/bin/prog', { needs: ['libx.so'] });
      expect(libraries({ env: { LD_LIBRARY_PATH } })).toEqual(['/env1/libx.so']);
      expect(reasons(root, '/usr/bin/prog', { env: { LD_LIBRARY_PATH } })).toEqual({ 'libx.so': 'LD_LIBRARY_PATH' });
    },
  );

  test('follows DT_RPATH', () => {
    root.program('/usr/bin/prog', { needs: ['libx.so'], rpath: '/rpath' });
    expect(libraries({ env: { LD_LIBRARY_PATH: '/env1' } })).toEqual(['/rpath/libx.so']);
  });

  test('precedes DT_RUNPATH', () => {
    root.program('/usr/bin/prog', { needs: ['libx.so'], runpath: '/runpath' });
    expect(libraries({ env: { LD_LIBRARY_PATH: '/env1' } })).toEqual(['/env1/libx.so']);
  });

  test('that is empty is ignored', () => {
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(libraries({ env: { LD_LIBRARY_PATH: '' }, cwd: '/env1' })).toEqual(['/lib/libx.so']);
  });
});

describe('rule 6: DT_RUNPATH', () => {
  test('is used for the needs of its object', () => {
    root.library('/r/libx.so');
    root.library('/usr/lib/libx.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'], runpath: '/r' });
    expect(libraries()).toEqual(['/r/libx.so']);
    expect(reasons(root, '/usr/bin/prog')).toEqual({ 'libx.so': 'runpath of prog' });
  });

  test('is not inherited', () => {
    root.library('/r/libx.so');
    root.library('/r/liba.so', { needs: ['libx.so'] });
    root.program('/usr/bin/prog', { needs: ['liba.so'], runpath: '/r' });
    expect(complaint()).toContain('libx.so not found, needed by /r/liba.so');
  });
});

describe('rule 7: then ld.so.cache, then the default directories', () => {
  test('a library in both is found in the cache', () => {
    root.library('/c/libx.so');
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.ldconfig();
    root.library('/usr/lib/libx.so');
    root.library('/usr/lib/liby.so');
    root.program('/usr/bin/prog', { needs: ['libx.so', 'liby.so'] });
    expect(libraries()).toEqual(['/c/libx.so', '/lib/liby.so']);
    expect(reasons(root, '/usr/bin/prog')).toEqual({ 'libx.so': 'ld.so.cache', 'liby.so': 'default directory' });
  });

  test('if the file of a cache entry does not exist, the search continues in the default directories', () => {
    root.library('/c/libx.so');
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.ldconfig();
    fs.rmSync(root.locate('/c/libx.so'));
    root.library('/usr/lib/libx.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(libraries()).toEqual(['/lib/libx.so']);
  });
});

describe('rule 8: an empty element of a path list is the current directory', () => {
  beforeEach(() => {
    root.library('/here/libx.so');
    root.library('/usr/lib/libx.so');
  });

  test.each([':/none', '/none:', '/none::/no'])('in DT_RUNPATH %s', (runpath) => {
    root.program('/usr/bin/prog', { needs: ['libx.so'], runpath });
    const situation = { cwd: '/here' };
    expect(root.list('/usr/bin/prog', situation)).toEqual(['libx.so']); // the loader prints the path as it was joined
    expect(resolve(root, '/usr/bin/prog', situation).objects[1].path).toBe('/here/libx.so');
  });

  test.each([':/none', '/none:', '/none::/no', ':'])('in LD_LIBRARY_PATH %s', (LD_LIBRARY_PATH) => {
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    const situation = { cwd: '/here', env: { LD_LIBRARY_PATH } };
    expect(root.list('/usr/bin/prog', situation)).toEqual(['libx.so']);
    expect(resolve(root, '/usr/bin/prog', situation).objects[1].path).toBe('/here/libx.so');
  });
});

describe('rule 9: tokens', () => {
  test.each(['$ORIGIN/../lib', '${ORIGIN}/../lib', '/none:$ORIGIN/../lib', '$ORIGIN/./..//lib/'])(
    '%s in a program is the directory of its file',
    (runpath) => {
      root.library('/p/lib/libx.so');
      root.program('/p/bin/prog', { needs: ['libx.so'], runpath });
      expect(mapped(root, '/p/bin/prog')).toEqual(['/p/lib/libx.so']);
    },
  );

  test('$ORIGIN in a library is the directory of the path where it was found, not of its file', () => {
    root.library('/b/liba.so', { needs: ['libx.so'], runpath: '$ORIGIN' });
    root.write({ '/a/liba.so': { link: '../b/liba.so' } });
    root.library('/a/libx.so');
    root.library('/b/libx.so');
    root.program('/usr/bin/prog', { needs: ['liba.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/a/liba.so', '/a/libx.so']);
  });

  test('$ORIGIN in a program that is started through a link is the directory of its file', () => {
    root.library('/p/lib/libx.so');
    root.program('/p/bin/prog', { needs: ['libx.so'], runpath: '$ORIGIN/../lib' });
    root.write({ '/usr/bin/prog': { link: '../../p/bin/prog' } });
    // `--list` gets the path itself, while the kernel passes the loader the file that it leads to
    expect(mapped(root, '/p/bin/prog')).toEqual(resolve(root, '/usr/bin/prog').objects.slice(1).map(({ path }) => path));
  });

  test.each(['/p/$LIB', '/p/${LIB}'])('%s is lib/x86_64-linux-gnu on Debian', (runpath) => {
    root.library(`/p/lib/${TRIPLET}/libx.so`);
    root.program('/usr/bin/prog', { needs: ['libx.so'], runpath });
    expect(libraries()).toEqual([`/p/lib/${TRIPLET}/libx.so`]);
  });

  test('an unknown token is not replaced', () => {
    root.library('/p/$OTHER/libx.so');
    root.library('/p/$LIBRARY/liby.so');
    root.program('/usr/bin/prog', { needs: ['libx.so', 'liby.so'], runpath: '/p/$OTHER:/p/$LIBRARY' });
    expect(libraries()).toEqual(['/p/$OTHER/libx.so', '/p/$LIBRARY/liby.so']);
  });

  test('$ORIGIN in LD_LIBRARY_PATH is that of the program', () => {
    root.library('/p/lib/libx.so');
    root.library('/q/lib/liby.so');
    root.library('/p/lib/liby.so');
    root.library('/q/lib/liba.so', { needs: ['liby.so'] });
    root.program('/p/bin/prog', { needs: ['libx.so', '/q/lib/liba.so'] });
    expect(mapped(root, '/p/bin/prog', { env: { LD_LIBRARY_PATH: '$ORIGIN/../lib' } })).toEqual([
      '/p/lib/libx.so',
      '/q/lib/liba.so',
      '/p/lib/liby.so',
    ]);
  });

  test('in a name without a slash are expanded before the search', () => {
    const platform = platformOfLoader();
    root.library(`/a/libx-${platform}.so`);
    root.program('/usr/bin/prog', { needs: ['libx-$PLATFORM.so'], runpath: '/a' });
    expect(root.list('/usr/bin/prog')).toEqual([`/a/libx-${platform}.so`]);
    root.library('/a/libx-x86_64.so'); // its value on a machine without better information
    expect(resolve(root, '/usr/bin/prog').objects[1].path).toBe('/a/libx-x86_64.so');
  });
});

describe('rule 10: a file for another class or architecture is skipped', () => {
  beforeEach(() => {
    root.library('/b/libx.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'], runpath: '/a:/b' });
  });

  test.each([
    ['32-bit', { 4: 1 }],
    ['for aarch64', { 18: 183 }],
    ['for x86, 64-bit', { 18: 3 }],
    ['32-bit and big-endian', { 4: 1, 5: 2 }],
  ])('%s', (_, bytes) => {
    patched('/a/libx.so', bytes);
    expect(libraries()).toEqual(['/b/libx.so']);
  });
});

describe('rule 11: the search ends with an error at', () => {
  beforeEach(() => {
    root.library('/b/libx.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'], runpath: '/a:/b' });
  });

  test('an empty file', () => {
    root.write({ '/a/libx.so': '' });
    expect(complaint()).toBe('/a/libx.so is not a library: an empty file\n  chain: prog → libx.so');
    expect(() => resolve(root, '/usr/bin/prog')).toThrow(UnloadableError);
  });

  test('a text file', () => {
    root.write({ '/a/libx.so': `INPUT(/b/libx.so)${' '.repeat(64)}` });
    expect(complaint()).toContain('/a/libx.so is not a library: not an ELF file');
  });

  test.each([20, 63, 64, 200])('a file truncated after %d bytes', (length) => {
    root.write({ '/a/libx.so': fs.readFileSync(root.locate('/b/libx.so')).subarray(0, length) });
    expect(complaint()).toMatch(/^\/a\/libx\.so is not a library: .*cut off/);
  });

  test('a directory', () => {
    root.directories('/a/libx.so');
    expect(complaint()).toContain('/a/libx.so is not a library but a directory');
  });

  test('a file with another byte order', () => {
    patched('/a/libx.so', { 5: 2 });
    expect(complaint()).toContain('/a/libx.so is not a library: found a 64-bit big-endian ELF file');
  });

  test('an object file', () => {
    root.compile('/a/libx.so', 'int x;', ['-c']);
    expect(complaint()).toContain('/a/libx.so is not a library but an ELF file of type relocatable');
  });

  test('a program at a fixed address', () => {
    root.program('/a/libx.so', { flags: ['-no-pie'] });
    expect(complaint()).toContain('/a/libx.so is not a library but a program');
  });

  test('a position-independent program', () => {
    root.program('/a/libx.so');
    expect(complaint()).toContain('/a/libx.so is not a library but a program');
  });

  test('a file with an unknown OS ABI', () => {
    patched('/a/libx.so', { 7: 9 }); // FreeBSD
    expect(complaint()).toBe('/a/libx.so is not a library for Linux: its OS ABI is 9\n  chain: prog → libx.so');
  });

  test('but not at the OS ABI of GNU', () => {
    patched('/a/libx.so', { 7: 3 });
    expect(libraries()).toEqual(['/a/libx.so']);
  });

  test('and not at a link without a target', () => {
    root.write({ '/a/libx.so': { link: '/gone' } });
    expect(libraries()).toEqual(['/b/libx.so']);
  });
});

describe('rule 12: DF_1_NODEFLIB', () => {
  const flags = ['-Wl,-z,nodefaultlib'];

  test('skips the default directories', () => {
    root.library('/usr/lib/libx.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'], flags });
    expect(complaint()).toContain('searched: nothing, the object excludes the default directories');
  });

  test('skips cache entries in the default directories, and uses other entries', () => {
    root.library('/usr/lib/libx.so');
    root.library('/c/liby.so');
    root.write({ '/etc/ld.so.conf': '/c\n' });
    root.ldconfig();
    root.program('/usr/bin/prog', { needs: ['liby.so'], flags });
    expect(libraries()).toEqual(['/c/liby.so']);
    root.program('/usr/bin/prog', { needs: ['libx.so', 'liby.so'], flags });
    expect(complaint()).toContain('libx.so not found');
  });

  test('applies if the requesting object has it', () => {
    root.library('/usr/lib/libx.so');
    root.library('/a/liba.so', { needs: ['libx.so'] });
    root.program('/usr/bin/prog', { needs: ['liba.so'], runpath: '/a', flags });
    expect(libraries()).toEqual(['/a/liba.so', '/lib/libx.so']);
  });
});

describe('rule 13: filters', () => {
  test('a missing DT_AUXILIARY is ignored', () => {
    root.library('/a/liba.so', { flags: ['-Wl,-f,libgone.so'] });
    root.program('/usr/bin/prog', { needs: ['liba.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/a/liba.so']);
  });

  test('a missing DT_FILTER is an error', () => {
    root.library('/a/liba.so', { flags: ['-Wl,-F,libgone.so'] });
    root.program('/usr/bin/prog', { needs: ['liba.so'], runpath: '/a' });
    expect(complaint()).toContain('libgone.so not found, needed by /a/liba.so');
  });

  test.each(['-f', '-F'])('a filter (%s) precedes the object that it belongs to, and its own needs come next', (option) => {
    for (const name of ['y', 'z']) root.library(`/usr/lib/lib${name}.so`);
    root.library('/usr/lib/libserver.so', { needs: ['liby.so'] });
    root.library('/a/liba.so', { needs: ['libz.so'], flags: [`-Wl,${option},libserver.so`] });
    root.library('/a/libb.so');
    root.program('/usr/bin/prog', { needs: ['liba.so', 'libb.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/lib/libserver.so', '/a/liba.so', '/a/libb.so', '/lib/libz.so', '/lib/liby.so']);
  });

  test.each(['-f', '-F'])('a filter that would be loaded later (%s) moves before the object that it belongs to', (option) => {
    root.library('/a/libserver.so');
    root.library('/a/liba.so', { runpath: '/a', flags: [`-Wl,${option},libserver.so`] });
    root.program('/usr/bin/prog', { needs: ['liba.so', 'libserver.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/a/libserver.so', '/a/liba.so']);
  });

  test.each(['-f', '-F'])('a filter that was loaded earlier (%s) keeps its place', (option) => {
    for (const name of ['libserver.so', 'libc.so']) root.library(`/a/${name}`);
    root.library('/a/liba.so', { runpath: '/a', flags: [`-Wl,${option},libserver.so`] });
    root.program('/usr/bin/prog', { needs: ['libserver.so', 'libc.so', 'liba.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/a/libserver.so', '/a/libc.so', '/a/liba.so']);
  });
});

describe('rule 14: glibc-hwcaps', () => {
  const best = VARIANTS[0];

  test('the variants in a directory come first', () => {
    if (best === undefined) throw new Error('this machine is older than x86-64-v2');
    root.library('/a/libx.so');
    root.library(`/b/${best}/libx.so`);
    root.library('/b/libx.so');
    root.library(`/b/${best}/liby.so`);
    root.library('/b/liby.so');
    root.program('/usr/bin/prog', { needs: ['libx.so', 'liby.so'], runpath: '/a:/b' });
    expect(libraries()).toEqual(['/a/libx.so', `/b/${best}/liby.so`]);
  });

  test('the best variant is used', () => {
    for (const variant of VARIANTS) root.library(`/a/${variant}/libx.so`);
    root.library('/a/libx.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'], runpath: '/a' });
    expect(libraries()).toEqual([`/a/${best}/libx.so`]);
  });

  test('variants are also searched for in the default directories', () => {
    root.library(`/usr/lib/${best}/libx.so`);
    root.library('/usr/lib/libx.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(libraries()).toEqual([`/lib/${best}/libx.so`]);
  });
});

describe('rule 19: default directories', () => {
  test('of Debian are searched in their order', () => {
    // /lib leads to usr/lib here, so each library is found by the first of its two names
    root.library(`/usr/lib/${TRIPLET}/libx.so`);
    root.library('/usr/lib/libx.so');
    root.library('/usr/lib/liby.so');
    root.program('/usr/bin/prog', { needs: ['libx.so', 'liby.so'] });
    expect(libraries()).toEqual([`/lib/${TRIPLET}/libx.so`, '/lib/liby.so']);
  });

  test('of Debian without merged /usr are searched in their order', () => {
    fs.rmSync(root.locate('/lib'));
    const loader = `/lib/${TRIPLET}/ld-linux-x86-64.so.2`;
    root.copy('/lib64/ld-linux-x86-64.so.2', loader);
    for (const place of [`/lib/${TRIPLET}`, `/usr/lib/${TRIPLET}`, '/lib', '/usr/lib']) root.library(`${place}/libx.so`);
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    const order = [];
    for (let count = 0; count < 4; count++) {
      const [found] = libraries();
      order.push(found);
      fs.rmSync(root.locate(found));
    }
    expect(order).toEqual([`/lib/${TRIPLET}/libx.so`, `/usr/lib/${TRIPLET}/libx.so`, '/lib/libx.so', '/usr/lib/libx.so']);
  });

  test('of other distributions are /lib64 and /usr/lib64, and $LIB is lib64', () => {
    const upstream = new Fixture();
    upstream.copy('/lib64/ld-linux-x86-64.so.2');
    upstream.library('/lib64/libx.so');
    upstream.library('/usr/lib64/libx.so');
    upstream.library('/usr/lib64/liby.so');
    upstream.library('/usr/lib/libz.so');
    upstream.library('/p/lib64/libz.so');
    upstream.program('/usr/bin/prog', { needs: ['libx.so', 'liby.so', 'libz.so'], runpath: '/p/$LIB' });
    const { objects } = resolve(upstream, '/usr/bin/prog');
    expect(objects.slice(1).map(({ path }) => path)).toEqual(['/lib64/libx.so', '/usr/lib64/liby.so', '/p/lib64/libz.so']);
  });

  test('of other distributions do not include /usr/lib', () => {
    const upstream = new Fixture();
    upstream.copy('/lib64/ld-linux-x86-64.so.2');
    upstream.library('/usr/lib/libx.so');
    upstream.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(() => resolve(upstream, '/usr/bin/prog')).toThrow(MissingLibraryError);
  });
});

/** A copy of `/b/libx.so` with other bytes at some offsets. */
function patched(inside: string, bytes: Record<number, number | undefined>): void {
  const file = fs.readFileSync(root.locate('/b/libx.so'));
  for (const [offset, value] of Object.entries(bytes)) file[Number(offset)] = value!;
  root.write({ [inside]: file });
}

/** The offset of a tag in the dynamic section of a program that `Fixture.program` made. */
function pairOf(file: Buffer, tag: number): number {
  const phoff = Number(file.readBigUInt64LE(32));
  for (let at = phoff; ; at += 56) {
    if (file.readUInt32LE(at) !== 2) continue; // PT_DYNAMIC
    for (let pair = Number(file.readBigUInt64LE(at + 8)); ; pair += 16) if (file.readBigUInt64LE(pair) === BigInt(tag)) return pair;
  }
}

/** Replaces the one-letter DT_RPATH of a program by an empty string. */
function emptyPath(inside: string): void {
  const file = fs.readFileSync(root.locate(inside));
  const at = pairOf(file, 15);
  file.writeBigUInt64LE(file.readBigUInt64LE(at + 8) + 1n, at + 8);
  root.write({ [inside]: file });
  fs.chmodSync(root.locate(inside), 0o755);
}

/** Replaces DT_DEBUG by a DT_RUNPATH that leads nowhere, in a program with a DT_RPATH. */
function addRunpath(inside: string): void {
  const file = fs.readFileSync(root.locate(inside));
  const at = pairOf(file, 21);
  file.writeBigUInt64LE(29n, at);
  file.writeBigUInt64LE(file.readBigUInt64LE(pairOf(file, 1) + 8) + 1n, at + 8); // part of the name of a needed library
  root.write({ [inside]: file });
  fs.chmodSync(root.locate(inside), 0o755);
}

/** The loader's value of $PLATFORM: it depends on the processor in glibc 2.36. */
function platformOfLoader(): string {
  const probe = new Fixture().debian();
  probe.program('/usr/bin/prog', { needs: ['/$PLATFORM'] });
  return (probe.list('/usr/bin/prog') as string).match(/: \/([^:]+): cannot open/)![1];
}
