/**
 * Runs the compiled command like a user: in a separate process, with or without a terminal.
 */
import { spawnSync } from 'child_process';
import { ownFile } from '../../lib/process/own-file';

export const MAIN = ownFile('cli/main.js');

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
}

export function binaryLayer(args: readonly string[], { cwd, env = {}, input = '' }: Surroundings = {}) {
  const { status, stdout, stderr, signal } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...process.env, ...env },
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr, signal };
}

/**
 * Runs a command with a terminal as all three streams. Returns the text on its screen at the end.
 *
 * @param answers texts to type, each when the text before it has appeared
 */
export function atTerminal(args: readonly string[], answers: Answers = [], surroundings: Surroundings = {}) {
  return anyAtTerminal([process.execPath, MAIN, ...args], answers, surroundings);
}

export type Answers = readonly (readonly [seen: string, typed: string])[];

/** Any program at a terminal. */
export function anyAtTerminal(command: readonly string[], answers: Answers = [], { cwd, env = {} }: Surroundings = {}) {
  const { stdout, stderr } = spawnSync('python3', ['-c', TERMINAL, JSON.stringify(answers), ...command], {
    cwd, env: { ...process.env, TERM: 'xterm', ...env }, encoding: 'utf8', timeout: 60_000,
  });
  if (stderr !== '') throw new Error(stderr);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), screen: stdout.slice(0, end).replaceAll('\r\n', '\n') };
}

const TERMINAL = `
import json, os, pty, sys
answers = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0: os.execvp(sys.argv[2], sys.argv[2:])
screen = b''
while True:
    try: read = os.read(terminal, 65536)
    except OSError: break
    if not read: break
    screen += read
    while answers and answers[0][0].encode() in screen:
        os.write(terminal, answers.pop(0)[1].encode())
sys.stdout.write(screen.decode() + '\\n' + str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
`;
