import * as fs from 'fs';
import { findProgram, ProgramError } from '../../lib/closure/find';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { elfHeader, Fixture } from '../fixture';

const PATH = ['/usr/local/bin', '/usr/bin', '/bin'];

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});

const find = (binary: string, { searchPath = PATH, cwd = '/home/me' } = {}) =>
  findProgram(new DirectoryRoot(fixture.directory), binary, searchPath, cwd);

/** A minimal static program. */
function program(inside: string, mode = 0o755): void {
  fixture.write({ [inside]: elfHeader() });
  fs.chmodSync(fixture.locate(inside), mode);
}

describe('a command', () => {
  test('is the first one on PATH', () => {
    program('/usr/bin/rig');
    program('/bin/rig');
    expect(find('rig')).toMatchObject({ binary: 'rig', path: '/usr/bin/rig', real: '/usr/bin/rig' });
  });

  test('has the path of the link, and the resolved path of its file', () => {
    program('/usr/lib/rig/rig-2');
    fixture.write({ '/usr/bin/rig': { link: '/etc/alternatives/rig' }, '/etc/alternatives/rig': { link: '/usr/lib/rig/rig-2' } });
    expect(find('rig')).toMatchObject({ path: '/usr/bin/rig', real: '/usr/lib/rig/rig-2' });
  });

  test('is not a directory of that name in the working directory', () => {
    program('/usr/bin/rig');
    fixture.directories('/home/me/rig');
    expect(find('rig').path).toBe('/usr/bin/rig');
  });

  test('is not a file of that name in the working directory', () => {
    program('/home/me/rig');
    expect(() => find('rig')).toThrow('no such command on PATH');
  });

  test('is not a directory or a file without execute permission on PATH', () => {
    fixture.directories('/usr/local/bin/rig');
    program('/usr/bin/rig', 0o644);
    program('/bin/rig');
    expect(find('rig').path).toBe('/bin/rig');
  });

  test('is not searched for in relative entries of PATH', () => {
    program('/home/me/bin/rig');
    program('/usr/bin/rig');
    expect(find('rig', { searchPath: ['bin', '.', '/usr/bin'] }).path).toBe('/usr/bin/rig');
  });

  test('that does not exist is an error with the PATH that was searched and the remedy', () => {
    expect(() => find('rig')).toThrow(new ProgramError([
      `binary 'rig': no such command on PATH in the root ${fixture.directory}`,
      '  searched: /usr/local/bin:/usr/bin:/bin',
      "  use a source in which it is installed, or specify the path of the program inside the source: '/opt/rig/bin/rig'",
    ].join('\n')));
    expect(() => find('rig', { searchPath: [] })).toThrow('searched: nothing, PATH is empty');
  });

  test('that is misspelled is an error with the nearest command on PATH', () => {
    program('/usr/bin/convert');
    program('/usr/bin/other');
    expect(() => find('covnert')).toThrow(/^binary 'covnert': no such command on PATH .*: did you mean convert\?\n {2}searched: /);
    expect(() => find('something-else')).toThrow(/^binary 'something-else': no such command on PATH in the root \S+\n/);
  });

  test('that is a file in the working directory is answered with its path', () => {
    program('/home/me/tool');
    expect(() => find('tool')).toThrow(
      /: did you mean \.\/tool\?\n {2}searched: .*\n {2}a name without '\/' is a command on PATH; .*, specify '\.\/tool'$/,
    );
  });
});

describe('a path', () => {
  test.each(['./build/tool', 'build/tool', '/home/me/build/tool', '../me/build/tool'])('may be %s', (binary) => {
    program('/home/me/build/tool');
    expect(find(binary)).toMatchObject({ binary, path: '/home/me/build/tool' });
  });

  test('need not be executable, because it is executable in the layer', () => {
    program('/home/me/tool', 0o644);
    expect(find('./tool').path).toBe('/home/me/tool');
  });

  test('that does not exist is an error', () => {
    expect(() => find('./build/tool')).toThrow(new ProgramError(
      "binary './build/tool': /home/me/build/tool does not exist, expected a program; relative paths start at the working directory"));
  });

  test('that is misspelled is answered with the nearest file in its directory', () => {
    program('/home/me/build/tool');
    expect(() => find('./build/tolo')).toThrow(new ProgramError(
      "binary './build/tolo': /home/me/build/tolo does not exist, expected a program: did you mean /home/me/build/tool?"));
  });
});

