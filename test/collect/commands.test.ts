import * as fs from 'fs';
import { find, LIB, libraryWith, makeFound, Packaged, programWith } from './packaged';
import { lambda } from '../plan/make';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

const started = (binary = 'rig', more = {}) =>
  find(root, binary, more).data.filter((file) => file.startsWith('/usr/bin/') && file !== `/usr/bin/${binary}`);
const script = (inside: string, text: string) => {
  root.write({ [inside]: text });
  fs.chmodSync(root.locate(inside), 0o755);
};
/** A shell for scripts, without dependencies. */
const withShell = () => root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });

describe('a command with its bare name in a program is packed', () => {
  test('if the name is a separate string and the command is of its package or of a direct or indirect dependency', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0paint\0far\0'), '/usr/bin/paint': programWith() }, { Depends: 'near' });
    root.install('near', {}, { Depends: 'far' }).install('far', { '/usr/bin/far': programWith() });
    expect(started()).toEqual(['/usr/bin/far', '/usr/bin/paint']);
  });

  test('if an option or an argument follows the name', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0one -q\0two %s\0three "%s"\0four files\0') }, { Depends: 'tools' });
    root.install('tools', Object.fromEntries(['one', 'two', 'three', 'four'].map((name) => [`/usr/bin/${name}`, programWith()])));
    expect(started()).toEqual(['/usr/bin/one', '/usr/bin/three', '/usr/bin/two']);
  });

  test('with the data of its package and the commands that it starts', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0paint\0') }, { Depends: 'paint' });
    root.install('paint', { '/usr/bin/paint': programWith('\0mix\0'), '/usr/share/paint/colours': '' }, { Depends: 'mix' });
    root.install('mix', { '/usr/bin/mix': programWith() });
    expect(find(root).data).toEqual(['/usr/bin/mix', '/usr/bin/paint', '/usr/bin/rig', '/usr/share/paint/colours']);
  });

  test('through a link of update-alternatives', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0java\0') }, { Depends: 'jre' });
    root.install('jre', { '/usr/lib/jvm/bin/java': programWith() });
    root.write({ '/usr/bin/java': { link: '/etc/alternatives/java' }, '/etc/alternatives/java': { link: '/usr/lib/jvm/bin/java' } });
    expect(find(root).data).toContain('/usr/lib/jvm/bin/java');
  });

  test('through such a link if a path names it', () => {
    withShell().install(
      'rig',
      { '/usr/bin/rig': '#!/bin/sh\nif [ -x /usr/bin/java ]; then JAVA=/usr/bin/java; fi\nexec "$JAVA"\n' },
      { Depends: 'jre' },
    );
    root.install('jre', { '/usr/lib/jvm/bin/java': programWith(), '/usr/lib/jvm/lib/modules': 'data' });
    root.write({ '/usr/bin/java': { link: '/etc/alternatives/java' }, '/etc/alternatives/java': { link: '/usr/lib/jvm/bin/java' } });
    expect(find(root).data).toEqual(expect.arrayContaining(['/usr/bin/java', '/usr/lib/jvm/bin/java', '/usr/lib/jvm/lib/modules']));
  });

  test.each([
    ['behind a variable that may be empty', 'exec $wrapper rig.bin "$@"'],
    ['as a suffix of the name of the script', 'exec $0.bin "$@"'],
  ])('in a shell script %s', (_, line) => {
    withShell().install('rig', { '/usr/bin/rig': `#!/bin/sh\n${line}\n`, '/usr/bin/rig.bin': programWith() });
    expect(started()).toEqual(['/usr/bin/rig.bin', '/usr/bin/sh']);
  });

  test('if its package is behind a metapackage that the package of a script recommends', () => {
    withShell().install('rig', { '/usr/bin/rig': '#!/bin/sh\nexec paint\n' }, { Recommends: 'default-paint' });
    root.install('default-paint', { '/usr/share/doc/default-paint/copyright': '' }, { Depends: 'paint-2' });
    root.install('paint-2', { '/usr/bin/paint': programWith(), '/usr/share/paint/colours': '' });
    expect(find(root).data).toEqual(expect.arrayContaining(['/usr/bin/paint', '/usr/share/paint/colours']));
  });

  test('in a module of a script if its package is behind a metapackage on which that of the script depends', () => {
    const files = { '/usr/bin/rig': '#!/usr/bin/lang\n', '/usr/lib/rig/draw.py': 'start = "paint"\n' };
    root.install('rig', files, { Depends: 'lang, paint-all' }).install('paint-2', { '/usr/bin/paint': programWith() });
    root.install('lang', { '/usr/bin/lang': programWith() }).install('paint-all', {}, { Depends: 'paint-2' });
    expect(started()).toEqual(['/usr/bin/lang', '/usr/bin/paint']);
  });

  test('if a shell script has the name as the value of a variable', () => {
    withShell().install('rig', {
      '/usr/bin/rig': '#!/bin/sh\nRIG_EXECUTABLE=paint\nexec "`dirname \\"$0\\"`/$RIG_EXECUTABLE"\n',
      '/usr/bin/paint': programWith(),
    });
    expect(started()).toContain('/usr/bin/paint');
  });

  test('if a shell script has a word with a variable, for each value of the variable', () => {
    const text = '#!/bin/sh\nversion=14\nversion="13"\nrig="`dirname \\"$0\\"`/rig$version"\nnone="none${unknown}"\nexec "$rig"\n';
    withShell().install('rig', {
      '/usr/bin/rig': text,
      '/usr/bin/rig13': programWith(),
      '/usr/bin/rig14': programWith(),
      '/usr/bin/none': programWith(),
    });
    expect(started()).toEqual(expect.arrayContaining(['/usr/bin/rig13', '/usr/bin/rig14']));
    expect(started()).not.toContain('/usr/bin/none');
  });

  test('with its data if the package of the script only recommends it', () => {
    withShell().install('rig', { '/usr/bin/rig': '#!/bin/sh\npaint -q\n' }, { Recommends: 'paint' });
    root.install('paint', { '/usr/bin/paint': programWith(), '/usr/share/paint/colours': '' });
    expect(find(root).data).toEqual(expect.arrayContaining(['/usr/bin/paint', '/usr/share/paint/colours']));
  });

  test('if a configuration file of its package has the name, but not if comments or other texts do', () => {
    root.install('rig', {
      '/usr/bin/rig': programWith(),
      '/usr/bin/post': programWith(),
      '/usr/bin/commented': programWith(),
      '/usr/bin/told': programWith(),
      '/usr/share/rig/DESC': '# not commented\npostpro post\n',
      '/usr/share/rig/tale.txt': 'once told twice',
    });
    expect(started()).toEqual(['/usr/bin/post']);
  });
});

