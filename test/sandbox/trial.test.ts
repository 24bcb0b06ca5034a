import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { tryLayer, checkSandbox } from '../../lib/sandbox/trial';
import { unzip } from '../../lib/zip/unzip';
import { EXIT, Fixture, gcc, noise, temporaryDirectory } from '../fixture';
import { entriesOf, makeZip, type Zipped, tree } from '../plan/make';
import { privateTemporaryDirectory } from '../synth';

const environment = process.env;
beforeEach(() => {
  process.env = { ...environment };
});
afterEach(() => {
  process.env = environment;
});

/** Prints the environment of a program. */
const PROGRAM = `
  #include <arpa/inet.h>
  #include <dirent.h>
  #include <fcntl.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  #include <unistd.h>
  static void list(const char *name) {
    struct dirent **entries;
    int count = scandir(name, &entries, 0, alphasort);
    printf("%s:", name);
    for (int i = 0; i < count; i++) if (entries[i]->d_name[0] != '.') printf(" %s", entries[i]->d_name);
    puts("");
  }
  static void writes(const char *name) { printf("%s: %s\\n", name, creat(name, 0644) >= 0 ? "written" : "refused"); }
  int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
      if (strcmp(argv[i], "root") == 0) { list("/"); list("/bin"); list("/tmp"); list("/opt/bin"); }
      if (strcmp(argv[i], "write") == 0) {
        writes("/tmp/file"); writes("/file"); writes("/opt/file"); writes("/var/task/file"); writes("/dev/./shm/file");
      }
      if (strcmp(argv[i], "user") == 0) { char *cwd = getcwd(0, 0); printf("user %d group %d in %s\\n", getuid(), getgid(), cwd); }
      if (strcmp(argv[i], "net") == 0) {
        struct sockaddr_in there = { AF_INET, htons(53), { inet_addr("192.0.2.1") } };
        printf("network: %s\\n", connect(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *) &there, sizeof there) == 0 ? "there" : "none");
      }
      if (strcmp(argv[i], "env") == 0) for (char **variable = environ; *variable; variable++) puts(*variable);
      if (strcmp(argv[i], "forever") == 0) { puts("begun"); fflush(stdout); for (;;) pause(); }
    }
    static char block[1 << 20];
    if (argc > 1 && strcmp(argv[1], "flood") == 0) while (write(1, block, sizeof block) > 0) {}
    return 1;
  }`;

let layer: Zipped;
beforeAll(async () => {
  const source = new Fixture().debian().libc();
  source.compile('/usr/bin/probe', `#define _GNU_SOURCE\n${PROGRAM}`);
  source.compile('/usr/bin/good', 'int main(void) { return 0; }');
  source.compile('/usr/bin/tar', 'int puts(const char *); int main(void) { return puts("the tar of the layer") < 0; }');
  source.write({
    '/usr/share/data/stored': '',
    '/usr/share/data/noise': noise(1e6, 1),
    '/usr/share/data/text': 'text '.repeat(10_000),
    '/usr/share/data/link': { link: 'text' },
  });
  source.directories('/usr/share/data/empty');
  layer = await makeZip(source, 'probe', { binaries: ['probe', 'good', 'tar'], include: ['/usr/share/data'] });
});

const attempt = (command: string, timeout = 30_000) => tryLayer(layer.zip, Object.keys(layer.plan.programs), { command, timeout });

/** The output of a failing command line in the error. */
function said(command: string): string[] {
  try {
    attempt(`${command}; exit 1`);
  } catch (error) {
    const lines = (error as Error).message.split('\n').slice(2).map((line) => line.trim());
    expect(lines.pop()).toBe('if a file is missing, name it in include; verbose prints which files are skipped, and why');
    return lines;
  }
  throw new Error(`${command} did not fail`);
}

