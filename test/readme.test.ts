/**
 * The shell and YAML blocks of the README: commands that work without a network are run as they are pasted, the others are checked to
 * exist. `bundled-app.test.ts` runs esbuild's.
 */
import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryDirectory } from './fixture';
import { ownFile } from '../lib/process/own-file';

/** The part of js-yaml that is used. */
const { load } = jest.requireActual<{ load: (text: string) => unknown }>('js-yaml');

/** A step of a GitHub workflow. */
interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
}

const ROOT = path.join(__dirname, '..');
const BIN = path.join(ROOT, 'node_modules', '.bin');
const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, language, text]) => ({ language, text }));
const lines = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trimEnd().split('\n'))
  .map((line) => line.replace(/\s+# .*$/, ''));
const ofCommandLine = lines.filter((line) => line.includes('npx binary-layer'));
const ofJest = lines.filter((line) => line.endsWith('npx jest'));
/** Run here, or by `bundled-app.test.ts`. */
const executed = new Set([...ofCommandLine, ...ofJest, ...lines.filter((line) => line.startsWith('npx esbuild '))]);

/** A directory with a project that has this package installed, and a PATH on which `npx` finds the package's own command and jest. */
function project() {
  const directory = temporaryDirectory();
  const bin = temporaryDirectory();
  fs.writeFileSync(path.join(bin, 'npx'), [
    '#!/bin/sh',
    'name=$1; shift',
    'case $name in',
    `  binary-layer) exec ${process.execPath} ${ownFile('cli/main.js')} "$@" ;;`,
    `  *) exec "${BIN}/$name" "$@" ;;`,
    'esac',
    '',
  ].join('\n'), { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env.PATH}`, HOME: directory, XDG_CACHE_HOME: temporaryDirectory() };
  const run = (command: string, more = {}) =>
    spawnSync('bash', ['-c', command], { cwd: directory, encoding: 'utf8', env: { ...env, ...more }, timeout: 100_000 });
  return { directory, run };
}

describe('the commands of binary-layer', () => {
  const { directory, run } = project();
  /** Parts of the output, by the subcommand. */
  const OUTPUT: Readonly<Record<string, RegExp>> = {
    'tree': /^\/usr\/.*\/rig .*\n[^]*libstdc\+\+\.so\.6/,
    'build': /^layer\.zip\n$/,
    'slim': /^jq\.zip\n$/,
    'run': /^\S+ \S+\n\d+ \S.*\n.*, [A-Z]{2} +\d{5}\n\(\d{3}\) xxx-xxxx\n$/,
    'inspect': /^rig for x86_64, from debian 12\n[^]*Largest files\n/,
    'cache': /^\S+\n +zips +\d+ [^]*fingerprints/,
    'cache clear': /./,
    'completion': /^$/,
  };

  test('are all covered by this test', () => {
    const names = ofCommandLine.map((line) => /npx binary-layer (cache clear|\w+)/.exec(line)![1]);
    expect([...new Set(names)].sort()).toEqual(Object.keys(OUTPUT).sort());
  });

  /** They run in the order of the README, because some read what others have written. */
  const outcomes = new Map<string, ReturnType<typeof run>>();
  beforeAll(() => {
    for (const line of ofCommandLine) outcomes.set(line, run(line));
  });

  test.each(ofCommandLine)('%s', (line) => {
    const [, name] = /npx binary-layer (cache clear|\w+)/.exec(line)!;
    const { status, stdout, stderr } = outcomes.get(line)!;
    expect({ line, status, stdout, stderr }).toEqual({ line, status: 0, stdout: expect.stringMatching(OUTPUT[name]), stderr });
  });

  test('have written the layers that they name', () => {
    expect(fs.readdirSync(directory).filter((name) => name.endsWith('.zip')).sort()).toEqual(['jq.zip', 'layer.zip']);
  });

  test('complete the subcommands in bash', () => {
    const source = lines.find((line) => line.startsWith('source '))!;
    const complete = 'COMP_WORDS=(binary-layer tr) COMP_CWORD=1; _binary_layer; echo "$COMPREPLY"';
    expect(run(`${source}\n${complete}`).stdout).toBe('tree\n');
  });
});

describe('unit tests without layers', () => {
  const { directory, run } = project();
  fs.mkdirSync(path.join(directory, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(directory, 'node_modules', 'cdk-binary-layer'));
  for (const name of ['aws-cdk-lib', 'constructs']) {
    fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(directory, 'node_modules', name));
  }
  fs.writeFileSync(path.join(directory, 'package.json'), '{"jest":{"transform":{}}}');
  fs.writeFileSync(path.join(directory, 'app.test.js'), `
    const { App, Stack } = require('aws-cdk-lib');
    const { Template } = require('aws-cdk-lib/assertions');
    const { BinaryLayer } = require('cdk-binary-layer');

    test('the stack has a layer', () => {
      const stack = new Stack(new App(), 'Test');
      new BinaryLayer(stack, 'Layer', { binary: 'a-program-that-is-not-installed' });
      Template.fromStack(stack).resourceCountIs('AWS::Lambda::LayerVersion', 1);
    });`);

  test('fail if the program is not installed', () => {
    const { status, stderr } = run('npx jest');
    expect(status).toBe(1);
    expect(stderr).toContain("binary 'a-program-that-is-not-installed': no such command on PATH");
  });

  test.each(ofJest)('%s', (line) => {
    const { status, stderr } = run(line);
    expect([status, stderr]).toEqual([0, expect.stringContaining('1 passed')]);
  });
});

describe('the commands that are not run here', () => {
  const words = lines.filter((line) => !executed.has(line)).flatMap((line) => line.split(/ && /))
    .map((command) => command.replace(/'/g, '').split(' '));

  test('are npm, tasks of this project, and its scripts', () => {
    const { scripts } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    const isKnown = ([command, first, second]: readonly string[]) => {
      switch (command) {
        case 'npm': return ['ci', 'install', 'test'].includes(first) || (first === 'run' && second in scripts);
        case 'npx': return first === 'projen' ? second in scripts : first === 'jest' && fs.existsSync(path.join(ROOT, second));
        default: return fs.existsSync(path.join(ROOT, command.replace(/^\w+=\S+$/, first)));
      }
    };
    expect(words.length).toBeGreaterThan(15);
    expect(words.filter((command) => !isKnown(command))).toEqual([]);
  });
});

describe('the steps for GitHub Actions', () => {
  const steps = blocks.filter(({ language }) => language === 'yaml').flatMap(({ text }) => load(text) as Step[]);
  const commands = steps.flatMap(({ run = '' }) => run.split(' && ').filter(Boolean).map((text) => text.replace(/^sudo /, '').split(' ')));

  test('run commands that exist', () => {
    const isThere = ([command, first]: readonly string[]) =>
      (command === 'npx' ? fs.existsSync(path.join(BIN, first)) : spawnSync('which', [command]).status === 0);
    expect(commands.map(([command, first]) => `${command} ${first}`)).toEqual(['apt-get update', 'apt-get install', 'npm ci', 'npx cdk']);
    expect(commands.filter((command) => !isThere(command))).toEqual([]);
  });

  test('install the program of the first example from an existing package', () => {
    const [install] = commands.filter(([, first]) => first === 'install').map((command) => command.filter((word) => !word.startsWith('-')));
    expect(install.slice(2)).toEqual(['rig']);
    expect(execFileSync('dpkg-query', ['-L', 'rig'], { encoding: 'utf8' })).toMatch(/\/rig$/m);
  });

  test('pass options that cdk deploy has', () => {
    const help = execFileSync(path.join(BIN, 'cdk'), ['deploy', '--help'], { encoding: 'utf8' });
    const options = commands.filter(([command]) => command === 'npx').flatMap((command) => command.filter((word) => word.startsWith('--')));
    expect(options).toEqual(['--require-approval']);
    expect(help).toMatch(/--require-approval\b[^]*"never"/);
  });

  test('keep the directory that is the cache on Linux, under a key that is new in each run', () => {
    const [cache] = steps.filter(({ uses }) => uses?.startsWith('actions/cache@v'));
    const { directory, run } = project();
    const listed = run('unset XDG_CACHE_HOME; npx binary-layer cache').stdout.split('\n')[0];
    expect(cache.with).toEqual({
      'path': listed.replace(directory, '~'),
      'key': 'binary-layer-${{ github.run_id }}',
      'restore-keys': 'binary-layer-',
    });
  });
});
