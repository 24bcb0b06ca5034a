import * as fs from 'fs';
import * as path from 'path';
import { LegacyESLint } from 'eslint/use-at-your-own-risk';

const ROOT = path.join(__dirname, '..');
const RULE = 'import/no-restricted-paths';

interface Zone {
  readonly target: string;
  readonly from: readonly string[];
}

const config = JSON.parse(fs.readFileSync(path.join(ROOT, '.eslintrc.json'), 'utf8').replace(/^\/\/.*\n/, ''));
const [severity, { zones }] = config.rules[RULE] as ['error', { zones: Zone[] }];

/** The messages of the configured layering rule about a text, as if it were a file of lib. */
async function lint(file: string, text: string): Promise<string[]> {
  // only this rule: others need the types of the whole project, which takes 20 s
  const { parser, settings } = config;
  const eslint = new LegacyESLint({
    cwd: ROOT,
    useEslintrc: false,
    overrideConfig: {
      parser,
      plugins: ['import'],
      settings,
      parserOptions: { sourceType: 'module' },
      rules: { [RULE]: [severity, { zones }] },
    },
  });
  const [{ messages }] = await eslint.lintText(text, { filePath: path.join(ROOT, file) });
  expect(messages.filter(({ fatal }) => fatal)).toEqual([]);
  return messages.map(({ message }) => message);
}

describe('the layers of lib', () => {
  test('forbid the import of a value from a higher layer, and name the list of layers', async () => {
    const messages = await lint('lib/elf/note.ts', "import { planLayer } from '../plan/plan-layer';\n\nplanLayer;\n");
    expect(messages).toEqual([
      expect.stringMatching(/lib\/elf \(reads and edits ELF files\) is a lower layer: see LAYERS in projenrc\/layers\.ts/),
    ]);
  });

  test('forbid the import of a type from a higher layer', async () => {
    expect(
      await lint('lib/zip/entry.ts', "import type { Contents } from '../inspect/contents';\n\nexport type X = Contents;\n"),
    ).toHaveLength(1);
  });

  test('forbid the import from a higher subfolder of the same folder', async () => {
    const text = "import { isSelfBuilt } from '../self-built/self-built';\n\nisSelfBuilt;\n";
    const messages = await lint('lib/collect/selection/context.ts', text);
    expect(messages).toEqual([expect.stringMatching(/lib\/collect\/selection \(what the rules of the selection read and return\)/)]);
  });

  test('allow an import from a lower layer', async () => {
    expect(await lint('lib/plan/place.ts', "import { Elf } from '../elf';\n\nexport type X = Elf;\n")).toEqual([]);
  });

  test('include every file and folder of lib', () => {
    const layers = new Set(zones.flatMap(({ target, from }) => [target, ...from]));
    const entriesOf = (folder: string) => fs.readdirSync(path.join(ROOT, folder)).map((name) => `${folder}/${name}`);
    // in a folder whose subfolders are layers, each entry is a layer
    const isSplit = (folder: string) => [...layers].some((layer) => layer.startsWith(`./${folder}/`));
    const split = entriesOf('lib').flatMap((entry) => (isSplit(entry) ? entriesOf(entry) : [entry]));
    const entries = new Set(split.map((entry) => `./${entry}`));
    expect([...entries].filter((entry) => !layers.has(entry))).toEqual([]);
    expect([...layers].filter((layer) => !entries.has(layer))).toEqual([]);
  });
});

/** The files of lib whose values a file of lib uses, by their paths in lib. */
function importedBy(file: string): string[] {
  const text = fs.readFileSync(path.join(ROOT, 'lib', file), 'utf8');
  const sources = [...text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '(\.[^']*)';$/gm)].map(([, source]) => source);
  return sources.map((source) => path.join(path.dirname(file), source)).map((name) => (
    [`${name}.ts`, path.join(name, 'index.ts')].find((candidate) => fs.existsSync(path.join(ROOT, 'lib', candidate)))!));
}

/** Chains of imports that end where they begin. */
function cycles(files: readonly string[], imports: (file: string) => readonly string[]): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, chain: readonly string[]) => {
    if (chain.includes(file)) found.push([...chain.slice(chain.indexOf(file)), file].join(' → '));
    if (done.has(file)) return;
    done.add(file);
    for (const next of imports(file)) visit(next, [...chain, file]);
  };
  files.forEach((file) => visit(file, []));
  return found;
}

// faster than the rule import/no-cycle, which takes as long as half of all other rules
describe('imports of lib', () => {
  const files = fs.readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));

  test('have no cycles', () => {
    expect(files.flatMap(importedBy).length).toBeGreaterThan(files.length);
    expect(cycles(files, importedBy)).toEqual([]);
  });

  test('with a cycle are found, however long it is', () => {
    const imports: Record<string, readonly string[]> = { a: ['b'], b: ['c', 'd'], c: [], d: ['e'], e: ['b'] };
    expect(cycles(Object.keys(imports), (file) => imports[file])).toEqual(['b → d → e → b']);
  });
});
