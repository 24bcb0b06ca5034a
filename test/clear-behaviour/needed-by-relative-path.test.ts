import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { binaryLayer } from '../cli/command';
import { gcc, temporaryDirectory } from '../fixture';

/** A program that was linked with `./libfoo.so`, a library without a soname. */
function project(): string {
  const directory = temporaryDirectory();
  gcc(path.join(directory, 'libfoo.so'), 'int foo(void) { return 42; }', ['-shared', '-fPIC']);
  fs.writeFileSync(path.join(directory, 'main.c'), 'int foo(void); int main(void) { return foo() != 42; }');
  execFileSync('gcc', ['-o', 'tool', 'main.c', './libfoo.so'], { cwd: directory });
  return directory;
}

test('a library without a soname that was linked by a relative path is an error that says how to link it', () => {
  const directory = project();
  const { status, stderr } = binaryLayer(['build', './tool', '-o', 'layer.zip', '--no-detect-data'], { cwd: directory });
  expect(status).toBe(1);
  expect(stderr).toContain([
    `./libfoo.so not found, needed by ${directory}/tool`,
  ].join('\n'));
  expect(stderr).toContain(
    [
      "  DT_NEEDED './libfoo.so' is a path relative to the working directory of the process: libfoo.so has no soname and was linked " +
        'by that path',
      '  build libfoo.so with -Wl,-soname,libfoo.so, or link tool with -L DIRECTORY -l:libfoo.so; then set its search path with ' +
        "-Wl,-rpath,'$ORIGIN'",
      `  or edit tool: patchelf --replace-needed ./libfoo.so libfoo.so --set-rpath '$ORIGIN' ${directory}/tool`,
    ].join('\n'),
  );
  expect(stderr).not.toContain('install the package');
  expect(fs.existsSync(path.join(directory, 'layer.zip'))).toBe(false);
});

test('a program that was relinked with a soname, as the error says, is packed', () => {
  const directory = project();
  execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '-o', 'libfoo.so', '-', '-Wl,-soname,libfoo.so'], {
    cwd: directory,
    input: 'int foo(void) { return 42; }',
  });
  execFileSync('gcc', ['-o', 'tool', 'main.c', './libfoo.so', '-Wl,-rpath,$ORIGIN'], { cwd: directory });
  expect(spawnSync(path.join(directory, 'tool')).status).toBe(0);
  const { status, stderr } = binaryLayer(['build', './tool', '-o', 'layer.zip', '--no-detect-data'], { cwd: directory });
  expect(stderr).toMatch(/^tool and 3 libraries/);
  expect(status).toBe(0);
});

test('a program that was linked with -L and -l:, as the error says, is packed', () => {
  const directory = project();
  execFileSync('gcc', ['-o', 'tool', 'main.c', '-L', '.', '-l:libfoo.so', '-Wl,-rpath,$ORIGIN'], { cwd: directory });
  expect(binaryLayer(['build', './tool', '-o', 'layer.zip', '--no-detect-data'], { cwd: directory }).status).toBe(0);
});
