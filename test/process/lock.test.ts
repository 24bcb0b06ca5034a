import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { withLock } from '../../lib/process/lock';
import { temporaryDirectory } from '../fixture';

const LOCK = path.resolve('build/process/lock.js');

/** A process that takes the lock, adds a line, waits, and adds another; or that dies while it has the lock. */
function worker(file: string, log: string, isKilled = false, cwd = '/'): Promise<void> {
  const script = `
    const { appendFileSync } = require('fs');
    require(${JSON.stringify(LOCK)}).withLock(${JSON.stringify(file)}, () => {
      appendFileSync(${JSON.stringify(log)}, 'enters\\n');
      if (${isKilled}) process.kill(process.pid, 'SIGKILL');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      appendFileSync(${JSON.stringify(log)}, 'leaves\\n');
    });`;
  return new Promise((resolve) => spawn(process.execPath, ['-e', script], { stdio: 'inherit', cwd }).once('close', () => resolve()));
}

describe('a lock', () => {
  let directory: string;
  let file: string;
  let log: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    file = path.join(directory, '.lock');
    log = path.join(directory, 'log');
  });

  test('is held by one process at a time, and leaves nothing', async () => {
    await Promise.all(Array.from({ length: 6 }, () => worker(file, log)));
    expect(fs.readFileSync(log, 'utf8')).toBe('enters\nleaves\n'.repeat(6));
    expect(fs.readdirSync(directory)).toEqual(['log']);
  });

  test('of a process that was killed is taken by a waiting process', async () => {
    await worker('.lock', log, true, directory);
    expect(fs.existsSync(file)).toBe(true);
    await Promise.all(Array.from({ length: 4 }, () => worker(file, log)));
    expect(fs.readFileSync(log, 'utf8')).toBe(`enters\n${'enters\nleaves\n'.repeat(4)}`);
    expect(fs.existsSync(file)).toBe(false);
  });

  test('is released if the work fails, with the error of the work', () => {
    expect(() => withLock(file, () => {
      throw new Error('of the work');
    })).toThrow('of the work');
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  test('in a directory that does not exist is the system\'s error', () => {
    expect(() => withLock(path.join(directory, 'none', '.lock'), () => 'done')).toThrow(/ENOENT/);
  });
});
