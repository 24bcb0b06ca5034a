#!/usr/bin/env node
/**
 * The command `binary-layer`: what the construct does, from a shell.
 *
 * Exit status: 0; 1, the layer does not hold, or cannot be made; 2, the command line is wrong. Of `run` it is the
 * command's own.
 */
import * as fs from 'fs';
import * as path from 'path';
import { Command, CommanderError } from 'commander';
import { LayerError } from '../error';
import { colours } from './terminal';
import { UsageError } from './usage';
import { printableLines } from '../text/printable';

/* eslint-disable @typescript-eslint/no-require-imports -- a command loads what it needs when it is the one that is wanted: each takes as long as Node itself to start */
const COMMANDS: Readonly<Record<string, () => Command>> = {
  tree: () => (require('./tree') as typeof import('./tree')).treeCommand(),
  build: () => (require('./build') as typeof import('./build')).buildCommand(),
  inspect: () => (require('./inspect') as typeof import('./inspect')).inspectCommand(),
  run: () => (require('./run') as typeof import('./run')).runCommand(),
  cache: () => (require('./cache') as typeof import('./cache')).cacheCommand(),
  completion: () => (require('./completion') as typeof import('./completion')).completionCommand(program),
};
/* eslint-enable @typescript-eslint/no-require-imports */

/** @param wanted the one command to load, where it is one @default - all of them, as help and completion want them */
export function program(wanted?: string): Command {
  const whole = new Command('binary-layer')
    .description('Makes AWS Lambda layers in which a Linux program runs, and looks into them.')
    .helpCommand('help [command]', 'says how a command is used')
    .helpOption('-h, --help', 'says how this is used')
    .version(version(), '-V, --version', 'says which version this is')
    .addHelpText('after', `
Examples:
  $ binary-layer tree rig                     what rig needs, and where that is found
  $ binary-layer build rig -o layer.zip       a layer in which rig runs
  $ binary-layer run layer.zip -- rig -f      rig of that layer, as a function would run it

Exit status: 0; 1 if a layer does not hold or cannot be made; 2 if the command line is wrong.
'binary-layer run' ends with the exit status of what it runs.`);
  const names = wanted !== undefined && Object.hasOwn(COMMANDS, wanted) ? [wanted] : Object.keys(COMMANDS);
  for (const name of names) whole.addCommand(COMMANDS[name]());
  for (const command of [whole, ...whole.commands]) {
    command.exitOverride().showHelpAfterError(`(binary-layer ${command === whole ? '' : `${command.name()} `}--help says how it is used)`);
    command.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, `${colours(process.stderr).red('binary-layer:')} `)) });
    if (command !== whole) command.helpOption('-h, --help', 'says how this is used');
  }
  return whole;
}

function version(): string {
  return (JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string }).version;
}

async function main(args: readonly string[]): Promise<void> {
  try {
    await program(args[0]).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2; // it has said what is wrong
    } else {
      process.stderr.write(`${colours(process.stderr).red('binary-layer:')} ${describe(error)}\n`);
      process.exitCode = error instanceof UsageError ? 2 : 1;
    }
  }
}

/** An error that the user can act on says what to do. Any other is a defect, which is located by its stack. */
function describe(error: unknown): string {
  if (error instanceof LayerError) return error.forCommandLine;
  const isDefect = !(error instanceof Error) || [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
  if (!isDefect) return printableLines(error.message);
  return `internal error: please report it with the stack trace below\n${error instanceof Error ? error.stack : String(error)}`;
}

/** A reader that has enough, as head(1), is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

if (require.main === module) void main(process.argv.length > 2 ? process.argv.slice(2) : ['--help']);
