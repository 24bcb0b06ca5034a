import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { CompressedLayer, KEY, TREE } from './layer';
import { gcc, noise, temporaryDirectory } from '../fixture';

const FAILED = 126;
const ROOT = `/opt/elf/${KEY}`;
const LARGE = 'compressed/usr/lib/large';

/** Prints how it was started, and ends the way its first argument says. */
const PROGRAM = `
  #define _GNU_SOURCE
  #include <fcntl.h>
  #include <signal.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  #include <unistd.h>
  extern char **environ;
  int main(int argc, char **argv) {
    char exe[4096] = "", line[256], data[4200];
    readlink("/proc/self/exe", exe, sizeof exe - 1);
    printf("argv");
    for (int i = 0; i < argc; i++) printf(" %s", argv[i]);
    printf("\\nexe %s\\ndescriptors", exe);
    for (int fd = 0; fd < 64; fd++) if (fcntl(fd, 1) >= 0) printf(" %d", fd);
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status)) {
      if (strncmp(line, "SigPnd", 6) == 0 || strncmp(line, "ShdPnd", 6) == 0) printf("\\n%.*s", 24, line);
    }
    *strrchr(exe, '/') = 0;
    sprintf(data, "%s/../share/rig/data", exe);
    FILE *file = fopen(data, "r");
    printf("\\ndata %s", file && fgets(line, sizeof line, file) ? line : "none\\n");
    for (char **variable = environ; *variable; variable++) if (argc > 1 && strcmp(argv[1], "env") == 0) puts(*variable);
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "exit") == 0) return atoi(argv[2]);
    if (argc > 1 && strcmp(argv[1], "signal") == 0) raise(atoi(argv[2]));
    return 0;
  }`;

let program: Buffer;
beforeAll(() => {
  const file = path.join(temporaryDirectory(), 'program');
  gcc(file, PROGRAM);
  program = fs.readFileSync(file);
});

/** A layer whose program is compressed. The program looks for a file next to its own. */
function compressedProgram(machine?: string): CompressedLayer {
  const layer = new CompressedLayer(machine);
  layer.compressed('usr/bin/rig', { content: program, mode: 0o755, chunkSize: 4096 });
  layer.compressed('usr/lib/large', { content: noise(3_000_000, 7) });
  layer.file('usr/share/rig/data', 'beside\n', 0o644);
  layer.start('usr/bin/rig');
  return layer;
}

/** A layer whose program is stored unchanged, and needs a compressed file. */
function compressedLibrary(content = noise(3_000_000, 7)): CompressedLayer {
  const layer = new CompressedLayer();
  layer.compressed('usr/lib/large', { content });
  layer.file('usr/bin/rig', '#!/bin/sh\necho "$0" "$*"; wc -c < /opt/elf/0123abcd/usr/lib/large\n');
  layer.start('usr/bin/rig');
  return layer;
}

const EXPECTED = [
  `exe ${TREE}/usr/bin/rig`, 'descriptors 0 1 2', 'SigPnd:\t0000000000000000', 'ShdPnd:\t0000000000000000', 'data beside',
];
const lines = (text: string) => text.split('\n').map((line) => line.trimEnd()).filter(Boolean);

