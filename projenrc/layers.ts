/**
 * The layers of lib, and the ESLint rule that enforces them.
 */
import { readdirSync } from 'fs';
import type { Eslint } from 'projen/lib/javascript';

type Layer = readonly [name: string, content: string];

/** The files of a folder whose subfolders are layers below them. */
function filesOf(folder: string, content: string): Layer[] {
  return readdirSync(`lib/${folder}`).filter((name) => name.endsWith('.ts')).map((name) => [`${folder}/${name}`, content] as const);
}

// The lowest first. A file imports from its own layer and from lower ones.
const LAYERS: readonly Layer[] = [
  ['text', 'wording of messages: escaping, units, spelling suggestions'],
  ['error.ts', 'the base of all errors that a user can act on, and the options that they refer to'],
  ['lambda.ts', 'what AWS Lambda allows and provides'],
  ['limits.ts', 'limits on sizes and counts in foreign files'],
  ['elf', 'reads and edits ELF files'],
  ['root', 'the files of a source, by their paths inside it; standard directories; path mentions in files'],
  ['loader', 'the search rules of glibc and musl'],
  ['closure', 'a program with every library that the loader maps, and the symbol versions'],
  ['process', 'child processes, files written whole, the cache directory, leftovers'],
  ['packages', 'dpkg, apk and rpm: which package owns a file, and what it depends on'],
  ['trace', 'strace runs and their logs'],
  ['collect/kinds', 'kinds of files that are not packed, or only under a condition'],
  ['collect/selection', 'what the rules of the selection read and return'],
  ['collect/relations', 'how the packages of two files are related'],
  ['collect/programs', 'programs and processes of the layer, and the files that the C library opens for them'],
  ['collect/commands', 'commands that packed files start'],
  ['collect/self-built', 'data of programs that no package owns'],
  ['collect/modules', 'modules that scripts import'],
  ['collect/mentions', 'paths and names in packed files'],
  ['collect/candidates', 'optional files, the most needed first, and the bytes that are left for them in the layer'],
  ...filesOf('collect', 'the selection: what a program needs beyond its libraries'),
  ['plan/layout', 'where each file is in the layer, and by which paths packed files find it'],
  ['plan/edits', 'changes to the content of packed files'],
  ['plan/size', 'what makes a layer smaller'],
  ...filesOf('plan', 'the layer before it is written: places, path aliases, edits, proof, record'),
  ['tar', 'the tar format: reads a tar that is not trusted, writes headers'],
  ['pack', 'a plan written as zip, tar or directory, in a process of its own'],
  ['zip', 'reads a zip that is not trusted'],
  ['sandbox', 'runs a layer under bubblewrap'],
  ['source', 'where the files come from: this machine, a directory, an image, apt'],
  ['workload', 'layers that contain only what the commands of a workload use'],
  ['inspect', 'what is in a layer: summary, HTML report, bill of materials'],
  ['request.ts', 'a request, from properties of the construct or options of the command line'],
  ['asset', 'a layer as an asset of a CDK app: known fingerprint, plan, packing process, kept zips'],
  ['architecture-check.ts', 'the warning about functions of another architecture'],
  ['ephemeral-storage-check.ts', 'the warning about functions whose /tmp is too small'],
  ['deployment-values.ts', 'values that are known only at deployment'],
  ['binary-source.ts', 'public: sources'],
  ['binary-layer.ts', 'public: the construct'],
  ['index.ts', 'public: everything that is exported'],
  ['cli', 'the command line tool'],
];

/** Rejects imports from higher layers. */
export function enforceLayers(eslint: Eslint): void {
  const folderOf = (name: string) => name.split('/')[0];
  // files of a folder with subfolders may import each other
  const isBeside = (name: string, other: string) => name.endsWith('.ts') && other.endsWith('.ts')
    && name.includes('/') && folderOf(name) === folderOf(other);
  const zones = LAYERS.slice(0, -1).map(([name, content], index) => ({
    target: `./lib/${name}`,
    from: LAYERS.slice(index + 1).filter(([above]) => !isBeside(name, above)).map(([above]) => `./lib/${above}`),
    message: `lib/${name} (${content}) is a lower layer: see LAYERS in projenrc/layers.ts`,
  }));
  eslint.addRules({ 'import/no-restricted-paths': ['error', { zones }] });
}
