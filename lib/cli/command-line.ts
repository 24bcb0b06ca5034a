/**
 * The command `binary-layer`, which makes and inspects layers without a CDK app.
 *
 * Exit codes: 0; 1 if a layer cannot be made or read; 2 if the command line is wrong. `run` ends with the exit code of its command.
 */
import * as fs from 'fs';
import * as path from 'path';
import { Command, CommanderError } from 'commander';
import { isDefect, LayerError } from '../error';
import { colours } from './terminal';
import { UsageError } from './usage';
import { printableLines } from '../text/printable';

/* eslint-disable @typescript-eslint/no-require-imports -- only one is loaded: loading a command takes as long as starting Node.js */
const COMMANDS: Readonly<Record<string, () => Command>> = {
  tree: () => (require('./tree') as typeof import('./tree')).treeCommand(),
  build: () => (require('./build') as typeof import('./build')).buildCommand(),
  slim: () => (require('./slim') as typeof import('./slim')).slimCommand(),
  inspect: () => (require('./inspect') as typeof import('./inspect')).inspectCommand(),
  run: () => (require('./run') as typeof import('./run')).runCommand(),
  cache: () => (require('./cache') as typeof import('./cache')).cacheCommand(),
  completion: () => (require('./completion') as typeof import('./completion')).completionCommand(program),
};
/* eslint-enable @typescript-eslint/no-require-imports */

/** @param requested the name of the command to load @default - all of them, for help and completion */
export function program(requested?: string): Command {
  const whole = new Command('binary-layer')
    .description('Make AWS Lambda layers in which a Linux program runs, and inspect them.')
    .helpCommand('help [command]', 'print the help of a command')
    .helpOption('-h, --help', 'print this help')
    .version(version(), '-V, --version', 'print the version')
    .addHelpText('after', `
Examples:
  $ binary-layer tree rig                     show the libraries of rig
  $ binary-layer build rig -o layer.zip       make a layer with rig
  $ binary-layer run layer.zip -- rig -f      run rig from the layer, as a function would

Exit codes: 0; 1 if a layer cannot be made or read; 2 if the command line is wrong.
'binary-layer run' ends with the exit code of its command.`);
  const names = requested !== undefined && Object.hasOwn(COMMANDS, requested) ? [requested] : Object.keys(COMMANDS);
  for (const name of names) whole.addCommand(COMMANDS[name]());
  for (const command of [whole, ...whole.commands]) {
    command.exitOverride().showHelpAfterError(`(binary-layer ${command === whole ? '' : `${command.name()} `}--help prints the usage)`);
    command.configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, `${colours(process.stderr).red('binary-layer:')} `)),
    });
    if (command !== whole) command.helpOption('-h, --help', 'print this help');
  }
  return whole;
}

function version(): string {
  return (JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string }).version;
}

export async function main(args: readonly string[]): Promise<void> {
  try {
    await program(args[0]).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2; // commander has printed the message
    } else {
      process.stderr.write(`${colours(process.stderr).red('binary-layer:')} ${describe(error)}\n`);
      process.exitCode = error instanceof UsageError ? 2 : 1;
    }
  }
}

/** The message for an error, with advice if the user can act on it, or with the stack if only a defect throws errors of this type. */
function describe(error: unknown): string {
  if (error instanceof LayerError) return error.forCommandLine;
  if (!isDefect(error)) return printableLines((error as Error).message);
  return `internal error: please report it with the stack trace below\n${error instanceof Error ? error.stack : String(error)}`;
}

/** A reader that stops early, such as head(1), is not an error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