describe('a start', () => {
  test('unpacks the files, and leaves arguments and descriptors as they are', () => {
    const { stdout, stderr } = compressedProgram().run('exec -a name /opt/bin/rig 1 "2 3"');
    expect(stderr).toBe('');
    expect(lines(stdout)).toEqual(['argv name 1 2 3', ...EXPECTED]);
  });

  test('leaves the environment as it is', () => {
    const { stdout } = compressedProgram().run('env -i A=1 B="x y" A=2 LD_LIBRARY_PATH=/none /opt/bin/rig env');
    expect(lines(stdout).slice(1 + EXPECTED.length)).toEqual(['A=2', 'B=x y', 'LD_LIBRARY_PATH=/none']);
  });

  test('keeps the name by which a program was started', () => {
    expect(lines(compressedProgram().run('PATH=/opt/bin:$PATH; rig a').stdout)[0]).toBe('argv rig a');
  });

  test('passes on the exit code and signals', () => {
    const layer = compressedProgram();
    expect(layer.run('/opt/bin/rig exit 7').status).toBe(7);
    expect(layer.run('/opt/bin/rig signal 15; echo $?').stdout).toMatch(/^143$/m);
  });

  test('uses the files that an earlier start unpacked', () => {
    const layer = compressedProgram();
    layer.run('/opt/bin/rig');
    const first = fs.statSync(path.join(layer.tmp, `elf-${KEY}/usr/lib/large`)).ino;
    expect(layer.run('/opt/bin/rig').status).toBe(0);
    expect(fs.statSync(path.join(layer.tmp, `elf-${KEY}/usr/lib/large`)).ino).toBe(first);
  });

  test('gives files their modes, and the directory to this user only', () => {
    const layer = compressedProgram();
    layer.run('umask 077; /opt/bin/rig');
    expect(['.', 'usr/bin/rig', 'usr/lib/large'].map((file) => fs.statSync(path.join(layer.tmp, `elf-${KEY}`, file)).mode & 0o777)).toEqual(
      [0o700, 0o755, 0o644],
    );
    expect(layer.inTmp()).toEqual([`elf-${KEY}`, `elf-${KEY}.lock`]);
  });

  test('starts a script by its path in the layer', () => {
    const { stdout } = compressedLibrary().run('/opt/bin/rig a b');
    expect(lines(stdout)).toEqual([`${ROOT}/usr/bin/rig a b`, '3000000']);
  });

  test('works at the same time as other starts', async () => {
    const layer = compressedLibrary(noise(20_000_000, 3));
    const outputs = await Promise.all(Array.from({ length: 8 }, () => layer.runAlong('/opt/bin/rig')));
    expect(new Set(outputs)).toEqual(new Set([`${ROOT}/usr/bin/rig \n20000000\n`]));
    expect(layer.inTmp()).toEqual([`elf-${KEY}`, `elf-${KEY}.lock`]);
  });

  test('waits for another start that is unpacking', () => {
    const script = `exec 9>${TREE}.lock; flock 9; /opt/bin/rig 9>&- & sleep 0.5; [ -e ${TREE} ] || echo waiting; exec 9>&-; wait`;
    expect(lines(compressedLibrary().run(script).stdout)).toEqual(['waiting', `${ROOT}/usr/bin/rig`, '3000000']);
  });

  test('repairs what an interrupted start left behind', () => {
    const layer = compressedLibrary();
    fs.mkdirSync(path.join(layer.tmp, `elf-${KEY}.part/usr/lib`), { recursive: true });
    fs.writeFileSync(path.join(layer.tmp, `elf-${KEY}.part/usr/lib/large`), 'cut off');
    fs.chmodSync(path.join(layer.tmp, `elf-${KEY}.part`), 0o700);
    expect(lines(layer.run('/opt/bin/rig').stdout)).toContain('3000000');
    expect(layer.inTmp()).toEqual([`elf-${KEY}`, `elf-${KEY}.lock`]);
  });

  test('unpacks files again that were removed from /tmp', () => {
    const layer = compressedLibrary();
    layer.run('/opt/bin/rig');
    expect(lines(layer.run(`rm ${TREE}/usr/lib/large; /opt/bin/rig`).stdout)).toContain('3000000');
  });

  test('repairs the files after a start that was killed while unpacking', () => {
    const layer = new CompressedLayer();
    layer.compressed('usr/lib/large', { content: noise(3_000_000, 7), chunkSize: 4_000_000 });
    layer.file('usr/bin/rig', '#!/bin/sh\nwc -c < /opt/elf/0123abcd/usr/lib/large\n');
    layer.start('usr/bin/rig');
    const killed = layer.run(
      `(ulimit -c 0; ulimit -f 1000; exec /opt/bin/rig) 2>/dev/null; echo $?; stat -c %s ${TREE}.part/usr/lib/large`,
    );
    expect(lines(killed.stdout)).toEqual([String(128 + os.constants.signals.SIGXFSZ), '1024000']);
    expect(layer.inTmp()).toEqual([`elf-${KEY}.lock`, `elf-${KEY}.part`]);
    expect(lines(layer.run('/opt/bin/rig').stdout)).toEqual(['3000000']);
    expect(layer.inTmp()).toEqual([`elf-${KEY}`, `elf-${KEY}.lock`]);
  });
});

