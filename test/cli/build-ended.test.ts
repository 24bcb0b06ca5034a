import { spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import { MAIN } from './command';
import { Fixture, noise, temporaryDirectory } from '../fixture';

/** Starts a build that takes long, and waits until it writes the layer. */
async function packing() {
  const cwd = temporaryDirectory();
  const made = new Fixture().debian();
  made.program('/usr/bin/prog');
  for (let index = 0; index < 3; index++) made.write({ [`/usr/share/prog/${index}`]: noise(20e6, index) });
  const args = [MAIN, 'build', 'prog', '--source', `directory:${made.directory}`, '--include', '/usr/share/prog'];
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  while (fs.readdirSync(cwd).length === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
  const children = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ').map(Number);
  expect(children).toHaveLength(1);
  return { cwd, child, packer: children[0], ended, errors: () => errors };
}

/** False for a process that has ended, even if its parent has not waited for it. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

test('build leaves nothing behind if the process is interrupted', async () => {
  const { cwd, child, packer, ended } = await packing();
  process.kill(-child.pid!, 'SIGINT'); // to its process group, as Ctrl+C in a terminal
  expect(await ended).toBe('SIGINT');
  while (isRunning(packer)) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(fs.readdirSync(cwd)).toEqual([]);
});

test('build leaves nothing behind if the packing process is killed', async () => {
  const { cwd, packer, ended, errors } = await packing();
  process.kill(packer, 'SIGKILL');
  expect(await ended).toBe(1);
  expect(errors()).toMatch(/packing failed, nothing was written: the packing process ended: killed by SIGKILL\n$/);
  expect(fs.readdirSync(cwd)).toEqual([]);
});

test('build leaves nothing behind if the zip is larger than this user may write', () => {
  const cwd = temporaryDirectory();
  const made = new Fixture().debian();
  made.program('/usr/bin/prog');
  made.write({ '/usr/share/prog/noise': noise(2e6, 1) });
  const limited = ['-c', 'ulimit -f 1000; exec "$@"', 'bash', process.execPath, MAIN, 'build', 'prog', '-o', 'layer.zip'];
  const args = [...limited, '--source', `directory:${made.directory}`, '--include', '/usr/share/prog'];
  const { status, stderr } = spawnSync('bash', args, { cwd, encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain(`binary-layer: cannot write ${cwd}/layer.zip: it would be larger than this user or the file system allows (EFBIG)
  raise the limit (ulimit -f), or choose a place on another file system\n`);
  expect(fs.readdirSync(cwd)).toEqual([]);
});
