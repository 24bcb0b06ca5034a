/**
 * Programs that no package owns, with the files that no package owns: below an installation prefix, and beside the program. Each
 * runs where nothing else of the source exists.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { find } from './packaged';
import { Fixture, noise } from '../fixture';
import { lambda, make } from '../plan/make';

/** Prints the first line of each of these files, and then of those below the directory of the program. */
const printing = (files: readonly string[], beside: readonly string[] = [], more = '') => `
  #include <dlfcn.h>
  #include <libgen.h>
  #include <stdio.h>
  #include <string.h>
  #include <unistd.h>
  static int show(const char *name) {
    char line[80];
    FILE *file = fopen(name, "r");
    if (!file) { perror(name); return 1; }
    if (fgets(line, sizeof line, file)) fputs(line, stdout);
    return 0;
  }
  int main(void) {
    char exe[4096] = "", name[5000];
    if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0) return 1;
    const char *directory = dirname(exe);
    ${files.map((file) => `if (show("${file}")) return 1;`).join('\n    ')}
    ${beside.map((file) => `snprintf(name, sizeof name, "%s/${file}", directory); if (show(name)) return 1;`).join('\n    ')}
    ${more}
    return 0;
  }`;

/** A system with the C library, and a package database that lists none of the files. */
function system(): Fixture {
  const root = new Fixture().debian().libc();
  root.write({
    '/var/lib/dpkg/status': 'Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n',
    '/var/lib/dpkg/info/base-files.list': '/.\n/usr\n/usr/bin\n',
  });
  return root;
}

const WITH_DATA = { detectData: true, searchPath: ['/usr/local/bin', '/usr/bin'] };

