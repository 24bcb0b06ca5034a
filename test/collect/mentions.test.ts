import * as fs from 'fs';
import { find, libraryWith, LIB, makeFound, Packaged, programWith } from './packaged';
import { Fixture } from '../fixture';
import { lambda } from '../plan/make';

const MB = 1024 * 1024;

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

/** A large sparse file. */
function sparse(inside: string, size: number): void {
  const file = fs.openSync(root.locate(inside), 'a');
  fs.ftruncateSync(file, size);
  fs.closeSync(file);
}

describe('a path mention in a program selects', () => {
  test('a directory of a dependency of its package', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share/other>') }, { Depends: 'other' });
    root.install('other', { '/usr/share/other/one': '', '/usr/share/other/deep/two': '', '/usr/share/other-too/three': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/other/deep/two', '/usr/share/other/one']);
  });

  test('no directory of an unrelated package, which is skipped with a reason', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share/stranger>') });
    root.install('stranger', { '/usr/share/stranger/one': '' });
    const { data, skipped } = find(root);
    expect(data).toEqual(['/usr/bin/rig']);
    expect(skipped.get('/usr/share/stranger')).toMatch(/mentioned in \/usr\/bin\/rig/);
  });

  test('a file of a dependency, even through a link', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</etc/other.conf>') }, { Depends: 'other' });
    root.install('other', { '/usr/share/other/one': '', '/etc/other.conf': { link: '../usr/share/other/one' } });
    expect(find(root).data).toEqual(['/etc/other.conf', '/usr/bin/rig', '/usr/share/other/one']);
  });

  test('a directory that no package owns, except below /usr/local and /opt', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</var/lib/rig/made></usr/local/share/rig></opt/rig/share>') });
    root.write({ '/var/lib/rig/made/one': '', '/usr/local/share/rig/two': '', '/opt/rig/share/three': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/var/lib/rig/made/one']);
  });

  test('nothing in a directory that every package uses', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share></usr/lib/x86_64-linux-gnu></etc/></var/lib>') }, { Depends: 'other' });
    root.install('other', { '/usr/share/other/one': '', '/etc/other': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test('files whose names it begins, up to a separator', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share/other-></usr/share/oth>') }, { Depends: 'other' });
    root.install('other', { '/usr/share/other-1.0/one': '', '/usr/share/others/two': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/other-1.0/one']);
  });

  test('neither documentation nor commands that the program does not start', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share/doc/other></usr/share/man/man1></usr/bin>') }, { Depends: 'other' });
    root.install('other', { '/usr/share/doc/other/README': '', '/usr/share/man/man1/other.1': '', '/usr/bin/other': programWith() });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test('a command of a dependency; one of an unrelated package is skipped with a reason', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/bin/other></usr/bin/stranger>') }, { Depends: 'other' });
    root.install('other', { '/usr/bin/other': programWith() }).install('stranger', { '/usr/bin/stranger': programWith() });
    const { data, skipped } = find(root);
    expect(data).toEqual(['/usr/bin/other', '/usr/bin/rig']);
    expect(skipped.get('/usr/bin/stranger')).toBe(
      'a command that /usr/bin/rig names, but of a package that it does not need: add it to include or to the binaries',
    );
  });

  test('each path in a list with colons or commas', () => {
    root.install('rig', { '/usr/bin/rig': programWith('{/usr/share/one,/usr/share/two}:/usr/share/three') }, { Depends: 'other' });
    root.install('other', Object.fromEntries(['one', 'two', 'three'].map((name) => [`/usr/share/${name}/file`, ''])));
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/one/file', '/usr/share/three/file', '/usr/share/two/file']);
  });

  test('no file that no package owns, except below /usr, /etc and /var', () => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/list.txt': '/app/main /work /usr/share/made/one' });
    root.write({ '/app/main': 'of the user', '/work/secret': 'of the user', '/usr/share/made/one': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/made/one', '/usr/share/rig/list.txt']);
  });

  test('a directory with the name of the program\'s package, with files of any package', () => {
    root.install('lua5.4', { '/usr/bin/rig': programWith('</usr/share/lua/5.4/>') });
    root.install('lpeg', { '/usr/share/lua/5.4/re.lua': '' }).install('socket', { '/usr/share/lua/5.4/mime.lua': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/lua/5.4/mime.lua', '/usr/share/lua/5.4/re.lua']);
  });

  test('files with the same name and an extension, such as an index', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share/other/db>') }, { Depends: 'other' });
    root.install('other', { '/usr/share/other/db.idx': '', '/usr/share/other/db.txt': '', '/usr/share/other/dbase': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/other/db.idx', '/usr/share/other/db.txt']);
  });

  test('each path in the list of a setting', () => {
    root.install('rig', { '/usr/bin/rig': programWith('PATHS=/usr/share/one:/usr/share/none:/usr/share/two/deep:') }, { Depends: 'other' });
    root.install('other', { '/usr/share/one/x': '', '/usr/share/two/deep/y': '', '/usr/share/two/z': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/one/x', '/usr/share/two/deep/y']);
  });
});

test('path mentions in selected files are followed, too', () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['libone.so.1']) }, { Depends: 'libone' });
  root.install(
    'libone',
    { [`${LIB}/libone.so.1`]: libraryWith('libone.so.1', '</usr/share/one/index>'), '/usr/share/one/index': 'see /usr/share/two/list\n' },
    { Depends: 'two' },
  );
  root.install('two', { '/usr/share/two/list': '/usr/share/three/a\n/usr/share/one/index\n/usr/share/four/b\n' }, { Depends: 'three' });
  root.install('three', { '/usr/share/three/a': '' }, { Depends: 'four' }).install('four', { '/usr/share/four/b': '' });
  const { data, skipped } = find(root);
  expect(data).toEqual(['/usr/bin/rig', '/usr/share/one/index', '/usr/share/three/a', '/usr/share/two/list']);
  expect([...skipped.keys()]).toEqual(['/usr/share/four/b']); // two does not depend on it
});

test('a mentioned plug-in is packed with its libraries and with data that these mention', () => {
  root.install('rig', { '/usr/bin/rig': programWith('</usr/lib/other/plugins>') }, { Depends: 'other' });
  root.install('other', { '/usr/lib/other/plugins/a.so': libraryWith('a.so', '', ['liba.so.1']) }, { Depends: 'liba' });
  root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '</usr/share/liba/table>'), '/usr/share/liba/table': '' });
  const { all } = find(root);
  for (const file of ['/usr/lib/other/plugins/a.so', `${LIB}/liba.so.1`, '/usr/share/liba/table']) expect(all).toContain(file);
});

test('paths in a licence text are not followed', () => {
  root.install(
    'rig',
    { '/usr/bin/rig': programWith(), '/usr/share/doc/rig/copyright': 'see /usr/share/other/licence' },
    { Depends: 'other' },
  );
  root.install('other', { '/usr/share/other/licence': '' });
  expect(find(root).data).not.toContain('/usr/share/other/licence');
});

describe('a mentioned directory above the size budget', () => {
  beforeEach(() => {
    root.install('big', { '/usr/share/big/one': '', '/usr/share/big/two': '' });
    sparse('/usr/share/big/one', 40 * MB);
  });

  test('is skipped with a reason and a notice if a library of a package that is not requested mentions it', () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']) }, { Depends: 'liba' });
    root.install(
      'liba',
      { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '</usr/share/big></usr/share/small>') },
      { Depends: 'big, small' },
    );
    root.install('small', { '/usr/share/small/one': '' });
    const { data, all, skipped, notices } = find(root);
    expect(notices).toEqual([expect.stringMatching(/^large data that packed files mention is not packed: \/usr\/share\/big of liba \(41/)]);
    expect(data).toEqual(['/usr/bin/rig', '/usr/share/small/one']);
    expect(all).not.toContain('/usr/share/big');
    expect(skipped.get('/usr/share/big')).toBe('mentioned in liba.so.1, but it would add 42 MB: name it in include if it is needed');
  });

  test('is packed if the package of the requested program mentions it', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share/big>') }, { Depends: 'big' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/big/one', '/usr/share/big/two']);
  });

  test('is packed without a reason to skip it if include names it', () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']) }, { Depends: 'liba' });
    root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '</usr/share/big>') }, { Depends: 'big' });
    const { data, skipped } = find(root, 'rig', { include: ['/usr/share/big'] });
    expect(data).toContain('/usr/share/big/one');
    expect(skipped.has('/usr/share/big')).toBe(false);
  });

  test('is skipped if the package of the requested program mentions it but only recommends its package', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share/big>') }, { Recommends: 'big' });
    const { data, skipped } = find(root);
    expect(data).toEqual(['/usr/bin/rig']);
    expect(skipped.get('/usr/share/big')).toContain('42 MB');
  });

  test('is packed if it contains the modules of a library from the same source package', () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']) }, { Depends: 'liba' });
    root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '</usr/lib/plug>') }, { Depends: 'plug', Source: 'a' });
    root.install('plug', { '/usr/lib/plug/a.so': libraryWith('a.so') }, { Source: 'a' });
    sparse('/usr/lib/plug/a.so', 40 * MB);
    expect(find(root).all).toContain('/usr/lib/plug/a.so');
  });

  test('is skipped with the libraries that only its plug-ins need', () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']) }, { Depends: 'liba' });
    root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '</usr/lib/plug>') }, { Depends: 'plug' });
    root.install(
      'plug',
      {
        '/usr/lib/plug/a.so': libraryWith('a.so', '', ['libb.so.1']),
        [`${LIB}/libb.so.1`]: libraryWith('libb.so.1', '</usr/share/small/one>'),
      },
      { Depends: 'small' },
    );
    root.install('small', { '/usr/share/small/one': '' });
    expect(find(root).all).toContain(`${LIB}/libb.so.1`);
    sparse(`${LIB}/libb.so.1`, 9 * MB);
    const { all, skipped } = find(root);
    for (const file of ['/usr/lib/plug/a.so', `${LIB}/libb.so.1`, '/usr/share/small/one']) expect(all).not.toContain(file);
    expect(skipped.get('/usr/lib/plug')).toMatch(/it would add 9 MB/);
  });
});

