/**
 * `binary-layer inspect layer.zip`: what is in a layer, as text, as JSON, as a page, as a bill of materials.
 */
import { Command } from 'commander';
import { checkApart, checkInput, checkOutput, STANDARD } from './files';
import { colours } from './terminal';
import { UsageError } from './usage';
import { Contents, readContents } from '../inspect/contents';
import { htmlOf } from '../inspect/html';
import { sbomOf } from '../inspect/sbom';
import { byPackage, byProgram, summary } from '../inspect/summary';
import { writeWhole } from '../process/whole-file';
import { printableJson } from '../text/printable';

/** Of packages and files, unless all are asked for. */
const MOST_LINES = 12;

interface Options {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly html?: string;
  readonly sbom?: string;
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('says what is in a layer, by program, package and size, and how much of Lambda\'s limits it uses')
    .argument('<layer.zip>', 'a layer that this library made: written by build, or the asset of one in cdk.out')
    .option('--all', 'name every package and file')
    .option('--json', 'as JSON')
    .option('--html <file>', 'write a page to look at and search through, which needs nothing but itself; - for standard output')
    .option('--sbom <file>', 'write the software bill of materials, CycloneDX 1.6 as JSON; - for standard output')
    .addHelpText('after', `
Examples:
  $ binary-layer inspect layer.zip
  $ binary-layer inspect layer.zip --html report.html
  $ binary-layer inspect layer.zip --sbom layer.cdx.json

Exit status: 0; 1 if it is no layer, or something cannot be written; 2 if the command line is wrong.`)
    .action(inspect);
}

function inspect(file: string, { all, json, html, sbom }: Options): void {
  const asked = [['--json', json ? STANDARD : undefined], ['--html', html], ['--sbom', sbom]] as const;
  const [first, second] = asked.filter(([, to]) => to === STANDARD).map(([option]) => (option === '--json' ? option : `${option} -`));
  if (second !== undefined) throw new UsageError(`${first} and ${second} would both go to standard output: give ${second.split(' ', 1)[0]} a file`);
  checkInput(file, 'the zip of a layer');
  for (const [option, to] of asked) if (to !== undefined && to !== STANDARD) checkOutput(option, to);
  checkApart([['the layer', file], ...asked]);
  const contents = readContents(file);
  if (html !== undefined) write(html, htmlOf(contents));
  if (sbom !== undefined) write(sbom, sbomOf(contents));
  if (json) write(STANDARD, `${printableJson(described(contents))}\n`);
  if (first === undefined) write(STANDARD, `${text(contents, all)}\n`);
}

function described({ text: _, ...contents }: Contents) {
  return { ...contents, byProgram: byProgram(contents), byPackage: byPackage(contents) };
}

function text(contents: Contents, all = false): string {
  return summary(contents, { most: all ? undefined : MOST_LINES, style: colours(process.stdout) }).join('\n');
}

function write(file: string, content: string): void {
  if (file === STANDARD) {
    process.stdout.write(content);
    return;
  }
  writeWhole(file, content);
  process.stderr.write(`wrote ${file}\n`);
}
