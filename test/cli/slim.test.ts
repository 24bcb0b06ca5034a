import * as fs from 'fs';
import * as path from 'path';
import { binaryLayer } from './command';
import { temporaryDirectory } from '../fixture';
import { SlimRoot } from '../workload/slimmed';

function fixture(): SlimRoot {
  const root = new SlimRoot();
  root.shared('libused.so', 'int used(void) { return 0; }');
  root.shared('libunused.so', 'int unused(void) { return 1; }\nchar room[100000] = { 1 };');
  root.tool('tool', 'int used(void); int unused(void); int main(int count, char **argv) { return count > 1 ? unused() : used(); }', [
    'libused.so',
    'libunused.so',
  ]);
  return root;
}

describe('binary-layer slim', () => {
  const root = fixture();
  const from = ['--source', `directory:${root.directory}`];

  test('prints each run, what was left out, and the saving, and writes layer and lock', () => {
    const directory = temporaryDirectory();
    const { status, stdout, stderr } = binaryLayer(['slim', 'tool', ...from, '-w', 'tool', '--lock', 'tool.lock.json', '-o', 'tool.zip'], {
      cwd: directory,
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'tool.zip\n' });
    expect(stderr).toMatch(/objects: 'tool' needs libused\.so\n.*objects: 'tool' succeeds\n/);
    expect(stderr).toMatch(
      /replaced by stubs: 1 libraries, 0\.1 MB; left out: 0 files, 0\.0 MB\n +0\.1 MB {2}stub of \d+ bytes {2}\S+libunused\.so\n/,
    );
    expect(stderr).toMatch(/\ntool: 3 of 4 libraries, [\d.]+ MB instead of [\d.]+ MB \([\d.]+ MB packed\) in [\d.]+ s\n$/);
    expect(fs.readdirSync(directory).sort()).toEqual(['tool.lock.json', 'tool.zip']);

    const inspected = binaryLayer(['inspect', 'tool.zip'], { cwd: directory }).stdout;
    expect(inspected).toContain('stubs     1 of the libraries have no code');
    expect(inspected).toContain('stub, needed by tool');

    const built = binaryLayer(['build', 'tool', ...from, '-w', 'tool', '--lock', 'tool.lock.json', '-o', 'again.zip'], { cwd: directory });
    expect(built.status).toBe(0);
    expect(built.stderr).not.toContain('succeeds');
    expect(fs.readFileSync(path.join(directory, 'again.zip')).equals(fs.readFileSync(path.join(directory, 'tool.zip')))).toBe(true);
  });

  test('needs a workload', () => {
    const { status, stderr } = binaryLayer(['slim', 'tool', ...from]);
    expect(status).toBe(2);
    expect(stderr).toContain('slim needs --workload: expected at least one command line');
  });

  test('writes nothing if a command fails', () => {
    const directory = temporaryDirectory();
    const { status, stderr } = binaryLayer(['slim', 'tool', ...from, '-w', 'tool 1', '--lock', 'tool.lock.json', '-o', 'tool.zip'], {
      cwd: directory,
    });
    expect(status).toBe(1);
    expect(stderr).toContain('slimming is not the cause');
    expect(fs.readdirSync(directory)).toEqual([]);
  });
});
