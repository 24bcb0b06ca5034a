/**
 * The README, compared with the code: its examples compile, and everything that it names exists.
 */
import * as fs from 'fs';
import * as path from 'path';
import * as ts from 'typescript';
import { program } from '../lib/cli/command-line';

const ROOT = path.join(__dirname, '..');
const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, language, text]) => ({ language, text }));
const spans = [...readme.replace(/^```.*?^```/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, text]) => text);
const section = (title: string) => readme.split(/^## /m).find((text) => text.startsWith(`${title}\n`))!;
const sources = fs.readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts')).map((name) => fs.readFileSync(path.join(ROOT, 'lib', name), 'utf8'));
const publicFiles = ['binary-layer.ts', 'binary-source.ts'].map((name) => path.join(ROOT, 'lib', name));

/** TypeScript blocks of the README, and the examples of docstrings, by the names of files that they would be. */
const examples = new Map([
  ...blocks.filter(({ language }) => language === 'ts')
    .map(({ text }, index) => [path.join(ROOT, `readme-${index + 1}.ts`), text] as const),
  ...publicFiles.flatMap((file) => docstringExamples(fs.readFileSync(file, 'utf8'))
    .map((text) => [path.join(ROOT, `example-of-${path.parse(file).name}.ts`), text] as const)),
]);

function docstringExamples(source: string): string[] {
  const docstrings = [...source.matchAll(/^ *\/\*\*$(.*?)\*\/$/gms)].map(([, text]) => text.replace(/^ *\* ?/gm, ''));
  const tags = docstrings.flatMap((text) => text.split(/^@/m).slice(1));
  return tags.filter((tag) => tag.startsWith('example')).map((tag) => tag.slice('example'.length));
}

let checked: ts.Program;
beforeAll(() => {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    esModuleInterop: true,
    paths: {
      'cdk-binary-layer': [path.join(ROOT, 'lib', 'index.ts')],
      // the rest of the module is hundreds of namespaces, one for each service: reading them takes most of the time
      'aws-cdk-lib': [path.join(ROOT, 'node_modules', 'aws-cdk-lib', 'core', 'index.d.ts')],
    },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => examples.has(file) || fileExists.call(host, file);
  host.readFile = (file) => examples.get(file) ?? readFile.call(host, file);
  host.getSourceFile = (file, ...rest) => {
    const text = examples.get(file);
    return text === undefined ? getSourceFile.call(host, file, ...rest) : ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  };
  checked = ts.createProgram([...examples.keys()], options, host);
});

test.each([...examples.keys()].map((file) => [path.basename(file), file]))('the example %s compiles', (_, file) => {
  const source = checked.getSourceFile(file)!;
  expect(examples.get(file)!.trimStart()).toMatch(/^import /);
  const messages = [...checked.getSyntacticDiagnostics(source), ...checked.getSemanticDiagnostics(source)]
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  expect(messages).toEqual([]);
});

test('the table of properties has each property of BinaryLayerProps once, and no other', () => {
  const file = checked.getSourceFile(publicFiles[0])!;
  const props = file.statements.filter((node) => ts.isInterfaceDeclaration(node)).find(({ name }) => name.text === 'BinaryLayerProps')!;
  const rows = [...section('Properties').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect([...rows].sort()).toEqual(props.members.map((member) => member.name!.getText(file)).sort());
});

test('every source that the README names is a static method of BinarySource', () => {
  const source = fs.readFileSync(publicFiles[1], 'utf8');
  const named = new Set([...readme.matchAll(/BinarySource\.(\w+)/g)].map(([, name]) => name));
  expect([...named].filter((name) => !source.includes(`public static ${name}(`))).toEqual([]);
  expect(named.size).toBeGreaterThanOrEqual(5);
});

test('every subcommand and option that the README names exists', () => {
  const { commands } = program();
  const optionsOf = (name: string) => commands.filter((command) => command.name() === name)
    .flatMap(({ options }) => options.flatMap(({ long, short }) => [long, short]));
  const lines = [...blocks.flatMap(({ text }) => text.split('\n')), ...spans];
  const calls = lines.flatMap((line) => [...line.matchAll(/(?:npx |\()binary-layer (\w+)(.*?)(?: -- |\)|#|$)/g)]);
  expect(calls.length).toBeGreaterThanOrEqual(6);
  for (const [call, name, rest] of calls) {
    expect(commands.map((command) => command.name())).toContain(name);
    const unquoted = rest.replace(/'[^']*'/g, '');
    const unknown = (unquoted.match(/(?<= )--?[a-z][a-z-]*/g) ?? []).filter((option) => !optionsOf(name).includes(option));
    expect([call, unknown]).toEqual([call, []]);
  }
  const all = new Set([...commands.flatMap((command) => optionsOf(command.name())), '--help']);
  const named = [...section('Command line').matchAll(/(?<=`|`\w+ | )--[a-z][a-z-]*/g)].map(([option]) => option);
  expect(named.filter((option) => !all.has(option))).toEqual([]);
});

test('every npm script and projen task that the README names exists', () => {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const named = [...readme.matchAll(/(?:npm run|npx projen) ([a-z][\w:-]*)/g)].map(([, name]) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test('every environment variable that the README names is read by the code', () => {
  const named = new Set(readme.match(/\bBINARY_LAYER_\w+/g));
  expect([...named].filter((name) => !sources.some((text) => text.includes(name)))).toEqual([]);
});

test('every message in the README\'s table for troubleshooting is in the code', () => {
  const rows = [...section('Troubleshooting').matchAll(/^\| `([^`]+)`/gm)].map(([, message]) => message);
  expect(rows.length).toBeGreaterThan(20);
  const literal = sources.map((text) => text.replace(/\\'/g, '\'')).join('\n');
  const isPrinted = (message: string) => message.split('…').every((part) => literal.includes(part.trim()));
  expect(rows.filter((message) => !isPrinted(message))).toEqual([]);
});

test('every code block has a language that a test covers', () => {
  expect([...new Set(blocks.map(({ language }) => language))].sort()).toEqual(['sh', 'text', 'ts', 'yaml']);
});

test('every block of YAML is a list of steps, and no shell command begins with a prompt', () => {
  const steps = blocks.filter(({ language }) => language === 'yaml').flatMap(({ text }) => text.trimEnd().split(/\n(?=\S)/));
  expect(steps.length).toBeGreaterThan(0);
  expect(steps.filter((step) => !/^- (?:run|uses): \S.*(?:\n {2}\S.*|\n {4}\S.*)*$/.test(step))).toEqual([]);
  for (const { language, text } of blocks) {
    if (language === 'sh') expect([text, text.split('\n').filter((line) => /^\s*\$/.test(line))]).toEqual([text, []]);
  }
});

test('every file and section that the README links to exists', () => {
  const links = [...readme.matchAll(/\]\(([^):]+)\)/g)].map(([, link]) => link);
  const titles = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title.toLowerCase());
  const anchors = titles.map((title) => `#${title.replace(/[^\w -]/g, '').replace(/ /g, '-')}`);
  const isThere = (link: string) => (link.startsWith('#') ? anchors.includes(link) : fs.existsSync(path.join(ROOT, link)));
  expect(links.filter((link) => !isThere(link))).toEqual([]);
});