/** gcc copies each text into memory by instructions that contain parts of it. */
const copied = (paths: readonly string[]) => `
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  char buffer[128];
  ${paths.map((path, index) => `__attribute__((noinline)) void copy${index}(void) { strcpy(buffer, "${path}"); }`).join('\n')}
  int main(int argc, char **argv) {
    switch (atoi(argv[1])) { ${paths.map((_, index) => `case ${index}: copy${index}(); break;`).join(' ')} }
    char line[128];
    FILE *file = fopen(buffer, "r");
    puts(file && fgets(line, sizeof line, file) ? line : buffer);
  }`;

describe('a path that a compiler has stored in instructions', () => {
  // the heads differ, because the code of one function is close to that of the next
  const SHORT = ['/etc/abcx.d', '/etc/defgers', '/etc/hijkings', '/etc/lmnking.d'];
  const LONG = ['/usr/share/riga/names', '/usr/share/rigging-names/names', '/usr/share/rig-with-a-long-name-1.0'];
  const host = new Fixture();

  beforeEach(() => {
    root = new Packaged().debian().libc();
    root.compile('/usr/bin/rig', copied([...SHORT, ...LONG]), ['-O2']);
    root.install('libc6', { [`${LIB}/libc.so.6`]: [], [`${LIB}/ld-linux-x86-64.so.2`]: [] }, { Source: 'glibc' });
    root.install('rig', { '/usr/bin/rig': [] }, { Depends: 'names' });
    const files = [...SHORT, ...LONG];
    root.install('names', Object.fromEntries(files.map((file, index) => [file, `of the layer: ${index}`])));
    host.write(Object.fromEntries(files.map((file) => [file, 'of the host'])));
  });

  test('is not a string of the file', () => {
    const bytes = fs.readFileSync(root.locate('/usr/bin/rig'));
    for (const path of SHORT) expect([bytes.indexOf(path), bytes.indexOf(path.slice(0, 8)) > 0]).toEqual([-1, true]);
    for (const path of LONG) expect(bytes.indexOf(`${path}\0`)).toBe(-1);
  });

  test('is followed', () => {
    const { data } = find(root);
    for (const file of [...SHORT, ...LONG]) expect(data).toContain(file);
  });

  test.each(SHORT.map((path, index) => [path, index] as const))('%s is replaced, and the program runs with it', async (_, index) => {
    const { opt } = await makeFound(root);
    expect(lambda(opt, ['rig', `${index}`], host)).toMatchObject({ status: 0, stdout: `of the layer: ${index}\n` });
  });

  test('is replaced without a link in the place of /opt/lib', async () => {
    root.compile('/usr/bin/lib-rig', copied(['/usr/lib/qrs']), ['-O2']);
    root.install('lib-rig', { '/usr/bin/lib-rig': [], '/usr/lib/qrs': 'of the layer' }, { Depends: 'libc6' });
    const { opt } = await makeFound(root, 'lib-rig');
    expect(fs.lstatSync(`${opt}/lib`).isDirectory()).toBe(true);
    expect(lambda(opt, ['lib-rig', '0'], host)).toMatchObject({ status: 0, stdout: 'of the layer\n' });
  });

  test.each(LONG.map((path, index) => [path, SHORT.length + index] as const))(
    '%s, of which constants hold pieces of 16 characters, is followed and replaced',
    async (_, index) => {
      const { opt } = await makeFound(root);
      expect(lambda(opt, ['rig', `${index}`], host)).toMatchObject({ status: 0, stdout: `of the layer: ${index}\n` });
    },
  );
});

