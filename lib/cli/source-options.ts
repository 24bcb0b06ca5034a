/**
 * `--source`, `--arch` and their options: the source of the programs, and the target architecture.
 */
import { type Command, Option } from 'commander';
import type { Machine } from '../elf';
import { readText } from './file-arguments';
import { UsageError } from './usage';
import type { AptOptions } from '../source/apt/apt';
import { openHost } from '../source/host';
import type { OpenedSource } from '../source/source';
import { nearest } from '../text/nearest';

interface Kind {
  /** syntax of the option's value */
  readonly form: string;
  readonly open: (value: string, machine: Machine | undefined, apt: () => AptOptions) => OpenedSource;
}

/* eslint-disable @typescript-eslint/no-require-imports -- only the requested one is loaded */
const KINDS: Readonly<Record<string, Kind>> = {
  host: { form: 'host', open: (_, machine) => openHost(machine) },
  directory: {
    form: 'directory:PATH',
    open: (value, machine) =>
      (require('../source/root-directory') as typeof import('../source/root-directory')).openDirectory(value, machine),
  },
  image: {
    form: 'image:NAME',
    open: (value, machine) => (require('../source/image/image') as typeof import('../source/image/image')).openImage(value, machine),
  },
  apt: {
    form: 'apt:PACKAGE,PACKAGE…',
    open: (value, machine, apt) =>
      (require('../source/apt/apt') as typeof import('../source/apt/apt')).openApt(value.split(','), apt(), machine),
  },
};
/* eslint-enable @typescript-eslint/no-require-imports */

/** Beginnings of the values of `--source`, for completion: `host`, `apt:`. */
export const SOURCE_PREFIXES = Object.values(KINDS).map(({ form }) => form.replace(/:.*/, ':'));

/** Architectures by Lambda's names, and by the kernel's. */
const MACHINES: Readonly<Record<string, Machine>> = { x86_64: 'x86_64', arm64: 'aarch64', aarch64: 'aarch64' };

export interface SourceOptions {
  readonly source: string;
  readonly arch?: string;
  readonly aptSources?: string;
  readonly recommends?: true;
  readonly maintainerScripts: boolean;
}

export function addSource(command: Command): Command {
  const forms = Object.values(KINDS).map(({ form }) => form);
  return command
    .addOption(new Option('-s, --source <source>', `source of the programs: ${forms.join(', ')}`).default('host'))
    .addOption(new Option('--arch <machine>', 'target architecture; a program built for another one is an error')
      .choices(Object.keys(MACHINES)))
    .option('--apt-sources <file>', 'for apt: file with package sources, as in /etc/apt/sources.list.d (default: this machine\'s)')
    .option('--recommends', 'for apt: also install recommended packages')
    .option('--no-maintainer-scripts', 'for apt: do not run the installation scripts of the packages');
}

/** @throws UsageError, SourceError */
export function openSource({ source, arch, aptSources, recommends, maintainerScripts }: SourceOptions): OpenedSource {
  const [kind] = source.split(':', 1);
  const value = source.slice(kind.length + 1);
  if (!Object.hasOwn(KINDS, kind)) {
    const near = nearest(kind, Object.keys(KINDS));
    const looksLikePath = /^[./]/.test(source) ? `; a directory is directory:${source}` : '';
    throw new UsageError([
      `unknown source '${source}'${near === undefined ? looksLikePath : `: did you mean ${KINDS[near].form}?`}`,
      `  known: ${Object.values(KINDS).map(({ form }) => form).join(', ')}`,
    ].join('\n'));
  }
  const { form, open } = KINDS[kind];
  if ((value !== '') !== form.includes(':')) throw new UsageError(`source '${source}': expected ${form}`);
  const forApt = [
    aptSources !== undefined && '--apt-sources', recommends && '--recommends', !maintainerScripts && '--no-maintainer-scripts',
  ].find(Boolean);
  if (forApt && kind !== 'apt') throw new UsageError(`${forApt} requires --source ${KINDS.apt.form}, and the source is ${source}`);
  return open(value, arch === undefined ? undefined : MACHINES[arch], () => ({
    sources: aptSources === undefined ? undefined : readText('--apt-sources', aptSources, 'a file as in /etc/apt/sources.list.d'),
    recommends,
    maintainerScripts,
  }));
}
