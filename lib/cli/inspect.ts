/**
 * `binary-layer inspect layer.zip`: the contents of a layer as text, JSON, an HTML report, or a bill of materials.
 */
import { Command } from 'commander';
import { checkApart, checkInput, checkOutput, STANDARD } from './file-arguments';
import { colours } from './terminal';
import { UsageError } from './usage';
import { type Contents, readContents } from '../inspect/contents';
import { htmlOf } from '../inspect/html';
import { sbomOf } from '../inspect/sbom';
import { byPackage, byProgram, summary } from '../inspect/summary';
import { writeWhole } from '../process/whole-file';
import { printableJson } from '../text/printable';

/** Maximum number of lines of each list without `--all`. */
const MOST_LINES = 12;

interface Options {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly html?: string;
  readonly sbom?: string;
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show the contents of a layer by program, package and size, and its share of Lambda\'s quotas')
    .argument('<layer.zip>', 'zip of a layer: the output of build or slim, or the asset of a BinaryLayer in cdk.out')
    .option('--all', 'list every package and file')
    .option('--json', 'print JSON')
    .option('--html <file>', 'write a searchable report, one self-contained HTML file (- for standard output)')
    .option('--sbom <file>', 'write a software bill of materials (CycloneDX 1.6, JSON; - for standard output)')
    .addHelpText('after', `
Examples:
  $ binary-layer inspect layer.zip
  $ binary-layer inspect layer.zip --html report.html
  $ binary-layer inspect layer.zip --sbom layer.cdx.json

Exit codes: 0; 1 if the file is not a layer, or an output cannot be written; 2 if the command line is wrong.`)
    .action(inspect);
}

function inspect(file: string, { all, json, html, sbom }: Options): void {
  const outputs = [['--json', json ? STANDARD : undefined], ['--html', html], ['--sbom', sbom]] as const;
  const [first, second] = outputs.filter(([, to]) => to === STANDARD).map(([option]) => (option === '--json' ? option : `${option} -`));
  if (second !== undefined) {
    throw new UsageError(`${first} and ${second} would both go to standard output: give ${second.split(' ', 1)[0]} a file`);
  }
  checkInput(file, 'the zip of a layer');
  for (const [option, to] of outputs) if (to !== undefined && to !== STANDARD) checkOutput(option, to);
  checkApart([['the layer', file], ...outputs]);
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
