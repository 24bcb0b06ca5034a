/**
 * Writes man/binary-layer.1 from the declared commands and options.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { Command } from 'commander';
import { program } from '../lib/cli/command-line';

const FILE = path.join(__dirname, '..', 'man', 'binary-layer.1');

/** The manual page, in the macros of man(7). */
export function manPage(): string {
  const whole = program();
  return [
    '.\\" Generated from the command definitions in lib/cli: npm run man',
    '.TH BINARY-LAYER 1',
    '.SH NAME',
    'binary-layer \\- make AWS Lambda layers in which a Linux program runs',
    '.SH SYNOPSIS',
    ...whole.commands.flatMap((command) => [`.B binary-layer ${escaped(command.name())}`, escaped(command.usage()), '.br']),
    '.SH DESCRIPTION',
    escaped(whole.description()),
    ...whole.commands.flatMap(section),
    '.SH EXIT STATUS',
    '0; 1 if a layer cannot be made or read; 2 if the command line is wrong.',
    '.B binary-layer run',
    'ends with the exit code of its command.',
    '.SH ENVIRONMENT',
    ...Object.entries(VARIABLES).flatMap(([name, meaning]) => ['.TP', `.B ${name}`, escaped(meaning)]),
    '',
  ].join('\n');
}

const VARIABLES = {
  BINARY_LAYER_CACHE_MB: 'limit for packed layers in the cache, in MB; 0 keeps none',
  BINARY_LAYER_REFRESH: '1: look for new versions of apt packages',
  CDK_DOCKER: 'the container engine: docker, podman or finch',
  XDG_CACHE_HOME: 'parent directory of the cache (default: ~/.cache, on macOS ~/Library/Caches)',
};

function section(command: Command): string[] {
  const help = command.createHelp();
  return [
    `.SH BINARY-LAYER ${escaped(command.name().toUpperCase())}`,
    `${escaped(sentence(command.description()))}`,
    ...command.registeredArguments.flatMap((argument) => [
      '.TP',
      `.I ${escaped(argument.name())}`,
      escaped(help.argumentDescription(argument)),
    ]),
    ...help.visibleOptions(command).flatMap((option) => ['.TP', `.B ${escaped(option.flags)}`, escaped(help.optionDescription(option))]),
    '.PP',
    '.nf',
    ...examplesOf(command).map(escaped),
    '.fi',
  ];
}

/** The text after the options in a command's help. */
function examplesOf(command: Command): string[] {
  let text = '';
  command.configureOutput({ ...command.configureOutput(), writeOut: (part) => (text += part) });
  command.outputHelp();
  return text.slice(text.indexOf('\nExamples:')).trim().split('\n');
}

function sentence(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** Text that roff prints unchanged: hyphens that can be copied, no control lines. */
function escaped(text: string): string {
  return text.replace(/\\/g, '\\e').replace(/-/g, '\\-').replace(/^([.'])/, '\\&$1');
}

if (require.main === module) {
  fs.mkdirSync(path.dirname(FILE), { recursive: true });
  fs.writeFileSync(FILE, manPage());
}
