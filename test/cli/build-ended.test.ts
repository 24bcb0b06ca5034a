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
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  while (fs.readdirSync(cwd).length === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
  return { cwd, child, ended, errors: () => errors };
}

test('build leaves nothing behind if the process is interrupted', async () => {
  const { cwd, child, ended } = await packing();
  child.kill('SIGINT');
  expect(await ended).toBe('SIGINT');
  expect(fs.readdirSync(cwd)).toEqual([]);
});

test('build leaves nothing behind if the packing process is killed', async () => {
  const { cwd, child, ended, errors } = await packing();
  const children = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ').map(Number);
  expect(children).toHaveLength(1);
  process.kill(children[0], 'SIGKILL');
  expect(await ended).toBe(1);
  expect(errors()).toContain('packing failed, nothing was written: the packing process ended');
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
