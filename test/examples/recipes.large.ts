/**
 * The functions of the recipes with large packages or other tools, called in the sandbox: `npm run recipes`. Downloads 300 MB.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { pdf } from './documents';
import { type Assembly, debian13 } from './lambda';
import { synthesize } from './synthesize';
import { recipes } from '../../examples/recipes/recipes';
import { THIS_MACHINE } from '../../lib/loader/machine';
import { openApt } from '../../lib/source/apt/apt';
import { temporaryDirectory } from '../fixture';

const base64 = (data: Buffer) => data.toString('base64');

let assembly: Assembly;
beforeAll(() => {
  const stacks = ['Arm64', 'HtmlToPdf', 'JavaUser', 'PdfPages', 'SharedLayer', 'VideoThumbnail'];
  assembly = synthesize(recipes, { 'aws:cdk:bundling-stacks': stacks });
}, 1_200_000);

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

test('PdfPages shows the empty page of a PDF without text', async () => {
  const { text, pages } = await assembly.call('PdfPages', 'Function', { pdf: base64(pdf('')) });
  expect(text.trim()).toBe('');
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