async function output(root: Fixture, binary: string, host?: Fixture): Promise<string> {
  const made = await make(root, binary, WITH_DATA);
  const { status, stdout, stderr } = lambda(made.opt, [`/opt/bin/${path.posix.basename(binary)}`], host);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

test.each([
  ['/usr/local', 'mytool'],
  ['/opt/vendor', '/opt/vendor/bin/mytool'],
  ['/srv/tools', '/srv/tools/bin/mytool'],
  ['/nix/store/0123456789-mytool', '/nix/store/0123456789-mytool/bin/mytool'],
])(
  'data below the prefix %s that no package owns is packed if the program mentions it, with the data that the data mentions',
  async (prefix, binary) => {
    const root = system();
    root.compile(`${prefix}/bin/mytool`, printing([`${prefix}/share/mytool/greeting.txt`, `${prefix}/etc/mytool.conf`]));
    root.write({
      [`${prefix}/share/mytool/greeting.txt`]: `hello, see ${prefix}/lib/extra/more.txt\n`,
      [`${prefix}/etc/mytool.conf`]: 'configured\n',
      [`${prefix}/lib/extra/more.txt`]: 'more\n',
      '/usr/local/share/other/x.txt': 'of another program\n',
    });
    expect(await output(root, binary)).toMatch(/^hello, see \/.*\nconfigured\n$/);
    const { data } = find(root, binary, WITH_DATA);
    expect(data.some((file) => file.endsWith('/lib/extra/more.txt'))).toBe(true);
    expect(data.filter((file) => file.includes('/other/'))).toEqual([]);
  },
);

test('credentials, directories under version control and source files are skipped, even if a self-built program mentions them', () => {
  const root = system();
  root.compile(
    '/usr/local/bin/mytool',
    printing(['/opt/x/.npmrc', '/opt/x/key.txt', '/opt/work/data/x.txt', '/opt/go/src/main.go', '/opt/go']),
  );
  root.write({
    '/opt/x/.npmrc': 'token\n',
    '/opt/x/key.txt': '-----BEGIN RSA PRIVATE KEY-----\n',
    '/opt/work/.git/HEAD': 'ref\n',
    '/opt/work/data/x.txt': 'x\n',
    '/opt/go/src/main.go': 'package main\n',
  });
  const { data, notices } = find(root, 'mytool', WITH_DATA);
  expect(data.filter((file) => file.startsWith('/opt/'))).toEqual([]);
  expect(notices.join('\n')).toContain(
    '/usr/local/bin/mytool names /opt/work/data/x.txt, which is not packed: it is in a directory under version control',
  );
  expect(notices.join('\n')).not.toContain('/opt/go');
});

test('a directory that a self-built program mentions is skipped with a notice if it exceeds the size budget', () => {
  const root = system();
  root.compile('/usr/local/bin/mytool', printing(['/opt/models/large']));
  root.write({ '/opt/models/large/weights.bin': '' });
  fs.truncateSync(root.locate('/opt/models/large/weights.bin'), 65 * 1024 * 1024);
  const { data, notices } = find(root, 'mytool', WITH_DATA);
  expect(data.filter((file) => file.startsWith('/opt/'))).toEqual([]);
  expect(notices).toContainEqual(
    '/usr/local/bin/mytool names /opt/models/large, which is not packed: it would add 68 MB; name what it needs in include');
});

test('in a shared directory, files of packages that a self-built program does not need are skipped with a notice', () => {
  const root = system();
  root.compile('/work/ment', printing(['/usr/lib/python3/dist-packages']));
  const listed = (name: string) => [
    '/usr',
    '/usr/lib',
    '/usr/lib/python3',
    '/usr/lib/python3/dist-packages',
    `/usr/lib/python3/dist-packages/${name}.py`,
  ];
  const status = [root.locate('/var/lib/dpkg/status')].map((file) => fs.readFileSync(file, 'utf8'));
  for (const name of ['alpha', 'beta']) {
    root.write({
      [`/usr/lib/python3/dist-packages/${name}.py`]: `# ${name}\n`,
      [`/var/lib/dpkg/info/${name}.list`]: `/.\n${listed(name).join('\n')}\n`,
    });
    status.push(`Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n`);
  }
  root.write({ '/var/lib/dpkg/status': status.join('\n') });
  const { data, notices } = find(root, './ment', WITH_DATA);
  expect(data.filter((file) => file.includes('python3'))).toEqual([]);
  expect(notices).toContainEqual(
    '/work/ment names /usr/lib/python3/dist-packages: files of packages there are not packed (alpha, beta); name what it needs in include');
});

describe('files beside a program', () => {
  const PLUGIN = 'snprintf(name, sizeof name, "%s/plugins/p.so", directory); void *h = dlopen(name, RTLD_NOW);' +
    ' if (!h) { puts(dlerror()); return 1; } printf("plug-in %d\\n", ((int (*)(void)) dlsym(h, "answer"))());';

  function bundle(root: Fixture, directory: string): void {
    root.compile(`${directory}/tool`, printing([], ['data/x.txt'], PLUGIN), ['-ldl']);
    root.compile(`${directory}/libs/libhelp.so`, 'int help(void) { return 42; }', ['-shared', '-fPIC', '-Wl,-soname,libhelp.so']);
    root.compile(`${directory}/plugins/p.so`, 'int help(void); int answer(void) { return help(); }',
      ['-shared', '-fPIC', root.locate(`${directory}/libs/libhelp.so`), '-Wl,-rpath,$ORIGIN/../libs']);
    root.write({ [`${directory}/data/x.txt`]: 'data\n', [`${directory}/.cache/x`]: 'hidden\n', [`${directory}/unrelated/y.txt`]: 'y\n' });
  }

  test.each(['/work/dist', '/home/me/project/dist', '/opt/vendor'])(
    'are packed from its build output %s, with the libraries of plug-ins',
    async (directory) => {
      const root = system();
      bundle(root, directory);
      expect(await output(root, `${directory}/tool`)).toBe('data\nplug-in 42\n');
      const { data } = find(root, `${directory}/tool`, WITH_DATA);
      expect(data.filter((file) => /hidden|\.cache|unrelated/.test(file))).toEqual([]);
    },
  );

  test('and beside its bin directory are packed', async () => {
    const root = system();
    root.compile('/work/dist/bin/tool', printing([], ['../share/x.txt']));
    root.write({ '/work/dist/share/x.txt': 'shared\n' });
    expect(await output(root, './dist/bin/tool')).toBe('shared\n');
  });

  test('are packed if the program counts the characters of its strings, as Go programs do', () => {
    const root = system();
    const strings = '!!!!!\\n/proc/self/exeassets/x.txtserver.yaml404 page not found';
    root.compile('/work/dist/tool', `const char strings[] = "${strings}"; void _start(void) {}`, ['-static', '-nostdlib']);
    root.write({ '/work/dist/assets/x.txt': 'x\n', '/work/dist/server.yaml': 'x: 1\n', '/work/dist/other.yaml': 'x: 2\n' });
    const { data } = find(root, './dist/tool', { ...WITH_DATA, cwd: '/work' });
    expect(data.filter((file) => /assets|yaml/.test(file))).toEqual(['/app/dist/assets/x.txt', '/app/dist/server.yaml']);
  });

  test.each([
    ['behind its image', (file: string, data: string) => fs.appendFileSync(file, fs.readFileSync(data))],
    ['in a section of its own', (file: string, data: string) => execFileSync('objcopy', ['--add-section', `ownarchive=${data}`, file])],
  ])('are packed if the program has their names in data that it carries %s', async (_, carry) => {
    const root = system();
    const source = printing([]).replace(/return 0;\s*\}$/, `
      static char data[1 << 20];
      FILE *self = fopen("/proc/self/exe", "rb");
      size_t size = fread(data, 1, sizeof data, self);
      char *option = 0;
      for (char *at = data; at + 19 < data + size; at++) if (memcmp(at, "contents-directory ", 19) == 0) option = at;
      snprintf(name, sizeof name, "%s/%.9s/x.txt", directory, option + 19);
      return show(name);
    }`);
    root.compile('/work/dist/tool', source);
    root.write({
      '/work/archive': 'archive\0contents-directory _internal\0end\0',
      '/work/dist/_internal/x.txt': 'internal\n',
      '/work/dist/unrelated/x.txt': 'u\n',
    });
    carry(root.locate('/work/dist/tool'), root.locate('/work/archive'));
    expect(await output(root, '/work/dist/tool')).toBe('internal\n');
    expect(find(root, '/work/dist/tool', WITH_DATA).data.filter((file) => file.includes('unrelated'))).toEqual([]);
  });

  test('are skipped with a notice in a source tree, and not read in a home directory', () => {
    const root = system();
    for (const directory of ['/work/project', '/home/me']) bundle(root, directory);
    root.write({ '/work/project/package.json': '{}' });
    const { data, notices } = find(root, './project/tool', WITH_DATA);
    expect(data.filter((file) => /data|plugins/.test(file))).toEqual([]);
    expect(notices).toContainEqual(
      '/work/project/plugins, beside /work/project/tool, is not packed: /work/project is a source tree; name it in include if the ' +
        'program needs it',
    );
    const home = find(root, '/home/me/tool', WITH_DATA);
    expect(home.data.filter((file) => /data|plugins/.test(file))).toEqual([]);
  });

  test.each([
    ['open(os.path.join(os.path.dirname(__file__), "tables", "a.csv"))', ['tables']],
    ["read(Path(__file__).parent / 'tables')", ['tables']],
    ["readFileSync(path.join(__dirname, 'tables', 'a.csv')); parse('other.txt')", ['other.txt', 'tables']],
    ["choices = ['tables', 'other.txt']", []],
    ["print(__file__, 'a table', 'tables.csv')", []],
  ])('are packed if a script that finds its own path has their names in quotes: %s', (line, expected) => {
    const root = system();
    root.compile('/usr/bin/lang', 'int main(void) { return 0; }');
    root.write({ '/work/dist/tool': `#!/usr/bin/lang\n${line}\n`, '/work/dist/tables/a.csv': 'a\n', '/work/dist/other.txt': 'o\n' });
    const { data } = find(root, './dist/tool', WITH_DATA);
    const beside = data.map((file) => /^\/app\/dist\/(tables|other\.txt)/.exec(file)?.[1]).filter((name) => name !== undefined);
    expect(beside.sort()).toEqual(expected);
  });

  test('are packed for a script that finds its own path if their directories have usual names', () => {
    const root = system();
    root.compile('/usr/bin/lang', 'int main(void) { return 0; }');
    root.write({ '/opt/app/bin/tool': '#!/usr/bin/lang\nhome=$0\n', '/opt/app/conf/a.conf': 'a\n', '/opt/app/other/b': 'b\n' });
    const { data } = find(root, '/opt/app/bin/tool', WITH_DATA);
    expect(data.filter((file) => file.startsWith('/opt/app/') || file.startsWith('/app/')).sort())
      .toEqual(['/opt/app/bin/tool', '/opt/app/conf/a.conf']);
  });

  test('are skipped with a notice if they exceed the size budget', () => {
    const root = system();
    root.compile('/work/dist/tool', printing([], ['data/x.txt']));
    root.write({ '/work/dist/data/x.txt': noise(1024, 1) });
    fs.truncateSync(root.locate('/work/dist/data/x.txt'), 65 * 1024 * 1024);
    expect(find(root, './dist/tool', WITH_DATA).notices).toContainEqual(
      '/work/dist/data, beside /work/dist/tool, is not packed: it would add 68 MB; name it in include if the program needs it');
  });

  test('are skipped if they are credentials or not world-readable', () => {
    const root = system();
    root.compile('/work/dist/tool', printing([], ['data/x.txt']));
    root.write({ '/work/dist/data/x.txt': 'x\n', '/work/dist/data/.env': 'TOKEN=1\n', '/work/dist/data/private.txt': 'p\n' });
    fs.chmodSync(root.locate('/work/dist/data/private.txt'), 0o600);
    const { data, skipped } = find(root, './dist/tool', WITH_DATA);
    expect(data.filter((file) => file.includes('/data/'))).toEqual(['/app/dist/data/x.txt']);
    expect(skipped.get('/work/dist/data/.env')).toMatch(/^may be secret/);
    expect(skipped.get('/work/dist/data/private.txt')).toBe('not world-readable');
  });
});

