/**
 * Compares the layers of programs from two roots with the same package versions, one of which has many
 * other packages: the layer of the fat root must hold every file of the lean root's layer.
 *
 * usage: npx ts-node -T test/fat-and-lean.ts LEAN FAT PROGRAM...      PROGRAM is a command or an absolute path
 *
 * Exit status 1: a layer of the fat root lacks a file, or cannot be planned.
 */
import * as path from 'path';
import type { FileEntry, Plan } from '../lib/plan/layout/plan';
import { sizeOf } from '../lib/plan/layout/plan';
import { planLayer } from '../lib/plan/plan-layer';
import { DirectoryRoot } from '../lib/root/directory-root';
import { megabytes } from '../lib/text/megabytes';

const SEARCH_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/games'];

function main(lean: string, fat: string, programs: readonly string[]): void {
  let failed = 0;
  for (const program of programs) {
    const result = compare(program, path.resolve(lean), path.resolve(fat));
    console.log(`${program.padEnd(24)} ${result.text}`);
    for (const file of result.missing) console.log(`    ${file}`);
    if (!result.passed) failed++;
  }
  console.log(`${programs.length - failed} of ${programs.length} pass`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function compare(
  program: string,
  lean: string,
  fat: string,
): { readonly text: string; readonly missing: readonly string[]; readonly passed: boolean } {
  try {
    const [leanPlan, fatPlan] = [planOf(program, lean), planOf(program, fat)];
    // identical licence texts are links to one of them
    const packed = new Set<string>(fatPlan.entries.map((entry) => entry.path));
    const missing = filesOf(leanPlan).filter((file) => !packed.has(file));
    const lacks = missing.length > 0 ? `, ${missing.length} files missing:` : '';
    const text = `lean ${megabytes(sizeOf(leanPlan))}, fat ${megabytes(sizeOf(fatPlan))}${lacks}`;
    return { text, missing, passed: missing.length === 0 };
  } catch (error) {
    return { text: (error as Error).message, missing: [], passed: false };
  }
}

function planOf(program: string, directory: string): Plan {
  return planLayer(new DirectoryRoot(directory), {
    binaries: [program],
    rename: {},
    include: [],
    exclude: [],
    detectData: true,
    traceCommands: [],
    searchPath: SEARCH_PATH,
    libraryPath: '',
    cwd: '/',
  }).plan;
}

function filesOf({ entries }: Plan): string[] {
  return entries.filter((entry): entry is FileEntry => entry.kind === 'file').map((entry) => entry.path);
}

const [lean, fat, ...programs] = process.argv.slice(2);
if (programs.length === 0) throw new Error('usage: npx ts-node -T test/fat-and-lean.ts LEAN FAT PROGRAM...');
main(lean, fat, programs);
