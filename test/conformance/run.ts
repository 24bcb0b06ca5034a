/**
 * Compares this library with real loaders and programs on whole systems, and records the figures in docs/reliability.md.
 *
 * usage: npm run conformance -- [--record] [--every N] [--update-list] [ROOT ...]
 *
 * - ld.so: what `ld.so --list` prints for every file of this machine and of each ROOT. Without any ROOT, Debian 11 and 13 are
 *   installed by debootstrap below the temporary directory, if it is there and this user is root.
 * - programs: every dynamic program of this machine in a layer; see programs.ts. `--every 10` takes one of ten. `--update-list` finds
 *   out again which programs answer `--version`, by starting all of them in a sandbox.
 * - toolchains: programs of every compiler and linker that is installed.
 *
 * Exit status 1: something differs.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { parseArgs } from 'util';
import type { Agreement, Difference } from './loader';
import { agreement } from './loader';
import type { ProgramResults } from './programs';
import { answering, comparePrograms, STARTED } from './programs';
import type { ToolchainResult } from './toolchains';
import { compareToolchains } from './toolchains';
import { record } from '../reliability';

const SUITES = ['bullseye', 'trixie'];
/** Programs that together need many libraries. */
const PACKAGES = ['imagemagick', 'ffmpeg', 'git', 'python3', 'perl', 'curl', 'ghostscript', 'poppler-utils', 'libabsl-dev', 'strace'];
const LOADER = '/lib64/ld-linux-x86-64.so.2';

/** Known differences. Debian 13's libabsl_* files that need no libc: ld.so lists itself for them, though it maps nothing for them. */
function isException({ file, loader, resolver }: Difference): boolean {
  if (!/\/libabsl_[^/]+$/.test(file)) return false;
  const listed = [...loader.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, found]) => path.normalize(found));
  return listed.filter((found) => found !== LOADER).join(' ') === resolver;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { 'record': { type: 'boolean' }, 'every': { type: 'string' }, 'update-list': { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values['update-list']) {
    const names = answering();
    fs.writeFileSync(STARTED, `${names.sort().join('\n')}\n`);
    console.log(`${names.length} programs answer --version`);
    return;
  }
  const roots = ['/', ...(positionals.length > 0 ? positionals : installed())];
  const agreements: [string, Agreement][] = [];
  for (const root of roots) {
    const directories = root === '/' ? ['/usr/bin', '/usr/sbin', '/usr/lib'] : ['/'];
    const found = await agreement(root, directories);
    agreements.push([systemOf(root), found]);
    console.log(`${root}: ${found.files} files: ${[...found.counts].map(([name, count]) => `${count} ${name}`).join(', ')}`);
    for (const { file, loader, resolver } of found.differences.slice(0, 10)) {
      console.log(`${file}\n  loader:   ${loader}\n  resolver: ${resolver}`);
    }
  }
  const toolchains = await compareToolchains();
  for (const [name, result] of toolchains) console.log(`${name}: ${result}`);
  const programs = await comparePrograms(Number(values.every ?? 1));
  console.log(
    `${programs.programs} programs: ${programs.same} started, ${programs.traced} traced, ` +
      `${programs.refused.size} refused, ${programs.broken.size} broken`,
  );
  for (const [name, what] of [...programs.refused, ...programs.broken]) console.log(`${name}: ${what}`);
  if (values.record) record('Conformance', report(agreements, toolchains, programs));
  const hasDifferences = agreements.some(([, { differences }]) => differences.some((one) => !isException(one)));
  process.exitCode = hasDifferences || programs.broken.size > 0 || toolchains.some(([, result]) => !isFine(result)) ? 1 : 0;
}

function isFine(result: string): boolean {
  return result === 'same' || result.startsWith('not installed');
}

/** Directories with other releases of Debian, installed if they are missing. */
function installed(): string[] {
  return SUITES.flatMap((suite) => {
    const directory = path.join(os.tmpdir(), `binary-layer-${suite}`);
    if (fs.existsSync(path.join(directory, 'bin/sh')) && !fs.existsSync(path.join(directory, 'debootstrap'))) return [directory];
    const { error, status } = spawnSync('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, suite, directory], {
      stdio: ['ignore', 2, 2],
    });
    if (!error && status === 0) return [directory];
    console.log(`${suite}: skipped, debootstrap ${error ? 'is not installed' : `ended with ${status}`}`);
    return [];
  });
}

function systemOf(root: string): string {
  const release = path.join(root, 'etc/os-release');
  const [, name = root] = (fs.existsSync(release) && /^PRETTY_NAME="(.*)"$/m.exec(fs.readFileSync(release, 'utf8'))) || [];
  return name;
}

function report(
  agreements: readonly (readonly [string, Agreement])[],
  toolchains: readonly ToolchainResult[],
  programs: ProgramResults,
): string {
  const rows = agreements.map(([system, { files, differences }]) => {
    const exceptions = differences.filter(isException).length;
    return `| ${system} | ${files} | ${files - differences.length} | ${exceptions} | ${differences.length - exceptions} |`;
  });
  const absent = toolchains.filter(([, result]) => result.startsWith('not installed'));
  const present = toolchains.filter(([, result]) => !result.startsWith('not installed'));
  const list = (entries: ReadonlyMap<string, string>): string[] =>
    [...entries].map(([name, what]) => `- \`${name}\`: ${what.replace(/\s+/g, ' ')}`);
  return [
    '`npm run conformance -- --record`',
    '',
    '### The libraries that `ld.so --list` prints, in its order',
    '',
    '| system | files | same | known exceptions | different |',
    '|---|---:|---:|---:|---:|',
    ...rows,
    '',
    'Known exceptions: files `libabsl_*` that need no libc, for which ld.so lists itself as well.',
    '',
    '### Programs of this machine, packed and started from the layer',
    '',
    `${programs.programs} dynamic programs: ${programs.same} started with \`--version\`, with the output and exit code of ` +
      `the original; ${programs.traced} not started, but loaded ` +
      `from the layer only; ${programs.refused.size} rejected with an error of ours; ${programs.broken.size} broken.`,
    '',
    ...list(programs.broken),
    ...list(programs.refused),
    '',
    '### Toolchains',
    '',
    `${present.filter(([, result]) => result === 'same').length} of ${present.length} run as the original does: ` +
      `${present.map(([name]) => name).join('; ')}.`,
    ...present.filter(([, result]) => result !== 'same').map(([name, result]) => `- ${name}: ${result}`),
    '',
    `Not installed here: ${absent.map(([name]) => name).join('; ') || 'none'}.`,
  ].join('\n');
}

void main();