test('a directory of a library is packed if the library names a standard directory, and the name in it as another string', async () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['libb.so.1']) }, { Depends: 'libb' });
  root.install('other', { [`${LIB}/other-0.4/x.conf`]: '' });
  root.install('libb', {
    [`${LIB}/libb.so.1`]: libraryWith('libb.so.1', `\0${LIB}\0\x01..plug-0.4\0other-0.4\0long-word\0share\0`),
    [`${LIB}/plug-0.4/a.conf`]: '',
    [`${LIB}/word/b.conf`]: '',
    [`${LIB}/share-0.4/c.conf`]: '',
  });
  const { opt, plan: { key } } = await makeFound(root);
  const names = fs.readdirSync(`${opt}/elf/${key}${LIB}`);
  expect(names.filter((name) => !name.includes('.so'))).toEqual(['plug-0.4']);
  const library = fs.readFileSync(`${opt}/elf/${key}${LIB}/libb.so.1`, 'latin1');
  const [alias] = /\/opt\/[^\0]+/.exec(library)!;
  expect(alias).toHaveLength(LIB.length);
  expect(fs.existsSync(`${opt}${alias.slice('/opt'.length)}/plug-0.4/a.conf`)).toBe(true);
});

test('such a directory of a dependency of a dependency is not packed', () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']) }, { Depends: 'liba' });
  root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '', ['libb.so.1']) }, { Depends: 'libb' });
  root.install('libb', {
    [`${LIB}/libb.so.1`]: libraryWith('libb.so.1', `\0${LIB}\0plug-0.4\0`), [`${LIB}/plug-0.4/a.conf`]: '',
  });
  expect(find(root).all).not.toContain(`${LIB}/plug-0.4/a.conf`);
});

