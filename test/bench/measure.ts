/**
 * Runs commands and measures them: wall and CPU time of all their processes, and for the Node.js processes peak memory,
 * bytes read and files opened.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

export interface Measured {
  /** in seconds */
  readonly wall: number;
  /** user and system time, in seconds */
  readonly cpu: number;
  readonly stdout: string;
}

/** Of the Node.js processes of a command. */
export interface Metered {
  /** of the largest process, in MB */
  readonly peak: number;
  /** in MB */
  readonly read: number;
  readonly opened: number;
}

export class Workplace {
  public readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));

  constructor() {
    fs.chmodSync(this.directory, 0o755); // the sandbox drops root's privileges
  }

  /** A path that does not exist. */
  public fresh(name: string): string {
    const file = path.join(this.directory, name);
    fs.rmSync(file, { recursive: true, force: true });
    return file;
  }

  public clear(): void {
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  /** @throws Error with the first line of standard error that names one, if the command fails */
  public run(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Measured {
    const script = 'TIMEFORMAT="%R %U %S"; time "$@" 2>"$ERRORS"';
    const errors = path.join(this.directory, 'errors');
    const env = { ...process.env, NODE_NO_WARNINGS: '1', ...environment, ERRORS: errors };
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...command], { encoding: 'utf8', env, maxBuffer: 1e8 });
    if (status !== 0) throw new Error(/^.*error.*$/im.exec(fs.readFileSync(errors, 'utf8'))?.[0] ?? `${command[0]} failed`);
    const [wall, user, system] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
    return { wall, cpu: user + system, stdout };
  }

  public meter(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Metered {
    const directory = this.fresh('meter');
    fs.mkdirSync(directory);
    fs.copyFileSync(path.join(__dirname, 'meter.js'), path.join(directory, 'meter.js'));
    this.run(command, { ...environment, NODE_OPTIONS: `--require ${path.join(directory, 'meter.js')}` });
    const lines = fs.readFileSync(path.join(directory, 'meter.jsonl'), 'utf8').trim().split('\n');
    const processes = lines.map((line) => JSON.parse(line) as { peak: number; read: number; opened: number });
    const sum = (of: 'read' | 'opened') => processes.reduce((all, one) => all + one[of], 0);
    const peak = Math.max(...processes.map((one) => one.peak));
    return { peak: Math.round(peak * 1024 / 1e6), read: Math.round(sum('read') / 1e6), opened: sum('opened') };
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Measures several ways in turn, so that a change of the machine's speed concerns all of them. @returns the results by way */
export function inTurn<T>(runs: number, ways: Readonly<Record<string, () => T>>): Record<string, T[]> {
  const results = Object.fromEntries(Object.keys(ways).map((way): [string, T[]] => [way, []]));
  for (let run = 0; run < runs; run++) for (const [way, measure] of Object.entries(ways)) results[way].push(measure());
  return results;
}