test('a command that a program has with an option is packed if its package only recommends that of the command', () => {
  root.install('rig', { '/usr/bin/rig': programWith('\0list\xbaunpack -t\x90xunzip -q\0') }, { Recommends: 'tools' });
  root.install('tools', Object.fromEntries(['list', 'unpack', 'unzip'].map((name) => [`/usr/bin/${name}`, programWith()])));
  expect(started()).toEqual(['/usr/bin/unpack']);
});

test('a command in a module of a program with its own language is packed if a package of the program depends on its package', () => {
  root.install('rig', { '/usr/bin/rig': programWith() }, { Source: 'rig', Depends: 'rig-data, painter' });
  root.install('rig-data', { '/usr/share/rig/scm/out.scm': '(search-executable \'("paint" "other"))\n' }, { Source: 'rig' });
  root.install('painter', { '/usr/bin/paint': programWith() }).install('other', { '/usr/bin/other': programWith() });
  expect(started()).toEqual(['/usr/bin/paint']);
});

describe('a command is not packed', () => {
  test('if no package needs its package, or if every system has it', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0sort\0stranger\0') }, { Depends: 'coreutils' });
    root
      .install('coreutils', { '/usr/bin/sort': programWith() }, { Essential: 'yes' })
      .install('stranger', { '/usr/bin/stranger': programWith() });
    expect(started()).toEqual([]);
  });

  test('if only a library or a symbol table contains its name', () => {
    root.install('rig', {
      '/usr/bin/rig': programWith('', ['librig.so.1']),
      [`${LIB}/librig.so.1`]: libraryWith('librig.so.1', '\0paint\0'),
      '/usr/bin/paint': programWith(),
    });
    root.install('other', { '/usr/bin/librig.so.1': programWith() });
    expect(started()).toEqual([]);
  });

  test('if it is excluded or not world-readable; it is skipped with a reason', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0one\0two\0'), '/usr/bin/one': programWith(), '/usr/bin/two': programWith() });
    fs.chmodSync(root.locate('/usr/bin/two'), 0o700);
    const { data, skipped } = find(root, 'rig', { exclude: ['/usr/bin/one'] });
    expect(data).toEqual(['/usr/bin/rig']);
    expect([skipped.get('/usr/bin/one'), skipped.get('/usr/bin/two')]).toEqual([
      'started by /usr/bin/rig, but excluded',
      'started by /usr/bin/rig, but not world-readable',
    ]);
  });

  test('if a library is missing; it is skipped with a reason', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0one\0'), '/usr/bin/one': programWith('', ['libmissing.so.1']) });
    const { data, skipped } = find(root);
    expect(data).toEqual(['/usr/bin/rig']);
    expect(skipped.get('/usr/bin/one')).toMatch(/^started by \/usr\/bin\/rig, but libmissing\.so\.1 not found/);
  });

  test('if no package needs its interpreter; it is skipped with a reason', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0tool\0'), '/usr/bin/tool': '#!/usr/bin/python3\n' });
    root.install('python3', { '/usr/bin/python3': programWith() });
    const { data, skipped } = find(root);
    expect(data).toEqual(['/usr/bin/rig']);
    expect(skipped.get('/usr/bin/tool')).toBe('started by /usr/bin/rig, but no package needs its interpreter /usr/bin/python3');
  });
});

