import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { find, libraryWith, LIB, makeFound, Packaged } from './packaged';
import { lambda, plan } from '../plan/make';

/** A root with the machine's own C library, and a program. */
function withProgram(source: string, options: readonly string[] = []): Packaged {
  const root = new Packaged().debian().libc() as Packaged;
  root.install('libc6', { [`${LIB}/libc.so.6`]: [], [`${LIB}/ld-linux-x86-64.so.2`]: [] }, { Source: 'glibc' });
  root.compile('/usr/bin/rig', source, options);
  return root.install('rig', { '/usr/bin/rig': [] }, { Depends: 'libc6' });
}

/** Files that a C library may open. */
function withEverything(root: Packaged): Packaged {
  root.install('libc-bin', {
    '/usr/lib/locale/C.utf8/LC_CTYPE': 'ctype',
    '/usr/lib/locale/de_DE.utf8/LC_CTYPE': 'ctype',
    [`${LIB}/gconv/gconv-modules`]: 'module',
    [`${LIB}/gconv/UTF-16.so`]: libraryWith(''),
    [`${LIB}/gconv/IBM037.so`]: libraryWith(''),
    [`${LIB}/gconv/IBM850.so`]: libraryWith(''),
  }, { Source: 'glibc' });
  root.install('netbase', { '/etc/services': 'services', '/etc/protocols': 'protocols' });
  root.write({ '/etc/nsswitch.conf': 'hosts: files mymachines\n', '/etc/hosts': 'hosts', '/etc/passwd': 'passwd' });
  return root;
}

const NOTHING = 'int main(void) { return 0; }';
const CONVERT = '#include <iconv.h>\nint main(void) { return iconv_open("UTF-16", "UTF-8") == (iconv_t) -1; }';
const LOCALE = '#include <locale.h>\nint main(void) { return setlocale(LC_ALL, "") == 0; }';
const HOSTS = '#include <netdb.h>\nint main(void) { struct addrinfo *found; return getaddrinfo("x", 0, 0, &found); }';
const SERVICES = '#include <netdb.h>\nint main(void) { return getservbyname("rigd", "tcp") == 0; }';
const USERS = '#include <pwd.h>\nint main(void) { return getpwnam("x") == 0; }';

const opened = (source: string) => find(withEverything(withProgram(source))).data.filter((place) => place !== '/usr/bin/rig');

test('a program that calls none of these functions gets no data', () => {
  expect(opened(NOTHING)).toEqual([]);
});

test('iconv_open: the modules are packed, except those for mainframes', () => {
  expect(opened(CONVERT)).toEqual(['IBM850.so', 'UTF-16.so', 'gconv-modules'].map((name) => `${LIB}/gconv/${name}`));
});

test('g_convert_with_iconv: the modules are packed, although a library of another package opens the conversion', () => {
  const root = withProgram(NOTHING);
  const library = `${LIB}/libconvert.so.1`;
  root.compile(library, 'int g_convert_with_iconv(void) { return 0; }', ['-shared', '-fPIC', '-Wl,-soname,libconvert.so.1']);
  root.install('libconvert', { [library]: [] });
  const source = 'int g_convert_with_iconv(void); int main(void) { return g_convert_with_iconv(); }';
  root.compile('/usr/bin/rig', source, [root.locate(library)]);
  expect(find(withEverything(root)).data).toContain(`${LIB}/gconv/UTF-16.so`);
});

test('iconv_open in a library of another package: no modules are packed', () => {
  const root = withProgram(NOTHING);
  root.compile(`${LIB}/libconvert.so.1`, CONVERT.replace('main', 'convert'), ['-shared', '-fPIC', '-Wl,-soname,libconvert.so.1']);
  root.compile('/usr/bin/rig', 'int convert(void); int main(void) { return convert(); }', [root.locate(`${LIB}/libconvert.so.1`)]);
  root.install('libconvert', { [`${LIB}/libconvert.so.1`]: [] });
  expect(find(withEverything(root)).data).toEqual(['/usr/bin/rig']);
});

