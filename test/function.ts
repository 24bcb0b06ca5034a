/**
 * Runs commands in a sandbox like a function on Lambda, with a layer at `/opt`. It needs no Jest.
 */
import { spawnSync } from 'child_process';

/** The environment of a function. */
export const LAMBDA = {
  PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
};

export interface FunctionOptions {
  /** options of bubblewrap that mount something else */
  readonly mounts?: readonly string[];
  /** the whole environment @default - LAMBDA */
  readonly environment?: Readonly<Record<string, string>>;
}

/** @param opt the directory of the layer */
export function runWithLayer(opt: string, command: readonly string[], { mounts = [], environment = LAMBDA }: FunctionOptions = {}) {
  const setenv = Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]);
  const system = ['--ro-bind', opt, '/opt', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--chdir', '/tmp'];
  const { status, stdout, stderr, signal } = spawnSync('bwrap', [...mounts, ...system, '--clearenv', ...setenv, ...command], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return { status, stdout, stderr, signal };
}
