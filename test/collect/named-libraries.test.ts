import { find, LIB, libraryWith, Packaged, programWith } from './packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

const packed = () => find(root).all;

describe('a library that is opened by name is packed', () => {
  test('if it is from the same source package as the object that names it', () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['libcrypt.so.3']) }, { Depends: 'libcrypt3' });
    root.install('libcrypt3', { [`${LIB}/libcrypt.so.3`]: libraryWith('libcrypt.so.3', '\0libtoken3.so\0') }, { Source: 'crypt' });
    root.install('libcrypt-tokens', { [`${LIB}/crypt/libtoken3.so`]: libraryWith('libtoken3.so') }, { Source: 'crypt' });
    expect(packed()).toContain(`${LIB}/crypt/libtoken3.so`);
  });

  test('with the libraries that it needs', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0libpaint.so.1\0') }, { Depends: 'libpaint1' });
    root.install('libpaint1', {
      [`${LIB}/libpaint.so.1`]: libraryWith('libpaint.so.1', '', ['libmix.so.1']),
      [`${LIB}/libmix.so.1`]: libraryWith('libmix.so.1'),
    });
    expect(packed()).toEqual(expect.arrayContaining([`${LIB}/libmix.so.1`, `${LIB}/libpaint.so.1`]));
  });

  test('if a configuration file or a module of a requested package names it, even after a variable', () => {
    root.install('rig', {
      '/usr/bin/rig': programWith(),
      '/usr/share/rig/modules.conf': 'native=$libdir/libx-native.so\n',
      '/usr/share/rig/draw.py': 'ffi.dlopen("libpango.so.0")\n',
    }, { Depends: 'libx, libpango0' });
    root.install('libx', { [`${LIB}/libx-native.so`]: libraryWith('libx-native.so') });
    root.install('libpango0', { [`${LIB}/libpango.so.0`]: libraryWith('libpango.so.0') });
    expect(packed()).toEqual(expect.arrayContaining([`${LIB}/libpango.so.0`, `${LIB}/libx-native.so`]));
  });
});

describe('a program that carries data, in which its code may be, is packed with the libraries of direct dependencies', () => {
  const install = (program: Buffer) => {
    root.install('rig', { '/usr/bin/rig': program }, { Depends: 'libpaint1, libmix1, librig-dev' });
    root.install('libpaint1', { [`${LIB}/libpaint.so.1`]: libraryWith('libpaint.so.1') });
    root.install('libmix1', { [`${LIB}/libmix.so.1`]: libraryWith('libmix.so.1'), [`${LIB}/libmixer.so.1`]: libraryWith('libmixer.so.1') });
    root.install('librig-dev', { [`${LIB}/librig.so.1`]: libraryWith('librig.so.1') });
    return packed().filter((place) => /lib\w+\.so\.1$/.test(place));
  };
  const carrying = (program: Buffer) => Buffer.concat([program, Buffer.from('compressed code')]);

  test('if it starts with none of them', () => {
    expect(install(carrying(programWith()))).toEqual(['libmix', 'libmixer', 'libpaint'].map((name) => `${LIB}/${name}.so.1`));
  });

  test('but not with other libraries of a package that it needs one of', () => {
    expect(install(carrying(programWith('', ['libmix.so.1'])))).toEqual(['libmix', 'libpaint'].map((name) => `${LIB}/${name}.so.1`));
  });

  test('but not without such data', () => {
    expect(install(programWith())).toEqual([]);
  });
});

describe('a library that is opened by name is not packed', () => {
  test('if neither the package that names it nor a dependency has it', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0libdriver.so.1\0') });
    root.install('libdriver1', { [`${LIB}/libdriver.so.1`]: libraryWith('libdriver.so.1') });
    expect(packed()).not.toContain(`${LIB}/libdriver.so.1`);
  });

  test('if a library of another package names it and only a dependency of that package has it', () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['libdraw.so.1']) }, { Depends: 'libdraw1' });
    root.install('libdraw1', { [`${LIB}/libdraw.so.1`]: libraryWith('libdraw.so.1', '\0libdriver.so.1\0') }, { Depends: 'libdriver1' });
    root.install('libdriver1', { [`${LIB}/libdriver.so.1`]: libraryWith('libdriver.so.1') });
    expect(packed()).not.toContain(`${LIB}/libdriver.so.1`);
  });

  test('if one of its own libraries is missing; it is skipped with a reason', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0libpaint.so.1\0') }, { Depends: 'libpaint1' });
    root.install('libpaint1', { [`${LIB}/libpaint.so.1`]: libraryWith('libpaint.so.1', '', ['libmissing.so.1']) });
    const { all, skipped } = find(root);
    expect(all).not.toContain(`${LIB}/libpaint.so.1`);
    expect(skipped.get(`${LIB}/libpaint.so.1`)).toMatch(/libmissing\.so\.1/);
  });
});