test('iconv_open in a library of the requested package: the common modules are packed', () => {
  const root = withProgram(NOTHING);
  root.compile(`${LIB}/libconvert.so.1`, CONVERT.replace('main', 'convert'), ['-shared', '-fPIC', '-Wl,-soname,libconvert.so.1']);
  root.compile('/usr/bin/rig', 'int convert(void); int main(void) { return convert(); }', [root.locate(`${LIB}/libconvert.so.1`)]);
  root.install('rig', { '/usr/bin/rig': [], [`${LIB}/libconvert.so.1`]: [] }, { Depends: 'libc6' });
  expect(find(withEverything(root)).data).toEqual(['/usr/bin/rig', `${LIB}/gconv/UTF-16.so`, `${LIB}/gconv/gconv-modules`]);
});

test('setlocale: C.utf8 is packed, and en_US.utf8, which LANG names on Lambda, is a link to it', () => {
  const root = withEverything(withProgram(LOCALE));
  expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/lib/locale/C.utf8/LC_CTYPE', '/usr/lib/locale/en_US.utf8']);
  const { entries } = plan(root, 'rig', { detectData: true }).plan;
  expect(entries).toContainEqual({ kind: 'link', path: '/usr/lib/locale/en_US.utf8', target: 'C.utf8' });
});

test('name services: a generated nsswitch.conf is packed, never that of the source', () => {
  for (const source of [HOSTS, USERS]) {
    const { entries } = plan(withEverything(withProgram(source)), 'rig', { detectData: true }).plan;
    const own = entries.find((entry) => entry.path === '/etc/nsswitch.conf');
    expect(own).toMatchObject({ kind: 'text', text: expect.stringMatching(/^hosts: files dns$/m) });
    expect(own).toMatchObject({ text: expect.stringMatching(/^passwd: files$/m) });
  }
});

test('services and protocols: these files are packed', () => {
  expect(opened(SERVICES)).toEqual(['/etc/protocols', '/etc/services']);
});

test('getaddrinfo: the same files are packed', () => {
  expect(opened(HOSTS)).toEqual(['/etc/nsswitch.conf', '/etc/protocols', '/etc/services']);
});

test('names of users: the same files are not packed', () => {
  expect(opened(USERS)).toEqual(['/etc/nsswitch.conf']);
});

test('calls in libraries have the same effect', () => {
  const root = withProgram(NOTHING);
  root.compile(`${LIB}/libserve.so.1`, SERVICES.replace('main', 'serve'), ['-shared', '-fPIC', '-Wl,-soname,libserve.so.1']);
  root.compile('/usr/bin/rig', 'int serve(void); int main(void) { return serve(); }', [root.locate(`${LIB}/libserve.so.1`)]);
  root.install('libserve', { [`${LIB}/libserve.so.1`]: [] });
  expect(find(withEverything(root)).data).toContain('/etc/services');
});

test('nothing is packed if detectData is false', () => {
  expect(find(withEverything(withProgram(CONVERT)), 'rig', { detectData: false }).data).toEqual(['/usr/bin/rig']);
});

describe('in the layer', () => {
  const run = async (root: Packaged) => lambda((await makeFound(root)).opt, ['rig']);

  test('setlocale finds the locale that LANG names on Lambda', async () => {
    const root = withProgram(
      '#include <locale.h>\n#include <stdio.h>\n#include <stdlib.h>\nint main(void) { char *name = setlocale(LC_ALL, ""); printf("%s ' +
        '%d\\n", name, (int) MB_CUR_MAX); }',
    );
    fs.mkdirSync(root.locate('/usr/lib/locale'));
    execFileSync('cp', ['-r', '/usr/lib/locale/C.utf8', root.locate('/usr/lib/locale/C.utf8')]);
    expect(await run(root)).toMatchObject({ status: 0, stdout: 'en_US.UTF-8 6\n' });
  });

  test('iconv converts text', async () => {
    const root = withProgram(`
      #include <iconv.h>
      #include <stdio.h>
      int main(void) {
        iconv_t converter = iconv_open("UTF-16BE", "UTF-8");
        if (converter == (iconv_t) -1) { perror("iconv_open"); return 1; }
        char from[] = "a", to[4]; char *in = from, *out = to; size_t left = 1, room = 4;
        iconv(converter, &in, &left, &out, &room);
        printf("%d %d\\n", to[0], to[1]);
      }`);
    for (const name of ['gconv-modules', 'gconv-modules.cache', 'UTF-16.so']) {
      root.copy(path.join('/usr/lib/x86_64-linux-gnu/gconv', name), `${LIB}/gconv/${name}`);
    }
    expect(await run(root)).toMatchObject({ status: 0, stdout: '0 97\n' });
  });

  test('getservbyname finds a service without a file of the host', async () => {
    const root = withProgram(
      '#include <netdb.h>\n#include <stdio.h>\nint main(void) { struct servent *found = getservbyname("rigd", "tcp"); ' +
        'printf("%d\\n", found ? ntohs(found->s_port) : -1); }',
    );
    root.install('netbase', { '/etc/services': 'rigd 4711/tcp\n', '/etc/protocols': 'tcp 6 TCP\n' });
    expect(await run(root)).toMatchObject({ status: 0, stdout: '4711\n' });
  });
});

