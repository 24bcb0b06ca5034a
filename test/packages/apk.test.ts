import { createHash } from 'crypto';
import * as path from 'path';
import { apkDatabase } from '../../lib/packages/apk';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { type Content, Fixture } from '../fixture';
import { lambda, make, plan } from '../plan/make';

/** An Alpine root with its package database, in which no package owns the C library yet. */
class Alpine extends Fixture {
  private readonly stanzas: string[] = [];

  constructor(private readonly database = '/lib/apk/db/installed') {
    super();
    this.alpine();
  }

  /** Installs a package. `[]` is the content of a file that exists already. */
  public install(
    name: string,
    files: Readonly<Record<string, Content | readonly []>>,
    fields: Readonly<Record<string, string>> = {},
  ): this {
    const lines = Object.entries({ C: 'Q1AAAA=', P: name, V: '1.2-r0', A: 'x86_64', T: 'F: no field, R: none', o: name, ...fields }).map(
      ([field, value]) => `${field}:${value}`,
    );
    const directories = new Map<string, string[]>();
    for (const [inside, content] of Object.entries(files)) {
      if (!Array.isArray(content)) this.write({ [inside]: content as Content });
      const directory = path.posix.dirname(inside).slice(1);
      directories.set(directory, [...(directories.get(directory) ?? []), path.posix.basename(inside)]);
    }
    for (const [directory, names] of directories) {
      lines.push(`F:${directory}`, 'M:0:0:755', ...names.flatMap((one) => [`R:${one}`, 'a:0:0:755', 'Z:Q1AAAA=']));
    }
    this.stanzas.push(`${lines.join('\n')}\n\n`);
    this.write({ [this.database]: this.stanzas.join('') });
    return this;
  }
}

let root: Alpine;
beforeEach(() => {
  root = new Alpine();
});

const database = () => apkDatabase(new DirectoryRoot(root.directory))!;

describe('the owner of a file', () => {
  test('is the package that lists it, even for a file in the top directory', () => {
    root
      .install('rig', { '/usr/share/rig/names': '', '/usr/share/rig/a/b': '', '/rigfile': '' })
      .install('other', { '/usr/share/other/names': '' });
    expect(
      ['/usr/share/rig/names', '/usr/share/rig/a/b', '/rigfile', '/usr/share/other/names', '/usr/share/none'].map(
        (real) => database().ownerOf(real)?.name,
      ),
    ).toEqual(['rig', 'rig', 'rig', 'other', undefined]);
  });

  test('is found if /lib is merged into /usr/lib, together with the database', () => {
    const merged = new Fixture();
    merged.write({ '/lib': { link: 'usr/lib' }, '/usr/lib/apk/db/installed': 'P:musl\nV:1\nF:lib\nR:ld-musl-x86_64.so.1\n\n' });
    const found = apkDatabase(new DirectoryRoot(merged.directory))!;
    expect(found.ownerOf('/usr/lib/ld-musl-x86_64.so.1')?.name).toBe('musl');
  });

  test('is known for a directory, and so is whether only one package lists it', () => {
    root.install('rig', { '/usr/share/rig/names': '', '/usr/share/common/one': '' }).install('other', { '/usr/share/common/two': '' });
    const one = database();
    expect(one.files(one.get('rig')!)).toEqual(['/usr/share/rig', '/usr/share/rig/names', '/usr/share/common', '/usr/share/common/one']);
    expect(['/usr/share/rig', '/usr/share/none', '/usr/share/common'].map((real) => one.isSole(real))).toEqual([true, true, false]);
    expect([one.lists(one.get('other')!, '/usr/share/common'), one.lists(one.get('other')!, '/usr/share/rig')]).toEqual([true, false]);
  });
});

describe('the dependencies of a package', () => {
  test('are named with or without a version, and do not include conflicts', () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) root.install(name, {});
    root.install('rig', {}, { D: 'a b>=1.2 c~3.4 d=1-r0 e@edge !f missing' });
    expect(database().get('rig')!.depends).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('include the providers of a library, a command, a path or a name', () => {
    root
      .install('libx', {}, { p: 'so:libx.so.1=1.2.3' })
      .install('tools', {}, { p: 'cmd:tool=1-r0 /bin/tool' })
      .install('new', {}, { p: 'old=7' });
    root.install('rig', { '/usr/share/rig/names': '' }, { D: 'so:libx.so.1 cmd:tool /bin/tool old so:libmissing.so' });
    expect(database().get('rig')!.depends).toEqual(['libx', 'tools', 'new']);
  });

  test('include a file of a package that comes later in the database', () => {
    root.install('rig', {}, { D: '/usr/bin/tool' }).install('zebra', { '/usr/bin/tool': '' });
    expect(database().get('rig')!.depends).toEqual(['zebra']);
  });
});

test('packages that apk installs automatically beside a package count as recommended by it', () => {
  root.install('rig', {}).install('rig-plugin', {}, { i: 'rig=1.2-r0 other' }).install('other', {});
  expect(database().get('rig')!.recommends).toEqual(['rig-plugin']);
});

test('packages have their origin as source package', () => {
  root.install('rig', {}).install('rig-data', {}, { o: 'rig' }).install('rigging', {});
  expect(database().builtFrom('rig').map(({ name }) => name)).toEqual(['rig', 'rig-data']);
  expect(database().get('rig-data')!.source).toBe('rig');
});