describe('a start that fails', () => {
  const failure = (layer: CompressedLayer, tmp?: readonly string[]) => {
    const { status, stdout, stderr } = layer.run('/opt/bin/rig', tmp);
    expect({ status, stdout }).toEqual({ status: FAILED, stdout: '' });
    return stderr.trim();
  };

  test('prints the number of bytes that are needed and ephemeralStorageSize if /tmp is too small', () => {
    expect(failure(compressedLibrary(), ['--size', '1048576', '--tmpfs', '/tmp'])).toBe(
      `${ROOT}/usr/bin/rig: /tmp is too small for the files that this layer stores compressed: they need 3002368 bytes, and 1048576 are ` +
      'free; set the function\'s ephemeralStorageSize to 3 MiB or more, or remove files from /tmp');
  });

  test('removes what it unpacked if /tmp becomes full', () => {
    // a long link takes a page in tmpfs
    const layer = new CompressedLayer();
    layer.compressed('usr/lib/large', { content: noise(3_000_000, 7) });
    for (let index = 0; index < 100; index++) layer.file(`usr/lib/${'long'.repeat(40)}${index}`, '');
    layer.file('usr/bin/rig', '#!/bin/sh\n');
    layer.start('usr/bin/rig');
    const { status, stdout, stderr } = layer.run('/opt/bin/rig; code=$?; ls /tmp; exit $code', ['--size', '3100000', '--tmpfs', '/tmp']);
    expect({ status, stdout }).toEqual({ status: FAILED, stdout: `elf-${KEY}.lock\n` });
    expect(stderr).toMatch(/ephemeralStorageSize to 3 MiB/);
  });

  test.each<[string, (file: Buffer) => void, RegExp]>([
    ['a chunk', (file) => file.fill(0x55, file.length - 100), /compressed\/usr\/lib\/large is damaged: deploy the layer again$/],
    ['the header', (file) => file.writeUInt8(file[16] ^ 1, 16), /large is damaged: deploy/],
    ['the description of a chunk', (file) => file.writeUInt8(file[40] ^ 1, 40), /large is damaged: deploy/],
  ])('reports that %s is damaged, and leaves nothing', (_, damage, message) => {
    const layer = compressedLibrary();
    const bytes = fs.readFileSync(layer.locate(LARGE));
    damage(bytes);
    fs.writeFileSync(layer.locate(LARGE), bytes);
    expect(failure(layer)).toMatch(message);
    expect(layer.inTmp()).toEqual([`elf-${KEY}.lock`]);
  });

  test.each([['that is cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)], ['without content', () => Buffer.alloc(0)]])(
    'reports a compressed file %s', (_, change) => {
      const layer = compressedLibrary();
      fs.writeFileSync(layer.locate(LARGE), change(fs.readFileSync(layer.locate(LARGE))));
      expect(failure(layer)).toMatch(/compressed\/usr\/lib\/large is (?:damaged|empty): deploy the layer again$/);
    });

  test.each(['', '.part'])('does not use a directory at elf-KEY%s that others can enter', (suffix) => {
    const layer = compressedLibrary();
    fs.mkdirSync(path.join(layer.tmp, `elf-${KEY}${suffix}/usr/lib`), { recursive: true, mode: 0o755 });
    fs.writeFileSync(path.join(layer.tmp, `elf-${KEY}${suffix}/usr/lib/large`), 'hostile');
    expect(failure(layer)).toBe(`${ROOT}/usr/bin/rig: will not use ${TREE}${suffix}: expected nothing or a directory with mode 0700 ` +
      'that belongs to this user: remove it');
    expect(fs.readFileSync(path.join(layer.tmp, `elf-${KEY}${suffix}/usr/lib/large`), 'utf8')).toBe('hostile');
  });

  test('does not use a directory of another user', () => {
    const layer = compressedLibrary();
    const place = path.join(layer.tmp, `elf-${KEY}`);
    fs.mkdirSync(place, { mode: 0o700 });
    if (process.getuid!() === 0) fs.chownSync(place, 4321, 4321);
    const foreign = ['--bind', layer.tmp, '/tmp', ...(process.getuid!() === 0 ? [] : ['--ro-bind', '/root', TREE])];
    expect(failure(layer, foreign)).toMatch(/will not use \/tmp\/elf-0123abcd: expected nothing or a directory/);
  });

  test('does not follow links in /tmp', () => {
    const links: [string, RegExp][] = [['', /will not use/], ['.part', /will not use/], ['.lock', /cannot open \/tmp\/elf-0123abcd\.lock/]];
    for (const [suffix, message] of links) {
      const layer = compressedLibrary();
      fs.mkdirSync(path.join(layer.tmp, 'other'), { mode: 0o700 });
      fs.writeFileSync(path.join(layer.tmp, 'other/kept'), 'kept');
      fs.symlinkSync(suffix === '.lock' ? 'other/kept' : 'other', path.join(layer.tmp, `elf-${KEY}${suffix}`));
      expect(failure(layer)).toMatch(message);
      expect(layer.inTmp('other')).toEqual(['kept']);
    }
  });

  test('reports a program that cannot be executed', () => {
    const layer = compressedLibrary();
    fs.rmSync(layer.locate('usr/bin/rig'));
    expect(failure(layer)).toBe(`${ROOT}/usr/bin/rig: cannot execute ${ROOT}/usr/bin/rig (errno 2)`);
  });

  test('reports a read-only /tmp', () => {
    const layer = compressedLibrary();
    expect(failure(layer, ['--ro-bind', layer.tmp, '/tmp'])).toMatch(/cannot open \/tmp\/elf-0123abcd\.lock: .*errno 30/);
  });
});

describe('on aarch64', () => {
  const emulator = ['qemu-aarch64-static', 'qemu-aarch64'].find((name) => !spawnSync(name, ['--version']).error);
  (emulator === undefined ? test.skip : test)('a start unpacks the files (needs qemu-user)', () => {
    const layer = compressedProgram('aarch64');
    const { stdout, stderr } = layer.run(`${emulator} /opt/bin/rig 1`);
    expect(stderr).toBe('');
    expect(lines(stdout)).toEqual(['argv /opt/bin/rig 1', ...EXPECTED]);
  });
});