/** A host with a shell: it starts scripts that find files by their own path. */
function withShell(): Fixture {
  const host = new Fixture().debian().libc();
  host.copy('/bin/dash', '/usr/bin/sh');
  return host;
}

test('a program behind a script is packed with the files beside it, wherever the script is', async () => {
  const root = system();
  root.copy('/bin/dash', '/usr/bin/sh');
  root.compile('/usr/local/lib/rig-2/rig.bin', printing([], ['words.txt']));
  root.write({
    '/usr/local/bin/rig': '#!/usr/bin/sh\nexec "${0%/*}/../lib/rig-2/rig.bin" "$@"\n',
    '/usr/local/lib/rig-2/words.txt': 'words\n',
    '/usr/local/lib/other/words.txt': 'other\n',
  });
  fs.chmodSync(root.locate('/usr/local/bin/rig'), 0o755);
  expect(await output(root, 'rig', withShell())).toBe('words\n');
  expect(find(root, 'rig', WITH_DATA).data.filter((file) => file.includes('/other/'))).toEqual([]);
});

test('a program that finds its libraries only by LD_LIBRARY_PATH of the script that starts it is packed with them', async () => {
  const root = system();
  root.copy('/bin/dash', '/usr/bin/sh');
  root.compile('/opt/rig/usr/lib/libown.so.1', 'int own(void) { return 42; }', ['-shared', '-fPIC', '-Wl,-soname,libown.so.1']);
  root.compile(
    '/opt/rig/usr/bin/rig.bin',
    '#include <stdio.h>\nint own(void); int main(void) { return printf("%d\\n", own()) < 0; }',
    [root.locate('/opt/rig/usr/lib/libown.so.1')],
  );
  root.write({ '/opt/rig/run': '#!/usr/bin/sh\nhere="${0%/*}"\nLD_LIBRARY_PATH="$here/usr/lib" exec "$here/usr/bin/rig.bin"\n' });
  fs.chmodSync(root.locate('/opt/rig/run'), 0o755);
  expect(await output(root, '/opt/rig/run', withShell())).toBe('42\n');
});
