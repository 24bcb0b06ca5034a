import * as fs from 'fs';
import * as path from 'path';
import { trace } from '../../lib/trace/strace';
import { Fixture, gcc, temporaryDirectory } from '../fixture';
import { plan } from '../plan/make';
import { privateTemporaryDirectory } from '../synth';

/** Files that every Debian has. */
const LICENSES = '/usr/share/common-licenses';

const environment = process.env;
beforeEach(() => {
  process.env = { ...environment };
});
afterEach(() => {
  process.env = environment;
});

const elsewhere: string[] = [];
afterAll(() => {
  for (const directory of elsewhere) fs.rmSync(directory, { recursive: true });
});

/** A directory whose files are traced: those below `/tmp` are ignored. */
function countedDirectory(): string {
  const directory = fs.mkdtempSync('/var/tmp/binary-layer-');
  elsewhere.push(directory);
  return directory;
}

const opened = (...commands: string[]) => trace(commands).opened.map((one) => one.path);
const licenses = (...commands: string[]) =>
  opened(...commands)
    .filter((file) => file.startsWith(LICENSES))
    .map((file) => path.basename(file));

function program(source: string, options: readonly string[] = []): string {
  const file = path.join(temporaryDirectory(), 'program');
  gcc(file, `
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <linux/openat2.h>
    #include <pthread.h>
    #include <stdlib.h>
    #include <sys/stat.h>
    #include <sys/syscall.h>
    #include <sys/wait.h>
    #include <unistd.h>
    static int must(int result) { if (result < 0) abort(); return result; }
    ${source}`, options);
  return file;
}