test('without its file, there is no database', () => {
  expect(apkDatabase(new DirectoryRoot(new Fixture().directory))).toBeUndefined();
});

/** One program with many names, each with its own behaviour, and a library and data that it mentions. */
const BOX = `
  #include <libgen.h>
  #include <netdb.h>
  #include <stdio.h>
  #include <string.h>
  const char *greeting(void);
  int main(int argc, char **argv) {
    if (strcmp(basename(argv[0]), "greet") == 0) return puts(greeting()) < 0;
    char line[100];
    FILE *file = fopen("/usr/share/box/names", "r");
    if (!file || !fgets(line, sizeof line, file)) return 1;
    fputs(line, stdout);
    struct servent *service = getservbyname("rig", "tcp");
    return service ? printf("%d\\n", ntohs(service->s_port)) < 0 : 2;
  }`;

describe('checksums of apk', () => {
  const sha1 = (text: string) => createHash('sha1').update(text);

  test('follow the name of a file', () => {
    root.write({
      '/lib/apk/db/installed': `P:conf\nV:1\nF:etc\nR:one\na:0:0:644\nZ:Q1${sha1('x').digest('base64')}\nR:two\nZ:Q1AAAA=\n\n`,
    });
    const one = database();
    expect([...one.checksums(one.get('conf')!)]).toEqual([['/etc/one', `sha1:${sha1('x').digest('hex')}`]]);
  });

  test('decide whether a file below /etc is packed: a changed file is not', () => {
    root.compile('/usr/bin/tool', 'int main(void) { return !"/etc/tool/same /etc/tool/changed"; }', [], 'musl-gcc');
    const checksum = `Z:Q1${sha1('as installed\n').digest('base64')}`;
    const conf = `P:tool\nV:1\nA:x86_64\nF:usr/bin\nR:tool\nF:etc/tool\nR:same\n${checksum}\nR:changed\n${checksum}\n\n`;
    root.write({ '/lib/apk/db/installed': conf, '/etc/tool/same': 'as installed\n', '/etc/tool/changed': 'password=x\n' });
    const planned = plan(root, 'tool', { detectData: true });
    expect(planned.plan.entries.map((entry) => entry.path)).toContain('/etc/tool/same');
    expect(planned.plan.entries.map((entry) => entry.path)).not.toContain('/etc/tool/changed');
    expect(planned.notices).toEqual([expect.stringContaining('/etc/tool/changed (changed since the package tool was installed)')]);
  });
});

describe('the layer of an apk program', () => {
  beforeEach(() => {
    root.compile(
      '/usr/lib/libfoo.so.1',
      'const char *greeting(void) { return "hello"; }',
      ['-shared', '-fPIC', '-Wl,-soname,libfoo.so.1'],
      'musl-gcc',
    );
    root.compile('/bin/box', BOX, ['-include', 'arpa/inet.h', root.locate('/usr/lib/libfoo.so.1')], 'musl-gcc');
    root.write({ '/usr/bin/greet': { link: '/bin/box' } });
    root.install('musl', { '/lib/ld-musl-x86_64.so.1': [], '/lib/libc.musl-x86_64.so.1': [] }, { p: 'so:libc.musl-x86_64.so.1=1' });
    root.install('libfoo', { '/usr/lib/libfoo.so.1': [] }, { p: 'so:libfoo.so.1=1', D: 'so:libc.musl-x86_64.so.1' });
    root.install('box', { '/bin/box': [], '/usr/share/man/man1/box.1': '' }, { D: 'so:libfoo.so.1 so:libc.musl-x86_64.so.1 box-data' });
    root.install('box-data', { '/usr/share/box/names': 'the names\n', '/usr/share/box/unmentioned': '' }, { o: 'box' });
    root.install('foreign', { '/usr/share/foreign/names': '', '/usr/share/zoneinfo/UTC': '' });
    root.write({ '/etc/services': 'rig 1234/tcp\n', '/etc/localtime': '' });
  });

  test('has the data of its package and of packages of the same origin, and the files that musl opens for it', () => {
    const files = plan(root, 'box', { detectData: true, searchPath: ['/usr/bin', '/bin'] })
      .plan.entries.filter(({ kind }) => kind === 'file')
      .map((entry) => entry.path);
    expect(files).toEqual([
      '/bin/box',
      '/etc/services',
      '/lib/ld-musl-x86_64.so.1',
      '/usr/lib/libfoo.so.1',
      '/usr/share/box/names',
      '/usr/share/box/unmentioned',
    ]);
  });

  test('runs it under each of its names', async () => {
    const layer = await make(root, 'box', { binaries: ['box', 'greet'], detectData: true, searchPath: ['/usr/bin', '/bin'] });
    const host = new Fixture();
    host.library('/lib64/libfoo.so.1', { source: 'const char *greeting(void) { return "the host"; }' });
    host.write({ '/etc/services': 'rig 4321/tcp\n', '/usr/share/box/names': 'names of the host\n' });
    expect(lambda(layer.opt, ['box'], host)).toEqual({ status: 0, stdout: 'the names\n1234\n', stderr: '', signal: null });
    expect(lambda(layer.opt, ['greet'], host)).toEqual({ status: 0, stdout: 'hello\n', stderr: '', signal: null });
  });
});
