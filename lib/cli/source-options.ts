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
  /** as it is written */
  readonly form: string;
  readonly open: (what: string, machine: Machine | undefined, apt: () => AptOptions) => OpenedSource;
}

/* eslint-disable @typescript-eslint/no-require-imports -- only the one that is asked for is loaded */
const KINDS: Readonly<Record<string, Kind>> = {
  host: { form: 'host', open: (_, machine) => openHost(machine) },
  directory: { form: 'directory:PATH', open: (what, machine) => (require('../source/root-directory') as typeof import('../source/root-directory')).openDirectory(what, machine) },
  image: { form: 'image:NAME', open: (what, machine) => (require('../source/image/image') as typeof import('../source/image/image')).openImage(what, machine) },
  apt: { form: 'apt:PACKAGE,PACKAGE…', open: (what, machine, apt) => (require('../source/apt/apt') as typeof import('../source/apt/apt')).openApt(what.split(','), apt(), machine) },
};
/* eslint-enable @typescript-eslint/no-require-imports */

/** Lambda's names of the machines, and their own. */
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
    .addOption(new Option('--arch <machine>', 'target architecture; a program built for another one is an error').choices(Object.keys(MACHINES)))
    .option('--apt-sources <file>', 'for apt: package sources in the format of /etc/apt/sources.list.d/*.sources (default: this machine\'s)')
    .option('--recommends', 'for apt: also install recommended packages')
    .option('--no-maintainer-scripts', 'for apt: do not run maintainer scripts');
}

/** @throws UsageError, SourceError */
export function openSource({ source, arch, aptSources, recommends, maintainerScripts }: SourceOptions): OpenedSource {
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
  const forApt = [aptSources !== undefined && '--apt-sources', recommends && '--recommends', !maintainerScripts && '--no-maintainer-scripts'].find(Boolean);
  if (forApt && kind !== 'apt') throw new UsageError(`${forApt} is for packages of apt, and the source is ${source}: expected --source ${KINDS.apt.form}`);
  return open(what, arch === undefined ? undefined : MACHINES[arch], () => ({
    sources: aptSources === undefined ? undefined : readText('--apt-sources', aptSources, 'a file as in /etc/apt/sources.list.d'),
    recommends,
    maintainerScripts,
  }));
}