describe('a traced file', () => {
  test('is one that a command opens in any way', () => {
    const opener = program(`
      static void *thread(void *name) { must(open(name, O_RDONLY)); return 0; }
      int main(void) {
        must(open("${LICENSES}/GPL-1", O_RDONLY));
        must(chdir("/usr/share/doc"));
        must(open("../common-licenses/GPL-2", O_RDWR | O_PATH));
        int directory = must(open("${LICENSES}", O_RDONLY | O_DIRECTORY));
        must(openat(directory, "GPL-3", O_RDONLY));
        struct open_how how = { .flags = O_RDONLY };
        must(syscall(SYS_openat2, directory, "LGPL-2", &how, sizeof how));
        must(fchdir(directory));
        must(open("LGPL-2.1", O_RDONLY));
        must(syscall(SYS_openat, AT_FDCWD, "./LGPL-3", O_RDONLY));
        pthread_t id;
        pthread_create(&id, 0, thread, "Artistic");
        pthread_join(id, 0);
        if (fork() == 0) {
          must(chdir("/usr"));
          must(open("share/common-licenses/BSD", O_RDONLY));
          _exit(0);
        }
        wait(0);
        must(open("Apache-2.0", O_RDONLY));
        return 0;
      }`, ['-pthread']);
    const found = trace([opener])
      .opened.map((one) => ({ ...one, path: path.normalize(one.path) }))
      .filter((one) => one.path.startsWith(LICENSES));
    const names = ['GPL-1', 'GPL-2', 'GPL-3', 'LGPL-2', 'LGPL-2.1', 'LGPL-3', 'Artistic', 'BSD', 'Apache-2.0'];
    expect(found.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
      names.sort().map((name) => ({ path: `${LICENSES}/${name}`, by: opener })),
    );
  });

  test('is one that a command executes, even by a relative path', () => {
    const executer = program('int main(void) { must(chdir("/usr/bin")); return execl("./env", "env", "true", (char *) 0); }');
    expect(trace([executer]).opened).toEqual(
      expect.arrayContaining([
        { path: '/usr/bin/env', by: executer },
        { path: expect.stringMatching(/\/bin\/true$/), by: '/usr/bin/env' },
      ]),
    );
  });

  test('is not one that a command only looks at, looks for, lists or writes', () => {
    const looker = program(`
      int main(void) {
        struct stat found;
        char target[100];
        must(stat("${LICENSES}/GPL-2", &found));
        must(access("${LICENSES}/GPL-3", R_OK));
        must(readlink("${LICENSES}/GPL", target, sizeof target));
        must(open("${LICENSES}", O_RDONLY));
        return open("${LICENSES}/no-such-license", O_RDONLY) < 0 ? 0 : 1;
      }`);
    const written = path.join(countedDirectory(), 'written');
    expect(licenses(looker, `ls ${LICENSES}`)).toEqual([]);
    expect(opened(`echo written > ${written}`)).toEqual([]);
    expect(fs.readFileSync(written, 'utf8')).toBe('written\n');
  });

  test('is not one that only the shell around the command opens', () => {
    expect(opened('true')).toEqual([]);
    expect(opened(`read line < ${LICENSES}/BSD`)).toEqual([`${LICENSES}/BSD`]);
  });

  test('is not below /tmp, /proc, /sys or /dev, and exists', () => {
    const file = path.join(temporaryDirectory(), 'file');
    fs.writeFileSync(file, '\n');
    expect(
      opened(
        `read line < ${file}`,
        'echo > own; read line < own',
        'read line < /proc/self/stat',
        'read line < /sys/kernel/uevent_seqnum',
        ': < /dev/null',
      ),
    ).toEqual([]);
    const gone = path.join(countedDirectory(), 'gone');
    expect(opened(`echo > ${gone}; read line < ${gone}; rm ${gone}`)).not.toContain(gone);
  });

  test('has the name by which it was opened, even a link, except for temporary links', () => {
    expect(licenses(`read line < ${LICENSES}/GPL`)).toEqual(['GPL']);
    expect(licenses(`ln -s ${LICENSES}/GPL-2 link; read line < link`)).toEqual(['GPL-2']);
    expect(licenses(`read line < ../../../../../../../..${LICENSES}/BSD`)).toEqual(['BSD']);
  });

  test.each(['two words', '"quoted"', 'back\\slash', 'new\nline', ') = 3<name>', 'grün'])('may have the name %j', (name) => {
    const file = path.join(countedDirectory(), name);
    fs.writeFileSync(file, '');
    const named = `NAMED='${file}'; `;
    expect(opened(`${named}cat "$NAMED"`)).toContain(file);
    expect(opened(`${named}cd "\${NAMED%/*}"; cat "./\${NAMED##*/}"`)).toContain(file);
  });

  test('may be opened in another PID namespace', () => {
    expect(licenses(`bwrap --dev-bind / / --unshare-pid sh -c 'cd ${LICENSES}; cat BSD; true'`)).toEqual(['BSD']);
  });

  test('of several commands is listed once, in the order of paths', () => {
    expect(licenses(`cat ${LICENSES}/GPL-2 ${LICENSES}/BSD`, `cat ${LICENSES}/GPL-2`)).toEqual(['BSD', 'GPL-2']);
  });
});

