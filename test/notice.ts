/**
 * Writes NOTICE: the licences of the packages that the npm package of this project bundles.
 */
import * as fs from 'fs';
import * as path from 'path';

const ROOT = path.join(__dirname, '..');
const LICENCE = /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i;
const RULE = '-'.repeat(80);

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly inBundle?: boolean;
}

/**
 * The text of NOTICE, from package-lock.json and the licence files in node_modules.
 *
 * @throws Error if a bundled package is not installed, or states no licence
 */
export function notice(): string {
  const { packages } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
  // packages that are bundled with a tool of this project are in the node_modules of the tool
  const outermost = (directory: string) => directory.split('/node_modules/')[0];
  const bundled = Object.entries(packages).filter(([directory]) => packages[outermost(directory)].inBundle);
  const entries = bundled.map(([directory, { version, license }]) => {
    const name = directory.split('node_modules/').pop()!;
    if (license === undefined) throw new Error(`${name} ${version} states no licence: do not bundle it`);
    const texts = fs.readdirSync(path.join(ROOT, directory)).filter((file) => LICENCE.test(file)).sort()
      .map((file) => fs.readFileSync(path.join(ROOT, directory, file), 'utf8').replace(/\r\n/g, '\n').trim());
    return { title: `${name} ${version} (${license})`, texts };
  });
  entries.sort((a, b) => (a.title < b.title ? -1 : 1));
  const unique = entries.filter(({ title }, index) => title !== entries[index - 1]?.title);
  return [
    'cdk-binary-layer\nCopyright The cdk-binary-layer authors\n',
    'This package is licensed under the Apache License 2.0: see LICENSE. It bundles the packages below.\n',
    ...unique.map(({ title, texts }) => [RULE, title, ...texts.map((text) => `\n${text}`)].join('\n') + '\n'),
  ].join('\n');
}

if (require.main === module) fs.writeFileSync(path.join(ROOT, 'NOTICE'), notice());
