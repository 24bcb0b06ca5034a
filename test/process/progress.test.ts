/**
 * Progress of steps that block the process, with a terminal, where a thread draws bars, and without.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { ownFile } from '../../lib/process/own-file';
import { temporaryDirectory } from '../fixture';

const PRELUDE = `
const fs = require('fs');
const { hasBars, silenceProgress, startProgress, withProgress } = require(${JSON.stringify(ownFile('process/progress.js'))});
const { runChild } = require(${JSON.stringify(ownFile('process/child.js'))});

/** Blocks this process until the terminal has shown a text. */
function waitFor(text) {
  while (!fs.readFileSync('shown', 'utf8').includes(text)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
}
`;

function prepared(code: string): string {
  const directory = temporaryDirectory();
  fs.writeFileSync(path.join(directory, 'shown'), '');
  fs.writeFileSync(path.join(directory, 'step.js'), PRELUDE + code);
  return directory;
}

/** The output of code on a terminal that is 100 characters wide. */
function onTerminal(code: string, variables: Readonly<Record<string, string>> = {}): string {
  const directory = prepared(code);
  const command = `stty cols 100; ${process.execPath} step.js`;
  const { status } = spawnSync('script', ['-q', '-e', '-f', '-c', command, 'shown'], {
    cwd: directory, stdio: ['ignore', 'ignore', 'ignore'], env: { PATH: process.env.PATH, TERM: 'xterm', ...variables }, timeout: 60_000,
  });
  const shown = fs.readFileSync(path.join(directory, 'shown'), 'utf8').replace(/^Script started.*\n|\r?\n?Script done.*\n$/g, '');
  expect([status, shown]).toEqual([0, shown]);
  return shown;
}

/** The output of code on standard error that is not a terminal. */
function elsewhere(code: string): string {
  const { status, stderr } = spawnSync(process.execPath, ['step.js'], { cwd: prepared(code), encoding: 'utf8' });
  expect(status).toBe(0);
  return stderr;
}

/** The text that is left on the screen when escape sequences have removed the rest. */
const left = (shown: string) => shown.replace(/\x1b\[\?\w+/g, '').split(/\r?\n/)
  .map((line) => line.split(/\r|\x1b\[0?K|\x1b\[1G/).at(-1)).join('\n');

describe('on a terminal', () => {
  test('a bar shows the share that is done while the process is blocked, and disappears at the end', () => {
    const shown = onTerminal(`
      withProgress({ title: 'unpacking 4 packages', total: 4 }, (update) => {
        update(1);
        waitFor('25 % of 4');
        update(3);
        waitFor('75 % of 4');
      });
      process.stderr.write('the end');`);
    expect(shown).toMatch(/unpacking 4 packages \[=+-+\] 25 % of 4/);
    expect(left(shown)).toBe('the end');
  });

  test('the bar of a download follows the files that another program writes', () => {
    const shown = onTerminal(`
      fs.mkdirSync('partial');
      withProgress({ title: 'downloading', total: 1000, shown: '1 kB', growing: ['partial', 'absent'] }, () => {
        runChild('sh', ['-c', 'head -c 250 /dev/zero >partial/archive'], { environment: { PATH: process.env.PATH } });
        waitFor('25 % of 1 kB');
        fs.writeFileSync('partial/more', Buffer.alloc(5000));
        waitFor('100 % of 1 kB');
      });`);
    expect(left(shown)).toBe('');
  });

  test('the elapsed time is shown if the total is unknown', () => {
    const shown = onTerminal("withProgress({ title: 'pulling the image' }, () => waitFor('(1 s)'));");
    expect(shown).toContain('pulling the image (0 s)');
    expect(left(shown)).toBe('');
  });

  test('a title that is too long loses its beginning', () => {
    const title = `source apt (${'package, '.repeat(30)}; amd64): unpacking`;
    expect(onTerminal(`withProgress(${JSON.stringify({ title, total: 1 })}, () => waitFor('0 % of 1'));`))
      .toMatch(/…[^[\n]{30,}; amd64\): unpacking \[-{30}\] 0 % of 1/);
  });

  test('a child process draws a bar on the terminal of its parent', () => {
    const shown = onTerminal(`
      if (process.argv[2] === 'child') {
        const terminal = Object.assign(new (require('tty').WriteStream)(3), { fd: 3 });
        withProgress({ title: 'exporting', total: 2 }, (update) => { update(1); waitFor('50 % of 2'); }, terminal);
      } else {
        const { exitCode } = runChild(process.execPath, ['step.js', 'child'], { environment: { TERM: 'xterm' }, hasTerminal: true });
        process.exitCode = exitCode;
      }`);
    expect(shown).toMatch(/exporting \[=+-+\] 50 % of 2/);
    expect(left(shown)).toBe('');
  });

  test('a step that fails leaves no bar', () => {
    const shown = onTerminal(`
      try {
        withProgress({ title: 'unpacking', total: 1 }, () => { waitFor('0 % of 1'); throw new Error('damaged'); });
      } catch (error) {
        process.stderr.write(error.message);
      }`);
    expect(left(shown)).toBe('damaged');
  });

  test('a step that ends at once shows its title, and leaves nothing', () => {
    const shown = onTerminal("withProgress({ title: 'packing', total: 1 }, () => {}); process.stderr.write('the end');");
    expect(shown).toContain('packing');
    expect(left(shown)).toBe('the end');
  });

  test('nothing is printed if progress is silenced', () => {
    expect(onTerminal("silenceProgress(); withProgress({ title: 'packing', total: 1 }, () => {});")).toBe('');
  });

  test('lines are printed on a terminal that cannot move its cursor', () => {
    expect(onTerminal("withProgress({ title: 'unpacking', total: 1 }, () => {});", { TERM: 'dumb' }).trimEnd()).toBe('unpacking');
  });
});

describe('elsewhere', () => {
  test('each step is a line, with its size if that is not a number of units', () => {
    expect(elsewhere(`
      withProgress({ title: 'downloading 2 packages', total: 5e6, shown: '5.0 MB', growing: ['.'] }, () => {});
      withProgress({ title: 'unpacking 2 packages', total: 2 }, (update) => update(1));
      withProgress({ title: 'packing', total: 2, isBarOnly: true }, (update) => update(1));`))
      .toBe('downloading 2 packages, 5.0 MB\nunpacking 2 packages\n');
  });

  test('nothing is printed if progress is silenced', () => {
    expect(elsewhere("silenceProgress(); withProgress({ title: 'pulling the image' }, () => {});")).toBe('');
  });
});
