/**
 * `--source KIND:WHAT` and `--arch`: where a command takes programs from, and for which machine.
 */
import { Option } from 'commander';
import { Machine } from '../elf';
import { UsageError } from './usage';
import { nearest } from '../process/nearest';
import { openHost } from '../source/host';
import { OpenedSource } from '../source/source';

interface Kind {
  /** as it is written */
  readonly form: string;
  readonly open: (what: string, machine: Machine | undefined) => OpenedSource;
}

/* eslint-disable @typescript-eslint/no-require-imports -- only the one that is asked for is loaded */
const KINDS: Readonly<Record<string, Kind>> = {
  host: { form: 'host', open: (_, machine) => openHost(machine) },
  directory: { form: 'directory:PATH', open: (what, machine) => (require('../source/directory') as typeof import('../source/directory')).openDirectory(what, machine) },
  image: { form: 'image:NAME', open: (what, machine) => (require('../source/image') as typeof import('../source/image')).openImage(what, machine) },
  apt: { form: 'apt:PACKAGE,PACKAGE…', open: (what, machine) => (require('../source/apt') as typeof import('../source/apt')).openApt(what.split(','), {}, machine) },
};
/* eslint-enable @typescript-eslint/no-require-imports */

/** Lambda's names of the machines, and their own. */
const MACHINES: Readonly<Record<string, Machine>> = { x86_64: 'x86_64', arm64: 'aarch64', aarch64: 'aarch64' };

export interface SourceOptions {
  readonly source: string;
  readonly arch?: string;
}

export function sourceOption(): Option {
  const forms = Object.values(KINDS).map(({ form }) => form);
  return new Option('-s, --source <source>', `where the programs are taken from: ${forms.join(', ')}`).default('host');
}

export function archOption(): Option {
  return new Option('--arch <machine>', 'what the programs are to be for').choices(Object.keys(MACHINES));
}

/** @throws UsageError, SourceError */
export function openSource({ source, arch }: SourceOptions): OpenedSource {
  const [kind] = source.split(':', 1);
  const what = source.slice(kind.length + 1);
  if (!Object.hasOwn(KINDS, kind)) {
    const near = nearest(kind, Object.keys(KINDS));
    const looksLikePath = /^[./]/.test(source) ? `; a directory is directory:${source}` : '';
    throw new UsageError([
      `unknown source '${source}'${near === undefined ? looksLikePath : `: did you mean ${KINDS[near].form}?`}`,
      `  known: ${Object.values(KINDS).map(({ form }) => form).join(', ')}`,
    ].join('\n'));
  }
  const { form, open } = KINDS[kind];
  if ((what !== '') !== form.includes(':')) throw new UsageError(`source '${source}': expected ${form}`);
  return open(what, arch === undefined ? undefined : MACHINES[arch]);
}
