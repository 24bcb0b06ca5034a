/**
 * The functions of the recipes with small packages, called in the sandbox. Those with large packages are in recipes.large.ts.
 */
import * as fs from 'fs';
import * as path from 'path';
import { pdf, png, pngSize } from './documents';
import { GitServer } from './git-server';
import type { Assembly } from './lambda';
import { synthesize } from './synthesize';
import { recipes } from '../../examples/recipes/recipes';
import { readElf } from '../../lib/elf';
import { temporaryDirectory } from '../fixture';

const STACKS = [
  'Arm64', 'GitClone', 'JsonReport', 'NodejsUser', 'Ocr', 'OwnProgram', 'PdfPages', 'PythonUser', 'SharedLayer', 'Toolbox',
];

let assembly: Assembly;
beforeAll(() => {
  assembly = synthesize(recipes, { 'aws:cdk:bundling-stacks': STACKS });
}, 300_000);

const base64 = (data: Buffer) => data.toString('base64');

test('PdfPages returns the text of a PDF, and a picture of each page', async () => {
  const { text, pages } = await assembly.call('PdfPages', 'Function', { pdf: base64(pdf('Hello PDF', 'Grüße', '')) });
  expect(text).toBe('Hello PDF\n\n\fGrüße\n\n\f\f');
  const pictures: Buffer[] = pages.map((page: string) => Buffer.from(page, 'base64'));
  expect(pictures.map(pngSize)).toEqual([[300, 100], [300, 100], [300, 100]]);
  // the empty page compresses to less than those with letters
  expect(pictures[2].length).toBeLessThan(pictures[1].length / 2);
});

test('Ocr reads English and German in a picture of a page', async () => {
  const { pages: [picture] } = await assembly.call('PdfPages', 'Function', { pdf: base64(pdf('The quick größere Straße')), resolution: 200 });
  const { text } = await assembly.call('Ocr', 'Function', { picture, languages: 'eng+deu' });
  expect(text.trim()).toBe('The quick größere Straße');
});

test('Ocr refuses languages that are not codes', async () => {
  await expect(assembly.call('Ocr', 'Function', { picture: '', languages: '../deu' })).rejects.toThrow('expected codes such as \'eng+deu\'');
});

describe('GitClone', () => {
  let server: GitServer;
  const clone = (event: object, authority?: string) => assembly.call('GitClone', 'Function', event, {
    network: true,
    ...(authority && { sandbox: ['--bind', authority, '/var/authority.pem'], environment: { GIT_SSL_CAINFO: '/var/authority.pem' } }),
  });

  beforeAll(async () => {
    server = await GitServer.start(temporaryDirectory(), { 'README.md': 'hello', 'docs/ä.txt': 'x' });
  });
  afterAll(() => server.stop());

  test('returns the newest commit of a repository over HTTPS, and its files', async () => {
    const { commit, files } = await clone({ url: server.url, branch: 'main' }, server.authority);
    expect(commit).toMatch(/^[0-9a-f]{40} First commit$/);
    expect(files).toEqual(['README.md', 'docs/ä.txt']);
  });

  test('refuses a server whose authority it does not know', async () => {
    await expect(clone({ url: server.url, branch: 'main' })).rejects.toThrow('certificate');
  });

  test('refuses other protocols', async () => {
    await expect(clone({ url: 'file:///var/task', branch: 'main' })).rejects.toThrow('expected https://');
  });
});

test('OwnProgram runs the program that the app built', async () => {
  expect(await assembly.call('OwnProgram', 'Function', { text: 'aabb  aabb' })).toEqual({ words: 2, entropy: 1.522 });
});

test('JsonReport runs the script with its interpreter and the commands that it calls', async () => {
  const events = [{ user: 'ann', bytes: 5 }, { user: 'bob', bytes: 7 }, { user: 'ann', bytes: 4 }];
  expect(await assembly.call('JsonReport', 'Function', { events })).toEqual({ report: ['9\tann', '7\tbob'] });
});

test.each([
  ['a picture', png(64), 'image/png', ['png', 'source', 'webp']],
  ['text', Buffer.from('text '.repeat(100)), 'text/plain', ['brotli', 'source']],
])('Toolbox stores %s in less space, with the programs for its type', async (_, file, type, encodings) => {
  const result = await assembly.call('Toolbox', 'Function', { file: base64(file) });
  expect(result.type).toBe(type);
  expect(Object.keys(result.sizes)).toEqual(encodings);
  for (const encoding of encodings.filter((name) => name !== 'source')) expect(result.sizes[encoding]).toBeLessThan(file.length);
});

test.each(['PythonUser', 'NodejsUser'])('%s uses the layer of another stack', async (stack) => {
  expect(await assembly.call(stack, 'Function', { b: 1, a: 2 }, { layersOf: 'SharedLayer' })).toEqual({ keys: ['a', 'b'] });
  const { Layers: layers } = assembly.resource(stack, 'AWS::Lambda::Function', 'Function');
  expect(layers).toEqual([{ Ref: expect.stringMatching(/^SsmParameterValue/) }]);
});

test('Arm64 has a layer and a function for arm64', () => {
  expect(readElf(fs.readFileSync(fs.realpathSync(programOf('Arm64', 'jq')))).machine).toBe('aarch64');
  expect(assembly.resource('Arm64', 'AWS::Lambda::LayerVersion', 'Layer').CompatibleArchitectures).toEqual(['arm64']);
  expect(assembly.resource('Arm64', 'AWS::Lambda::Function', 'Function').Architectures).toEqual(['arm64']);
});

function programOf(stack: string, name: string): string {
  return path.join(assembly.layer(stack), 'bin', name);
}
