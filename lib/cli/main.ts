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
import { colours } from './terminal';
import { UsageError } from './usage';

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
      process.stderr.write(`${colours(process.stderr).red('binary-layer:')} ${inWords(error)}\n`);
      process.exitCode = error instanceof UsageError ? 2 : 1;
    }
  }
}

/** What messages name, which are the construct's as well, and what that is here. */
const OPTIONS: Readonly<Record<string, string>> = {
  'traceCommands': '--trace',
  'testCommand': '--test',
  'testTimeout': '--test-timeout',
  'rename': '--rename PROGRAM=NAME',
  'detectData: false': '--no-detect-data',
  'maintainerScripts: false': '--no-maintainer-scripts',
  'the option sources': '--apt-sources',
  'BinarySource.directory': '--source directory:PATH',
  'BinarySource.image': '--source image:NAME',
  'BinarySource.apt': '--source apt:PACKAGE',
};

/** What is thrown on purpose says what to do; anything else is a mistake of ours, of which the place is told. */
function inWords(error: unknown): string {
  const isMistake = !(error instanceof Error) || [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
  if (!isMistake) {
    const named = error instanceof UsageError ? [] : Object.entries(OPTIONS).filter(([name]) => new RegExp(`\\b${name}\\b`).test(error.message));
    return [error.message, ...named.map(([name, option]) => `  (${name} is ${option} here)`)].join('\n');
  }
  return `this is a mistake in binary-layer itself, please report it with what is below\n${error instanceof Error ? error.stack : String(error)}`;
}

/** A reader that has enough, as head(1), is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

if (require.main === module) void main(process.argv.slice(2));
