/**
 * The npm package: which files it ships, and how large they are.
 */
import { execFileSync } from 'child_process';
import * as path from 'path';

const ROOT = path.join(__dirname, '..');

interface PackedFile {
  readonly path: string;
  /** in bytes */
  readonly size: number;
}

let files: readonly PackedFile[];
beforeAll(() => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  files = JSON.parse(output)[0].files;
});

const below = (directory: string) => files.filter((file) => file.path.startsWith(`${directory}/`)).map((file) => file.path);

test('the package has these files and directories, and no others', () => {
  expect([...new Set(files.map((file) => file.path.split('/')[0]))].sort()).toEqual([
    '.jsii', 'API.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE', 'README.md', 'SECURITY.md', 'build', 'launcher', 'lib', 'man',
    'node_modules', 'package.json',
  ]);
});

test('the package has compiled code and declarations, without sources and source maps, except the page of the HTML report', () => {
  expect(below('build').filter((name) => !/\.(?:js|d\.ts)$/.test(name))).toEqual([]);
  expect(below('build')).toEqual(expect.arrayContaining([
    'build/index.js', 'build/index.d.ts', 'build/cli/main.js', 'build/asset/stages.bundle.js', 'build/pack/process.bundle.js',
    'build/cli/command-line.bundle.js',
  ]));
  expect(below('lib').filter((name) => !/^lib\/inspect\/page\/[\w.-]+\.(?:css|html|js|d\.ts)$/.test(name))).toEqual([]);
  expect(below('lib').length).toBeGreaterThan(5);
});

test('the package bundles these packages', () => {
  const names = below('node_modules').map((name) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name)![1]);
  expect([...new Set(names)].sort()).toEqual([
    'ansi-regex', 'buffer-crc32', 'cli-progress', 'commander', 'cross-spawn', 'd3-hierarchy', 'emoji-regex', 'execa', 'get-stream',
    'human-signals', 'is-fullwidth-code-point', 'is-stream', 'isexe', 'merge-stream', 'mimic-fn', 'npm-run-path', 'onetime', 'path-key',
    'picocolors', 'picomatch', 'shebang-command', 'shebang-regex', 'signal-exit', 'string-width', 'strip-ansi', 'strip-final-newline',
    'which', 'yazl',
  ]);
});

test('the package is not larger than 6 MB', () => {
  expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(6_000_000);
});