describe('a script', () => {
  test('for a shell starts the words in command position', () => {
    withShell();
    root.install('rig', {}, { Depends: 'tools' });
    const names = ['first', 'piped', 'substituted', 'executed', 'assigned', 'conditional', 'argument', 'commented', 'assignment'];
    root.install('tools', Object.fromEntries(names.map((name) => [`/usr/bin/${name}`, programWith()])));
    script(
      '/usr/bin/rig',
      [
        '#!/bin/sh',
        'first -x argument | piped',
        '# commented',
        'x=$(substituted)',
        'A=1 B="2 3" assigned',
        'if conditional; then',
        '  exec executed',
        'fi',
        'assignment=1',
        '',
      ].join('\n'),
    );
    root.install('rig-bin', { '/usr/bin/rig': [] }, { Depends: 'tools', Source: 'rig' });
    expect(started().filter((file) => file !== '/usr/bin/sh')).toEqual(
      ['assigned', 'conditional', 'executed', 'first', 'piped', 'substituted'].map((name) => `/usr/bin/${name}`),
    );
  });

  test('in another language starts commands that are at the beginning of strings', () => {
    root.install('perl', { '/usr/bin/perl': programWith() }, { Essential: 'yes' });
    root.install('tools', Object.fromEntries(['one', 'two', 'three'].map((name) => [`/usr/bin/${name}`, programWith()])));
    script('/usr/bin/rig', '#!/usr/bin/perl\nsystem("one", "x"); my $x = `two -x`; # three\nprint "and three";\n');
    root.install('rig', { '/usr/bin/rig': [] }, { Depends: 'tools' });
    expect(started().filter((file) => file !== '/usr/bin/perl')).toEqual(['/usr/bin/one', '/usr/bin/two']);
  });

  test('that no package owns may start commands of any package, except essential ones', () => {
    withShell();
    root
      .install('jq', { '/usr/bin/jq': programWith(), '/usr/share/jq/data': '' })
      .install('coreutils', { '/usr/bin/sort': programWith() }, { Essential: 'yes' });
    script('/work/report.sh', '#!/bin/sh\njq . | sort\n');
    const { data } = find(root, '/work/report.sh');
    expect(data).toContain('/usr/bin/jq');
    expect(data).toContain('/usr/share/jq/data');
    expect(data).not.toContain('/usr/bin/sort');
  });
});

test('a command is on PATH in the function; a requested program takes precedence over a command with the same name', async () => {
  root.install('rig', {
    '/usr/bin/rig': programWith('\0paint\0other\0'),
    '/usr/bin/paint': programWith(),
    '/usr/bin/other': programWith(),
  });
  const { plan, opt, summary } = await makeFound(root, 'rig', { rename: { rig: 'other' } });
  const leads = (name: string) => fs.realpathSync(`${opt}/bin/${name}`).slice(`${opt}/elf/${plan.key}`.length);
  expect(['paint', 'other'].map(leads)).toEqual(['/usr/bin/paint', '/usr/bin/rig']);
  expect(summary.programs).toEqual(['other']);
});