describe('a character set that a requested package names, and a library of another package converts', () => {
  const LISTS = {
    gconv: `${LIB}/gconv/gconv-modules`,
    more: `${LIB}/gconv/gconv-modules.d/extra.conf`,
    cache: `${LIB}/gconv/gconv-modules.cache`,
  };

  /** The packed files below gconv for a program with a text file next to it. */
  const modulesFor = (text: string, library = CONVERT, string = 'none'): readonly string[] => {
    const root = withProgram(NOTHING);
    root.compile(`${LIB}/libconvert.so.1`, library.replace('main', 'convert'), ['-shared', '-fPIC', '-Wl,-soname,libconvert.so.1']);
    const code = `int convert(void); const char *string = "${string}"; int main(void) { return convert(); }`;
    root.compile('/usr/bin/rig', code, [root.locate(`${LIB}/libconvert.so.1`)]);
    root.install('libconvert', { [`${LIB}/libconvert.so.1`]: [] });
    root.install('rig', { '/usr/bin/rig': [], '/usr/share/rig/out.scm': text }, { Depends: 'libc6, libconvert' });
    root.install('libc-bin', {
      [LISTS.gconv]: [
        'alias LATIN1// ISO-8859-1//',
        'module\tISO-8859-1//\tINTERNAL\tISO8859-1\t1',
        'module INTERNAL ISO-8859-1// ISO8859-1 1 # both ways\n',
      ].join('\n'),
      [LISTS.more]: 'module DEC// INTERNAL DEC 1\nmodule EUC-JP// INTERNAL EUC-JP 1\n',
      [LISTS.cache]: 'cache\0',
      [`${LIB}/gconv/ISO8859-1.so`]: libraryWith(''),
      [`${LIB}/gconv/EUC-JP.so`]: libraryWith(''),
      [`${LIB}/gconv/DEC.so`]: libraryWith(''),
    }, { Source: 'glibc' });
    return find(root).data.filter((file) => file.includes('/gconv/'));
  };

  test('has its module packed, by its name or an alias', () => {
    expect(modulesFor('(set-encoding "latin1")')).toEqual([`${LIB}/gconv/ISO8859-1.so`, LISTS.gconv, LISTS.cache, LISTS.more]);
    expect(modulesFor('(set-encoding "EUC-JP")')).toContain(`${LIB}/gconv/EUC-JP.so`);
  });

  test('has its module packed if the program itself has the name as a string', () => {
    expect(modulesFor('', CONVERT, 'LATIN1')).toContain(`${LIB}/gconv/ISO8859-1.so`);
    expect(modulesFor('', CONVERT, 'DEC')).toEqual([]);
  });

  test('has its module packed even if it is for mainframes, and the program converts to other character sets itself', () => {
    const root = withEverything(withProgram(CONVERT));
    root.write({ [LISTS.gconv]: 'module IBM037// INTERNAL IBM037 1\n' });
    root.install('rig', { '/usr/bin/rig': [], '/usr/share/rig/out.scm': '(set-encoding "IBM037")' }, { Depends: 'libc6' });
    expect(find(root).data).toContain(`${LIB}/gconv/IBM037.so`);
  });

  test('has no module packed if the name may be any word, or the process never converts', () => {
    expect(modulesFor('(month "DEC")')).toEqual([]);
    expect(modulesFor('(set-encoding "latin1")', NOTHING)).toEqual([]);
  });
});