describe('unpacking a zip', () => {
  test('has the same result as the machine\'s unzip', () => {
    const directory = temporaryDirectory();
    const umask = process.umask(0o077);
    try {
      unzip(layer.zip, directory);
    } finally {
      process.umask(umask);
    }
    expect(tree(directory)).toEqual(tree(layer.opt));
    const modes = entriesOf(layer.zip).map(({ name, mode }) => [name, (mode & 0o170000) === 0o120000 ? 0o777 : mode & 0o777]);
    expect(modes.map(([name]) => [name, fs.lstatSync(path.join(directory, name as string)).mode & 0o777])).toEqual(modes);
    const directories = execFileSync('find', [directory, '-mindepth', '1', '-type', 'd', '-printf', '%m\\n'], { encoding: 'utf8' });
    expect(new Set(directories.trim().split('\n'))).toEqual(new Set(['755']));
  });

  test('works for more data than may wait in memory to be compressed', async () => {
    const source = new Fixture();
    source.program('/usr/bin/static', { flags: ['-static'] });
    for (let index = 0; index < 3; index++) source.write({ [`/usr/share/data/${index}`]: noise(30e6, index) });
    const big = await makeZip(source, 'static', { include: ['/usr/share/data'] });
    const directory = temporaryDirectory();
    unzip(big.zip, directory);
    expect(() => execFileSync('diff', ['-r', '--no-dereference', directory, big.opt])).not.toThrow();
  });
});

describe('a test command', () => {
  test('must exit 0', () => {
    expect(() => attempt('good && good')).not.toThrow();
    expect(() => attempt('good; probe')).toThrow(
      "testCommand 'good; probe' ended in the layer with exit code 1, expected exit code 0; nothing was written\n  no output",
    );
  });

  test('sees only the layer and a shell', () => {
    expect(said('probe root')).toEqual(['/: bin dev opt proc tmp var', '/bin: sh', '/tmp:', '/opt/bin: good probe tar']);
    expect(said('no-such-command')).toEqual([expect.stringMatching(/no-such-command.*not found/)]);
  });

  test('can write only to /tmp', () => {
    expect(said('probe write')).toEqual([
      '/tmp/file: written',
      '/file: refused',
      '/opt/file: refused',
      '/var/task/file: refused',
      '/dev/./shm/file: refused',
    ]);
  });

  test('has no privileges and no network', () => {
    expect(said('probe user net')).toEqual(['user 993 group 990 in /var/task', 'network: none']);
  });

  test('has the environment of a function, and none of this process', () => {
    process.env.OF_THIS_PROCESS = 'yes';
    const variables = Object.fromEntries(said('probe env').map((line) => line.split('=')));
    expect(variables).toMatchObject({
      PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
      LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
      LAMBDA_TASK_ROOT: '/var/task',
    });
    expect(Object.keys(variables)).not.toContain('OF_THIS_PROCESS');
    expect(Object.keys(variables)).not.toContain('HOME');
  });

  test('cannot see the environment of this process in any process', () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'secret-of-the-deployer';
    const shownVariables = said('cat /proc/[0-9]*/environ').join('\n');
    expect(shownVariables).toContain('LAMBDA_TASK_ROOT=/var/task');
    expect(shownVariables).not.toContain('secret-of-the-deployer');
  });

  test('has limits for each of its processes', () => {
    expect(said('ulimit -u; ulimit -d; ulimit -f; ulimit -c')).toEqual(['1024', String(10 * 1024 ** 2), String(1024 ** 2), '0']);
    expect(said('dd if=/dev/zero of=/tmp/full bs=1M count=600 2>&1; ls -l /tmp').join('\n')).toMatch(
      /No space left on device|File too large|File size limit exceeded/,
    );
    expect(said('i=0; while [ $i -lt 1100 ]; do sleep 9 & i=$((i + 1)); done').join('\n')).toMatch(
      /can't fork: Resource temporarily unavailable/,
    );
  });

  test('runs the layer\'s own programs, even if the shell has commands with these names', () => {
    expect(said('tar; A=b tar')).toEqual(['the tar of the layer', 'the tar of the layer']);
  });

  test('is killed after its time limit, with its children, and its output until then is printed', () => {
    const marker = `sleeping-${process.pid}`;
    expect(() => attempt(`: ${marker}; probe forever & probe forever`, 1000)).toThrow(
      / had not ended after 1 s, testTimeout, and was killed; nothing was written\n {2}output:\n {4}begun/,
    );
    const commands = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((id) => {
      try {
        return fs.readFileSync(`/proc/${id}/cmdline`, 'latin1');
      } catch {
        return '';
      }
    });
    expect(commands.filter((command) => command.includes(marker) || command.startsWith('probe\0'))).toEqual([]);
  });

  test('does not wait for background processes', () => {
    expect(() => attempt('probe forever > /dev/null 2>&1 & good', 60_000)).not.toThrow();
  });

  test.each([
    ['kill -SEGV $$', 'exit code 139 (SIGSEGV)'],
    ['probe flood', 'more than 64 MiB of output (send it to /dev/null)'],
  ])('%j ends with %s', (command, end) => {
    expect(() => attempt(command)).toThrow(`' ended in the layer with ${end}, expected exit code 0`);
  });

  test('leaves nothing behind, whether it passes or fails', () => {
    const temporary = privateTemporaryDirectory();
    attempt('good');
    expect(() => attempt('probe')).toThrow();
    expect(() => attempt('probe forever', 1000)).toThrow();
    expect(fs.readdirSync(temporary)).toEqual([]);
  });
});