test('a directory that a program mentions is packed without single files of packages that are only usually installed with it', () => {
  root.install('rig', { '/usr/bin/rig': programWith('\0/usr/lib/modules.d/\0'), '/usr/lib/modules.d/own.pm': '' }, { Depends: 'near' });
  root.install('near', { '/usr/lib/modules.d/near.pm': '' }, { Recommends: 'far' });
  root.install('far', { '/usr/lib/modules.d/far.pm': '', '/usr/lib/modules.d/far/table.pm': '' });
  const packed = find(root).data.filter((file) => file.startsWith('/usr/lib/modules.d/'));
  expect(packed).toEqual(['near.pm', 'own.pm'].map((name) => `/usr/lib/modules.d/${name}`));
});

test.each([
  ['Perl', 'Rig.pm', 'our $base="\\/usr";\nopen my $f, "$base/share/rig/names";\n', 'our $base="\\/opt";'],
  ['Perl, with a joined path', 'Rig.pm', 'our $base = "/usr";\nopen my $f, $base . "/share/rig/names";\n', 'our $base = "/opt";'],
  ['Ruby', 'rig.rb', "BASE = '/usr'\nFile.read(\"#{BASE}/share/rig/names\")\n", "BASE = '/opt'"],
  ['a module that names no data behind it', 'rig.rb', "BASE = '/usr'\n", "BASE = '/usr'"],
])('a module in %s that names its data behind a variable has the variable set', async (_, name, text, assignment) => {
  root.install('lang', { '/usr/bin/lang': programWith() });
  root.install('rig', { '/usr/bin/rig': '#!/usr/bin/lang\n', [`/usr/share/lang/${name}`]: text, '/usr/share/rig/names': 'names' });
  const { opt, plan: { key } } = await makeFound(root);
  expect(fs.readFileSync(`${opt}/elf/${key}/usr/share/lang/${name}`, 'utf8').split('\n')[0]).toBe(assignment);
  expect(fs.existsSync(`${opt}/share/rig/names`)).toBe(assignment.includes('/opt'));
});

