#!/usr/bin/env node
/**
 * Starts the command `binary-layer`. All of its code is loaded from one file, with the code that V8 compiled for it in an earlier process:
 * loading the separate files would take a third of the time in which a small layer is made.
 */
import * as path from 'path';
import { loadCompiled } from '../process/compiled-code';
import { bundleOf } from '../process/own-file';

/** The commands whose compiled code is kept. The others take little time. */
const KEPT = ['build', 'inspect', 'run', 'slim', 'tree'];

function load([command, ...rest]: readonly string[]): typeof import('./command-line') {
  const bundle = bundleOf(path.join(__dirname, 'command-line.js')) ?? './command-line';
  // help needs other functions than the command
  const isKept = path.isAbsolute(bundle) && KEPT.includes(command) && !rest.some((word) => ['-h', '--help'].includes(word));
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (isKept ? loadCompiled(bundle, command) : require(bundle)) as typeof import('./command-line');
}

if (require.main === module) {
  const args = process.argv.length > 2 ? process.argv.slice(2) : ['--help'];
  void load(args).main(args);
}