describe('a script', () => {
  const script = (line: string) => fixture.write({ '/home/me/tool': `${line}\necho\n` });

  test.each([
    ['#!/usr/bin/python3', '', '/usr/bin/python3'],
    ['#! /usr/bin/python3 -I -S', '-I -S', '/usr/bin/python3'],
    ['#!/usr/bin/env python3', '', '/usr/bin/python3'],
    ['#!/usr/bin/env -S python3 -I', '-I', '/usr/bin/python3'],
    ['#!/usr/bin/env -S python3 -I\r', '-I', '/usr/bin/python3'],
    ['#!/usr/bin/python3 -I\r', '-I\r', '/usr/bin/python3'],
  ])('that begins with %j has its interpreter', (line, argument, interpreter) => {
    program('/usr/bin/python3');
    script(line);
    expect(find('./tool')).toMatchObject({ path: '/home/me/tool', interpreter: { program: { path: interpreter }, argument } });
    expect(find('./tool').elf).toBeUndefined();
  });

  test.each(['#!', '#!  ', '#!/usr/bin/env', '#!/usr/bin/env -i python3', '#!/usr/bin/env A=b python3'])(
    'that begins with %j is an error',
    (line) => {
      program('/usr/bin/python3');
      script(line);
      expect(() => find('./tool')).toThrow(
        "binary './tool': /home/me/tool begins with '#!', expected an interpreter's path, or env and a command",
      );
    },
  );

  test('without its interpreter is an error with the paths of both', () => {
    script('#!/usr/bin/python3');
    expect(() => find('./tool')).toThrow(
      "binary './tool': the interpreter of the script /home/me/tool cannot be packed\n  binary '/usr/bin/python3': " +
        '/usr/bin/python3 does not exist, expected a program',
    );
  });

  test.each(['#!/usr/bin/python3\r', '#!/usr/bin/env python3\r'])('that begins with %j is an error, as for the kernel', (line) => {
    program('/usr/bin/python3');
    script(line);
    expect(() => find('./tool')).toThrow(/python3\\x0d[^]*\n {2}the first line of the script ends with a carriage return: remove it/);
  });

  test('whose interpreter is a script is an error', () => {
    program('/bin/sh');
    fixture.write({ '/usr/bin/wrapper': '#!/bin/sh\n' });
    script('#!/usr/bin/wrapper');
    expect(() => find('./tool')).toThrow(
      "binary './tool': the interpreter of the script /home/me/tool cannot be packed\n  binary '/usr/bin/wrapper': " +
        '/usr/bin/wrapper is itself a script, expected a program',
    );
  });

  test('that is its own interpreter is an error', () => {
    script('#!/home/me/tool');
    expect(messages(() => find('./tool'))[0].split('\n')).toHaveLength(2);
  });
});

describe('a Java archive', () => {
  const archive = (first: string) => fixture.write({ '/home/me/tool.jar': `PK\x03\x04${'\0'.repeat(26)}${first}` });

  test('is started by the Java runtime on PATH', () => {
    program('/usr/bin/java');
    archive('META-INF/MANIFEST.MF');
    const interpreter = { program: { real: '/usr/bin/java' }, argument: '-jar' };
    expect(find('./tool.jar')).toMatchObject({ real: '/home/me/tool.jar', interpreter });
  });

  test('without a Java runtime is an error that says so', () => {
    archive('META-INF/MANIFEST.MF');
    expect(() => find('./tool.jar')).toThrow(
      "binary './tool.jar': the Java runtime that starts the archive /home/me/tool.jar cannot be packed\n" +
        "  binary 'java': no such command on PATH",
    );
  });

  test('is not a zip of other files', () => {
    program('/usr/bin/java');
    archive('pictures/one.png');
    expect(() => find('./tool.jar')).toThrow('/home/me/tool.jar is neither an ELF file nor a script that begins with #!');
  });
});