describe('a shell script that starts commands', () => {
  /** The script in the layer without its first line. */
  const packed = async (text: string) => {
    withShell().install('rig', { '/usr/bin/rig': `#!/bin/sh\n${text}`, '/usr/bin/printf': programWith() });
    const { opt, plan } = await makeFound(root);
    return fs.readFileSync(`${opt}/elf/${plan.key}/usr/bin/rig`, 'utf8').split('\n').slice(1).join('\n');
  };

  test('finds them in /opt/bin before it finds those of the host, and each of its lines keeps its number', async () => {
    expect(await packed('# comment\nprintf x\n')).toBe('PATH=/opt/bin:$PATH; # comment\nprintf x\n');
  });

  test.each(['exec tclsh "$0" "$@"\nprintf x\n', '"exec" "perl" "$0"\nprintf x\n', '# starts nothing\n'])(
    'is not changed if it is for another interpreter as well, or starts no command: %j',
    async (text) => {
      expect(await packed(text)).toBe(text);
    },
  );
});

test('shell code with permission to be executed keeps it without a first line that names the shell', async () => {
  root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/BATCH': 'echo "$@"\n', '/usr/share/rig/notes': 'echo\n' });
  fs.chmodSync(root.locate('/usr/share/rig/BATCH'), 0o755);
  const { opt, plan } = await makeFound(root);
  const modeOf = (name: string) => fs.statSync(`${opt}/elf/${plan.key}/usr/share/rig/${name}`).mode & 0o777;
  expect(['BATCH', 'notes'].map(modeOf)).toEqual([0o755, 0o644]);
});

describe('a program that names the directory of headers', () => {
  const development = {
    '/usr/include/stdio.h': '',
    [`${LIB}/crt1.o`]: '',
    [`${LIB}/libc.a`]: '',
    [`${LIB}/libc.so`]: 'GROUP ( /lib/x86_64-linux-gnu/libc.so.6 )',
    '/usr/share/doc/libc6-dev/README': '',
  };

  test('is packed with headers and linker files of its dependencies and recommendations', () => {
    root.install('cc', { '/usr/bin/cc': programWith('\0/usr/include\0') }, { Recommends: 'libc6-dev' });
    root.install('libc6-dev', development).install('libother-dev', { '/usr/include/other.h': '' });
    expect(find(root, 'cc').all).toEqual(
      expect.arrayContaining(['/usr/include/stdio.h', `${LIB}/crt1.o`, `${LIB}/libc.a`, `${LIB}/libc.so`]),
    );
    expect(find(root, 'cc').all).not.toContain('/usr/include/other.h');
    expect(find(root, 'cc').all).not.toContain('/usr/share/doc/libc6-dev/README');
  });

  test('of a single library is packed without headers', () => {
    root
      .install('rig', { '/usr/bin/rig': programWith('\0/usr/include/rig\0') }, { Recommends: 'libc6-dev' })
      .install('libc6-dev', development);
    expect(find(root).all).not.toContain('/usr/include/stdio.h');
  });
});

test('plug-ins of a statically linked program are skipped with a reason', () => {
  root.compile('/usr/bin/rig', 'int main(void) { return 0; } const char *volatile directory = "/usr/lib/rig";', ['-static']);
  root.install('rig', { '/usr/bin/rig': [], '/usr/lib/rig/plugin.so': libraryWith('plugin.so', '', ['libc.so.6']) });
  const { data, skipped } = find(root);
  expect(data).toEqual(['/usr/bin/rig']);
  expect(skipped.get('/usr/lib/rig/plugin.so')).toBe('a plug-in, and /usr/bin/rig is linked statically');
});

