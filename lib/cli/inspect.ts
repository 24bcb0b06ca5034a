/**
 * `binary-layer inspect layer.zip`: what is in a layer, as text, as JSON, as a page, as a bill of materials.
 */
import { Command } from 'commander';
import { colours } from './terminal';
import { UsageError } from './usage';
import { Contents, readContents } from '../inspect/contents';
import { htmlOf } from '../inspect/html';
import { sbomOf } from '../inspect/sbom';
import { byPackage, byProgram, summary } from '../inspect/summary';
import { writeWhole } from '../process/whole-file';

/** Of packages and files, unless all are asked for. */
const MOST_LINES = 12;

const STANDARD_OUTPUT = '-';

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
    .option('--html <file>', 'write a page to look at and search through, which needs nothing but itself')
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
  if (json && sbom === STANDARD_OUTPUT) throw new UsageError('--json and --sbom - would both go to standard output: give --sbom a file');
  const contents = readContents(file);
  if (html !== undefined) write(html, htmlOf(contents));
  if (sbom !== undefined) write(sbom, sbomOf(contents));
  if (json) write(STANDARD_OUTPUT, `${JSON.stringify(described(contents), null, 2)}\n`);
  else if (sbom !== STANDARD_OUTPUT) write(STANDARD_OUTPUT, `${text(contents, all)}\n`);
}

function described({ text: _, ...contents }: Contents) {
  return { ...contents, byProgram: byProgram(contents), byPackage: byPackage(contents) };
}

function text(contents: Contents, all = false): string {
  return summary(contents, { most: all ? undefined : MOST_LINES, style: colours(process.stdout) }).join('\n');
}

function write(file: string, content: string): void {
  if (file === STANDARD_OUTPUT) {
    process.stdout.write(content);
    return;
  }
  writeWhole(file, content);
  process.stderr.write(`wrote ${file}\n`);
}