test.each([
  ['prefix', '${prefix}', '/opt'], ['exec_prefix', '$prefix', '/opt'], ['prefix', '${other}', '/usr'], ['PATH', '${prefix}', '/usr'],
])(
  'a shell script with %s=/usr that names its data behind %s has the variable set to %s',
  async (variable, use, value) => {
    root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });
    const text = `#!/bin/sh\n${variable}=/usr\ncat "${use}/share/rig/names"\n`;
    root.install('rig', { '/usr/bin/rig': text, '/usr/share/rig/names': 'names' });
    const { opt, plan: { key } } = await makeFound(root);
    const [, assignment] = fs.readFileSync(`${opt}/elf/${key}/usr/bin/rig`, 'utf8').split('\n');
    expect(assignment).toBe(`${variable}=${value}`);
    if (value === '/opt') expect(fs.readFileSync(`${opt}/share/rig/names`, 'utf8')).toBe('names');
  },
);

test('a directory that several add-ons list is packed with the files of add-ons, not with those of other packages', () => {
  const directory = '/usr/lib/rig-modules';
  root.install('rig', { '/usr/bin/rig': programWith(`<${directory}>`) });
  root.install('rig-dom', { [`${directory}/dom/index`]: '' }, { Depends: 'rig' });
  root.install('rig-csv', { [`${directory}/csv/index`]: '' }, { Depends: 'rig' });
  root.install('saw', { [`${directory}/saw/index`]: '' });
  expect(find(root).data).toEqual(['/usr/bin/rig', `${directory}/csv/index`, `${directory}/dom/index`]);
});

test('a command that a dependency names in a directory of the requested package is packed', () => {
  const description = '/usr/share/rig/solvers/saw.json';
  const installed = (depends: string) => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/init': '' }, { Depends: depends });
    root.install('saw', { '/usr/bin/saw': programWith(), [description]: '{"executable": "/usr/bin/saw"}' });
    return find(root).data;
  };
  expect(installed('saw')).toEqual(expect.arrayContaining(['/usr/bin/saw', description]));
  root = new Packaged();
  expect(installed('')).not.toContain('/usr/bin/saw');
});

describe('a directory of files for another program', () => {
  test('has data of the packages of that program', () => {
    root.install('zsh', { '/usr/bin/zsh': programWith('</usr/share/zsh/functions>') }, { Depends: 'zsh-common' });
    root.install('zsh-common', { '/usr/share/zsh/functions/zmv': '' }, { Source: 'zsh' });
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/zsh/vendor-completions/_rig': '' }, { Depends: 'zsh' });
    expect(find(root, 'zsh').data).toEqual(['/usr/bin/zsh', '/usr/share/zsh/functions/zmv']);
    expect(find(root, 'rig').data).toEqual(['/usr/bin/rig']);
  });

  test('is packed, with the files of other packages as add-ons, if the package of a program that mentions it lists it', () => {
    root.install('automake', { '/usr/bin/aclocal': programWith('</usr/share/aclocal>'), '/usr/share/aclocal': [] });
    root.directories('/usr/share/aclocal');
    expect(find(root, 'aclocal').all).toContain('/usr/share/aclocal');
    root.install('bison', { '/usr/share/aclocal/bison.m4': '' });
    expect(find(root, 'aclocal').data).toEqual(['/usr/bin/aclocal', '/usr/share/aclocal/bison.m4']);
  });

  test('is not packed if another file of the package mentions it, such as a list of directories to clean', () => {
    const [list, directory] = ['/usr/share/rig/directories', '/usr/share/bash-completion/completions'];
    root.install('rig', { '/usr/bin/rig': programWith(`<${list}>`), [list]: `dir|${directory}\n`, [`${directory}/rig`]: '' });
    root.install('saw', { [`${directory}/saw`]: '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', list]);
  });

  test('is not packed if the package of a program that mentions it does not list it', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share/aclocal>') });
    root.install('bison', { '/usr/share/aclocal/bison.m4': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });
});