describe('a file that is not a program is an error with its path, its type and the expected type:', () => {
  const expected = 'expected a program for 64-bit Linux on x86_64 or aarch64, or a script';

  test('a directory', () => {
    fixture.directories('/home/me/tool');
    expect(() => find('./tool')).toThrow(new ProgramError("binary './tool': /home/me/tool is a directory, expected a program"));
  });

  test.each([
    ['an empty file', '', 'an empty file'],
    ['a text', 'hello\n', 'neither an ELF file nor a script that begins with #!'],
    ['a Windows program', 'MZ\x90\0', 'neither an ELF file nor a script that begins with #!'],
    ['a cut-off ELF file', elfHeader().subarray(0, 40), 'a 64-bit ELF file for x86_64, cut off within its header'],
    ['a big-endian ELF file', elfHeader({ byteOrder: 'big', machine: 22 }), 'a 64-bit big-endian ELF file for S/390'],
    ['a 32-bit ELF file', elfHeader({ bits: 32, machine: 3 }), 'a 32-bit ELF file for x86'],
    ['one for ARM, 32-bit', elfHeader({ bits: 32, machine: 40 }), 'a 32-bit ELF file for ARM'],
    ['one for RISC-V', elfHeader({ machine: 243 }), 'a 64-bit ELF file for RISC-V'],
    ['one for a machine that has no name here', elfHeader({ machine: 999 }), 'a 64-bit ELF file for machine 999'],
    ['a core file', elfHeader({ type: 4 }), 'a core file, the memory of a crashed program'],
  ])('%s', (_, content, found) => {
    fixture.write({ '/home/me/tool': content });
    expect(() => find('./tool')).toThrow(ProgramError);
    const [message] = messages(() => find('./tool'));
    expect(message).toContain(`binary './tool': /home/me/tool is ${found}`);
    expect(message).toContain(expected);
  });

  test('a program that is truncated after its header', () => {
    fixture.program('/home/me/whole');
    const whole = fs.readFileSync(fixture.locate('/home/me/whole'));
    fixture.write({ '/home/me/tool': whole.subarray(0, whole.length / 4) });
    expect(messages(() => find('./tool'))[0]).toMatch(
      /^binary '\.\/tool': \/home\/me\/tool is a 64-bit ELF file for x86_64 .*cut off.*, expected a program/,
    );
  });

  test('an object file', () => {
    fixture.compile('/home/me/tool.o', 'int x;', ['-c']);
    expect(() => find('./tool.o')).toThrow(
      "binary './tool.o': /home/me/tool.o is an object file that has not been linked, expected a program",
    );
  });

  test('a library: a layer does not support ctypes', () => {
    fixture.library('/home/me/libtool.so');
    expect(() => find('./libtool.so')).toThrow(
      new ProgramError(
        "binary './libtool.so': /home/me/libtool.so is a shared library, expected a program: " +
          'a layer does not support libraries that are loaded into the function itself, for example with ctypes',
      ),
    );
  });

  test('a file that this user may not read', () => {
    program('/home/me/tool', 0o711);
    fs.chmodSync(fixture.directory, 0o755);
    const [message] = unprivileged(() => messages(() => find('./tool')));
    expect(message).toContain('/home/me/tool');
    expect(message).toMatch(/^cannot read \S+\/tool: .*EACCES/);
  });
});

function messages(body: () => unknown): string[] {
  try {
    body();
  } catch (error) {
    return [(error as Error).message];
  }
  throw new Error('nothing was thrown');
}

/** Drops the right to read everything if the test runs as root. */
function unprivileged<T>(body: () => T): T {
  const root = process.geteuid!() === 0;
  if (root) process.seteuid!(65534);
  else fs.chmodSync(fixture.locate('/home/me/tool'), 0o311);
  try {
    return body();
  } finally {
    if (root) process.seteuid!(0);
  }
}