describe('a machine where test commands cannot run', () => {
  /** A directory with a static file, such as a static shell, and another file. */
  const shells = (names: { static?: string; dynamic?: string }) => {
    const directory = temporaryDirectory();
    if (names.dynamic !== undefined) fs.copyFileSync('/bin/sh', path.join(directory, names.dynamic));
    if (names.static !== undefined) gcc(path.join(directory, names.static), EXIT, ['-nostdlib', '-static']);
    return directory;
  };
  const withBubblewrap = (directory: string) => {
    fs.symlinkSync(execFileSync('sh', ['-c', 'command -v bwrap'], { encoding: 'utf8' }).trim(), path.join(directory, 'bwrap'));
    return directory;
  };

  test('may have another architecture', () => {
    expect(checkSandbox).not.toThrow();
  });

  test('may lack bubblewrap', () => {
    process.env.PATH = shells({ static: 'busybox' });
    expect(checkSandbox).toThrow(
      'testCommand requires bubblewrap: bwrap is not on PATH; install it on the machine that synthesizes, ' +
        'for example with apt-get install bubblewrap',
    );
  });

  test('may allow no user namespaces', () => {
    const directory = shells({ static: 'busybox' });
    const message =
      'bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.';
    fs.writeFileSync(path.join(directory, 'bwrap'), `#!/bin/sh\necho "${message}" >&2\nexit 1\n`, { mode: 0o755 });
    process.env.PATH = directory;
    expect(checkSandbox).toThrow(
      `bubblewrap cannot create the sandbox for testCommand: ${message}\n  it needs user namespaces: allow them, for example with sysctl `,
    );
  });

  test('may lack a static shell', () => {
    const directory = withBubblewrap(temporaryDirectory());
    process.env.PATH = directory;
    const expected = 'testCommand requires a statically linked shell on PATH (busybox, busybox.static, busybox-static, bash-static)';
    expect(checkSandbox).toThrow(
      `${expected}, but none was found; install one on the machine that synthesizes: apt-get install bubblewrap busybox-static, `,
    );
    process.env.PATH = withBubblewrap(shells({ dynamic: 'busybox' }));
    expect(checkSandbox).toThrow(`${expected}, but ${process.env.PATH}/busybox is not statically linked; install `);
  });

  test.each(['busybox', 'busybox.static', 'busybox-static', 'bash-static'])(
    'may have busybox under the name %s, beside another program named busybox',
    (name) => {
      process.env.PATH = [shells({ dynamic: 'busybox' }), withBubblewrap(shells({ static: name }))].join(':');
      expect(checkSandbox).not.toThrow();
    },
  );
});
