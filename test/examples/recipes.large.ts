/**
 * The functions of the recipes with many packages or other tools, called in the sandbox: `npm run recipes`. Downloads 700 MB.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { pdf, png, pngSize } from './documents';
import { GitServer } from './git-server';
import { type Assembly, debian13 } from './lambda';
import { synthesize } from './synthesize';
import { recipes } from '../../examples/recipes/recipes';
import { readElf } from '../../lib/elf';
import { THIS_MACHINE } from '../../lib/loader/machine';
import { openApt } from '../../lib/source/apt/apt';
import { temporaryDirectory } from '../fixture';

const STACKS = ['Arm64', 'GitClone', 'HtmlToPdf', 'JavaUser', 'Ocr', 'PdfPages', 'SharedLayer', 'Toolbox', 'VideoThumbnail'];

let assembly: Assembly;
beforeAll(() => {
  assembly = synthesize(recipes, { 'aws:cdk:bundling-stacks': STACKS });
}, 1_200_000);

const base64 = (data: Buffer) => data.toString('base64');

test('VideoThumbnail returns a JPEG with a frame of an MP4 video', async () => {
  const encode = '/opt/bin/ffmpeg -v error -f lavfi -i testsrc=duration=2:size=640x480 -c:v libx264 /tmp/a.mp4 && cat /tmp/a.mp4';
  const video = await assembly.run('VideoThumbnail', ['/bin/bash', '-c', encode]);
  const { thumbnail } = await assembly.call('VideoThumbnail', 'Function', { video: base64(video) });
  const jpeg = Buffer.from(thumbnail, 'base64');
  expect(jpeg.subarray(0, 3).toString('hex')).toBe('ffd8ff');
  const decode = '/opt/bin/ffmpeg -v error -i pipe:0 -f rawvideo -pix_fmt gray pipe:1';
  const pixels = await assembly.run('VideoThumbnail', ['/bin/bash', '-c', decode], jpeg);
  expect(pixels).toHaveLength(320 * 240);
  expect(new Set(pixels).size).toBeGreaterThan(50);
});

test('HtmlToPdf returns a PDF with the text of the page', async () => {
  const html = '<style>h1 { color: teal }</style><h1>Invoice № 7</h1><p>Grüße, 您好';
  const file = await assembly.call('HtmlToPdf', 'Function', { html });
  const { text, pages } = await assembly.call('PdfPages', 'Function', file);
  expect(text).toContain('Invoice № 7');
  expect(text).toContain('Grüße');
  expect(pages).toHaveLength(1);
});

test('JavaUser uses the layer of another stack', async () => {
  const classes = temporaryDirectory();
  execFileSync('javac', ['--release', '17', '-d', classes, path.join(__dirname, 'JavaRuntime.java')]);
  const result = await assembly.call('JavaUser', 'Function', { b: 1, a: 2 }, {
    layersOf: 'SharedLayer', root: debian13('openjdk-21-jre-headless'), sandbox: ['--bind', classes, '/var/java-runtime'],
  });
  expect(result).toEqual({ keys: ['a', 'b'] });
});

test('Arm64 runs in an emulator', async () => {
  const { directory } = openApt(['qemu-user-static'], {}, THIS_MACHINE);
  const qemu = path.join(assembly.layer('Arm64'), 'qemu');
  fs.copyFileSync(path.join(directory, 'usr', 'bin', 'qemu-aarch64-static'), qemu);
  fs.chmodSync(qemu, 0o755);
  const keys = await assembly.run('Arm64', ['/opt/qemu', '/opt/bin/jq', '-c', 'keys'], '{"b": 1, "a": 2}');
  expect(keys.toString()).toBe('["a","b"]\n');
});

test('PdfPages returns the text of a PDF, and a picture of each page', async () => {
  const { text, pages } = await assembly.call('PdfPages', 'Function', { pdf: base64(pdf('Hello PDF', 'Grüße', '')) });
  expect(text).toBe('Hello PDF\n\n\fGrüße\n\n\f\f');
  const pictures: Buffer[] = pages.map((page: string) => Buffer.from(page, 'base64'));
  expect(pictures.map(pngSize)).toEqual([[300, 100], [300, 100], [300, 100]]);
  // the empty page compresses better than pages with letters
  expect(pictures[2].length).toBeLessThan(pictures[1].length / 2);
});

test('Ocr reads English and German in a picture of a page', async () => {
  const {
    pages: [picture],
  } = await assembly.call('PdfPages', 'Function', { pdf: base64(pdf('The quick größere Straße')), resolution: 200 });
  const { text } = await assembly.call('Ocr', 'Function', { picture, languages: 'eng+deu' });
  expect(text.trim()).toBe('The quick größere Straße');
});

test('Ocr refuses languages that are not codes', async () => {
  await expect(assembly.call('Ocr', 'Function', { picture: '', languages: '../deu' })).rejects.toThrow("expected codes such as 'eng+deu'");
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

test.each([
  ['a picture', png(64), 'image/png', ['png', 'source', 'webp']],
  ['text', Buffer.from('text '.repeat(100)), 'text/plain', ['brotli', 'source']],
])('Toolbox stores %s in less space, with the programs for its type', async (_, file, type, encodings) => {
  const result = await assembly.call('Toolbox', 'Function', { file: base64(file) });
  expect(result.type).toBe(type);
  expect(Object.keys(result.sizes)).toEqual(encodings);
  for (const encoding of encodings.filter((name) => name !== 'source')) expect(result.sizes[encoding]).toBeLessThan(file.length);
});

test('Arm64 has a layer and a function for arm64', () => {
  expect(readElf(fs.readFileSync(fs.realpathSync(programOf('Arm64', 'jq')))).machine).toBe('aarch64');
  expect(assembly.resource('Arm64', 'AWS::Lambda::LayerVersion', 'Layer').CompatibleArchitectures).toEqual(['arm64']);
  expect(assembly.resource('Arm64', 'AWS::Lambda::Function', 'Function').Architectures).toEqual(['arm64']);
});

function programOf(stack: string, name: string): string {
  return path.join(assembly.layer(stack), 'bin', name);
}