describe('a trace command', () => {
  test('runs in an empty directory of its own, which is removed', () => {
    const temporary = privateTemporaryDirectory();
    trace([
      'test -z "$(ls -A)" && echo > file && mkdir -p a/b && chmod 500 a',
      'test ! -e file && test "$(ls -ld . | cut -c1-10)" = drwx------',
    ]);
    expect(fs.readdirSync(temporary)).toEqual([]);
  });

  test('that fails is an error with its exit code and its last lines, and its directory is removed', () => {
    const temporary = privateTemporaryDirectory();
    const command = 'i=0; while [ $i -lt 30 ]; do i=$((i + 1)); echo line $i; done; echo on stderr >&2; exit 7';
    expect(() => trace([command])).toThrow(
      `the trace command '${command}' ended with exit code 7, expected exit code 0; ` +
        'nothing was packed\n  last lines of output:\n    line 12\n',
    );
    expect(() => trace([command])).toThrow(/\n {4}line 30\n {4}on stderr$/);
    expect(() => trace(['exit 7'])).toThrow(/; nothing was packed\n {2}no output$/);
    expect(fs.readdirSync(temporary)).toEqual([]);
  });

  test.each([
    ['no-such-command', 'exit code 127'],
    ['kill -SEGV $$', 'exit code 139 (SIGSEGV)'],
    ['sh -c "kill -SEGV \\$\\$"', 'exit code 139 (SIGSEGV)'],
    ['cat /dev/zero', 'more than 64 MiB of output (send it to /dev/null)'],
  ])('%j ends with %s', (command, end) => {
    expect(() => trace([command])).toThrow(`' ended with ${end}, expected exit code 0`);
  });

  test('that leaves a process running is ended after a time, with an error that says what to do', () => {
    const temporary = privateTemporaryDirectory();
    // on a busy machine strace may not have started yet
    expect(() => trace(['echo started; sleep 20 &'], 1000)).toThrow(
      /^the trace command 'echo started; sleep 20 &' and the processes that it started had not ended after 1 s and were killed; nothing was packed\n {2}(?:output:\n {4}started|no output)\n {2}end its background processes/,
    );
    expect(fs.readdirSync(temporary)).toEqual([]);
    expect(licenses(`sleep 20 & read line < ${LICENSES}/BSD; kill $!`)).toEqual(['BSD']);
  });

  test('that fails is the last one to run', () => {
    const file = path.join(temporaryDirectory(), 'file');
    expect(() => trace(['exit 1', `echo > ${file}`])).toThrow('exit code 1');
    expect(fs.existsSync(file)).toBe(false);
  });

  test('cannot send control characters to the terminal', () => {
    expect(() => trace(['printf "\\033[2J\\n"; exit 1'])).toThrow('\n    \\x1b[2J');
  });

  test('needs strace: the error says what to install', () => {
    process.env.PATH = temporaryDirectory();
    expect(() => trace(['true'])).toThrow(
      'traceCommands require strace, which is not on PATH: install it on the machine that synthesizes, ' +
        'for example with apt-get install strace',
    );
  });

  test('needs permission to trace', () => {
    const directory = temporaryDirectory();
    fs.writeFileSync(
      path.join(directory, 'strace'),
      '#!/bin/sh\necho "strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted" >&2\nexit 1\n',
      { mode: 0o755 },
    );
    process.env.PATH = `${directory}:${process.env.PATH}`;
    expect(() => trace(['true'])).toThrow(
      'strace cannot trace traceCommands here: strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted\n  allow ptrace: ',
    );
  });
});