describe('a program with /usr/bin and the name of a command in separate strings', () => {
  const files = { '/usr/bin/agent': programWith() };

  test.each(['/lib/agent', '%s/agent', '"%s%sagent" -q'])('is packed with the command: %s', (text) => {
    root.install('rig', { '/usr/bin/rig': programWith(`\0/usr/bin\0${text}\0`), ...files });
    expect(started()).toEqual(['/usr/bin/agent']);
  });

  test('finds the command in /opt/bin', async () => {
    root.debian().libc();
    root.install('libc6', { [`${LIB}/libc.so.6`]: [], [`${LIB}/ld-linux-x86-64.so.2`]: [] }, { Source: 'glibc' });
    root.compile(
      '/usr/bin/rig',
      '#include <stdio.h>\n#include <unistd.h>\nvolatile int zero; int main(void) { char name[99]; sprintf(name, "%s/agent", ' +
        '&"/usr/bin"[zero]); execl(name, name, (char *)0); return 1; }',
    );
    root.compile('/usr/bin/agent', '#include <stdio.h>\nint main(void) { puts("agent"); }');
    root.install('rig', { '/usr/bin/rig': [], '/usr/bin/agent': [] }, { Depends: 'libc6' });
    const { opt } = await makeFound(root);
    expect(lambda(opt, ['rig'])).toMatchObject({ status: 0, stdout: 'agent\n' });
  });
});

describe('packages that extend the package of a program', () => {
  const install = (program: Parameters<Packaged['install']>[1]) => {
    root.install(
      'python3',
      { '/usr/bin/python3': programWith(), '/usr/lib/python3/site.py': 'join(prefix, "lib",\n  "python3", "dist-packages")', ...program },
      { Source: 'python' },
    );
    root.install('small', { '/usr/lib/python3/dist-packages/small/one.py': '' }, { Depends: 'python3' });
    root.install('large', { '/usr/lib/python3/dist-packages/large/one': '' }, { Depends: 'python3' });
  };
  const modules = (binary: string) => find(root, binary).data.filter((file) => file.includes('/dist-packages/'));

  test('are packed if the user requested the program', () => {
    install({});
    expect(modules('python3')).toEqual(['/usr/lib/python3/dist-packages/large/one', '/usr/lib/python3/dist-packages/small/one.py']);
  });

  test('are packed smallest first if the layer cannot hold all of them', () => {
    install({});
    fs.truncateSync(root.locate('/usr/lib/python3/dist-packages/large/one'), 261_500_000);
    expect(modules('python3')).toEqual(['/usr/lib/python3/dist-packages/small/one.py']);
  });

  test('are not packed if the program only runs a requested script', () => {
    install({});
    script('/usr/bin/rig', '#!/usr/bin/python3\n');
    root.install('rig', { '/usr/bin/rig': [] }, { Depends: 'python3, small' });
    expect(modules('rig')).toEqual(['/usr/lib/python3/dist-packages/small/one.py']);
  });
});

describe('shell code that a script sources is part of the script', () => {
  const functions = 'start() {\n  RUNNER=paint\n  exec $RUNNER "$@"\n}\n';
  const installed = (text: string, more: Parameters<Packaged['install']>[1] = {}, depends = 'wrappers, painter') => {
    withShell().install('rig', { '/usr/bin/rig': text, ...more }, { Depends: depends });
    root.install('wrappers', { '/usr/share/wrappers/functions.sh': functions });
    root.install('painter', { '/usr/bin/paint': programWith(), '/usr/share/painter/colours': '' });
  };

  test('a command in a file of another package is packed with the data of its package', () => {
    installed('#!/bin/sh\n. /usr/share/wrappers/functions.sh\nstart "$@"\n');
    expect(find(root).data).toEqual(expect.arrayContaining(['/usr/bin/paint', '/usr/share/painter/colours']));
  });

  test('a file that the first one sources counts, too', () => {
    const first = 'source /usr/share/wrappers/functions.sh\n';
    installed('#!/bin/sh\nif true; then . /usr/share/rig/first.sh; fi\n', { '/usr/share/rig/first.sh': first });
    expect(started()).toContain('/usr/bin/paint');
  });

  test('a file in a directory that only a variable names counts', () => {
    installed('#!/bin/sh\nhere=/usr/share/wrappers\n. "$here/functions.sh"\n');
    expect(started()).toContain('/usr/bin/paint');
  });

  test('a file that the script only mentions is not part of it', () => {
    installed('#!/bin/sh\ncat /usr/share/wrappers/functions.sh\n');
    expect(find(root).data).toContain('/usr/share/wrappers/functions.sh');
    expect(started()).not.toContain('/usr/bin/paint');
  });

  test('commands of packages that the script does not depend on are not packed', () => {
    installed('#!/bin/sh\n. /usr/share/wrappers/functions.sh\n', {}, 'wrappers');
    expect(started()).not.toContain('/usr/bin/paint');
  });
});