describe('the layer contains', () => {
  let source: Fixture;
  beforeEach(() => {
    source = new Fixture().debian().libc();
    source.compile('/usr/bin/tool', 'int main(void) { return 0; }');
  });

  const planned = (...traced: (string | { path: string; by: string })[]) => {
    const layer = plan(source, 'tool', {}, traced.map((one) => (typeof one === 'string' ? { path: one } : one)));
    const entries = new Map<string, (typeof layer.plan.entries)[number]>(layer.plan.entries.map((entry) => [entry.path, entry]));
    return { entries, paths: [...entries.keys()], skipped: layer.skipped };
  };

  test('a traced file, with the links that lead to it', () => {
    source.write({ '/usr/share/data/real.txt': 'a', '/etc/alternatives/data': { link: '/usr/share/data/real.txt' } });
    const { entries } = planned({ path: '/etc/alternatives/data', by: '/usr/bin/tool' });
    expect(entries.get('/usr/share/data/real.txt')).toMatchObject({
      why: { reason: 'opened in a trace command', through: '/usr/bin/tool' },
    });
    expect(entries.get('/etc/alternatives/data')).toMatchObject({ kind: 'link', target: '/opt/elf/{key}/usr/share/data/real.txt' });
  });

  test('no traced file that is not world-readable, and none in a directory that others cannot enter', () => {
    source.write({ '/usr/share/data/key.pem': 'private', '/etc/private/key.pem': 'private' });
    fs.chmodSync(source.locate('/usr/share/data/key.pem'), 0o600);
    fs.chmodSync(source.locate('/etc/private'), 0o710);
    const { paths, skipped } = planned('/usr/share/data/key.pem', '/etc/private/key.pem');
    expect(paths.filter((name) => name.includes('key'))).toEqual([]);
    expect(skipped.get('/usr/share/data/key.pem')).toBe('not world-readable');
    expect(skipped.get('/etc/private/key.pem')).toBe('not world-readable');
  });

  test.each(['/etc/passwd', '/home/me/.config/tool', '/root/.netrc', '/run/secret', '/var/tmp/file'])(
    'no traced file of the host: %s',
    (file) => {
      source.write({ [file]: 'of the host' });
      const { paths, skipped } = planned({ path: file, by: '/usr/bin/tool' });
      expect(paths).not.toContain(file);
      expect(skipped.get(file)).toBe(
        'opened in a trace command by /usr/bin/tool, but machine-specific: name it in include if it is needed',
      );
    },
  );

  test('no traced file that was excluded, and no directories and absent files', () => {
    source.write({ '/usr/share/data/a.txt': 'a', '/usr/share/data/deep/b.txt': 'b' });
    const layer = plan(source, 'tool', { exclude: ['/usr/share/data/a.txt'] }, [
      { path: '/usr/share/data/a.txt' },
      { path: '/usr/share/data/deep' },
      { path: '/usr/share/none' },
    ]);
    expect(layer.plan.entries.filter(({ path: name }) => name.startsWith('/usr/share'))).toEqual([]);
    expect(layer.skipped.get('/usr/share/data/a.txt')).toBe('excluded');
  });

  test('a traced plug-in with the libraries that it needs', () => {
    source.library('/usr/lib/x86_64-linux-gnu/libhelp.so.1');
    source.library('/usr/lib/tool/plugin.so', { needs: ['libhelp.so.1'] });
    expect(planned('/usr/lib/tool/plugin.so').paths).toEqual(
      expect.arrayContaining(['/usr/lib/tool/plugin.so', '/usr/lib/x86_64-linux-gnu/libhelp.so.1']),
    );
  });

  test('a traced program that another program starts, with its libraries and plug-ins', () => {
    source.library('/usr/lib/x86_64-linux-gnu/libown.so.1');
    source.compile('/usr/libexec/helper', 'int main(void) { return 0; }', [
      '-Wl,--no-as-needed',
      source.locate('/usr/lib/x86_64-linux-gnu/libown.so.1'),
    ]);
    source.library('/usr/lib/aaa/plugin.so', { needs: ['libown.so.1'] });
    const { entries } = planned(
      { path: '/usr/lib/aaa/plugin.so', by: '/usr/libexec/helper' },
      { path: '/usr/libexec/helper', by: '/usr/bin/tool' },
    );
    expect(entries.get('/usr/libexec/helper')).toMatchObject({
      edits: { interpreter: '/opt/elf/{key}/ld.so' },
      why: { through: '/usr/bin/tool' },
    });
    expect(entries.get('/usr/lib/x86_64-linux-gnu/libown.so.1')).toMatchObject({ why: { through: '/usr/libexec/helper' } });
  });

  test('the interpreter of a traced script, which the kernel opens', () => {
    source.write({ '/usr/bin/script': '#!/usr/bin/interpreter -x\n' });
    source.compile('/usr/bin/interpreter', 'int main(void) { return 0; }');
    const { entries } = planned({ path: '/usr/bin/script', by: '/usr/bin/tool' });
    expect(entries.get('/usr/bin/interpreter')).toMatchObject({
      edits: { interpreter: '/opt/elf/{key}/ld.so' },
      why: { through: '/usr/bin/script' },
    });
  });

  test('the source file of Python\'s bytecode, which Python only looks at', () => {
    source.write({ '/usr/lib/python3/module.py': 'x = 1\n', '/usr/lib/python3/__pycache__/module.cpython-311.pyc': Buffer.alloc(32) });
    expect(planned('/usr/lib/python3/__pycache__/module.cpython-311.pyc').paths).toContain('/usr/lib/python3/module.py');
  });
});
