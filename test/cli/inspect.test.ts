import * as fs from 'fs';
import * as path from 'path';
import { binaryLayer } from './command';
import { temporaryDirectory } from '../fixture';
import { world } from '../inspect/world';
import { makeZip, type Zipped } from '../plan/make';

let layer: Zipped;
let directory: string;
beforeAll(async () => {
  layer = await makeZip(world(), 'rig', { detectData: true });
});
beforeEach(() => {
  directory = temporaryDirectory();
});

function inspect(...args: string[]) {
  const { status, stdout, stderr } = binaryLayer(['inspect', ...args], { cwd: directory });
  return { status, stdout, stderr };
}

test('inspect prints the contents of a layer, without colours if the output is a pipe', () => {
  const { status, stdout, stderr } = inspect(layer.zip);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^rig for x86_64, from debian 12\n/);
  expect(stdout).toMatch(/unpacked {2}0\.1 of 262\.1 MB \(< 1 %\)/);
  expect(stdout).not.toContain('\x1b');
  expect(fs.readdirSync(directory)).toEqual([]);
});

test('inspect prints JSON with --json', () => {
  const said = JSON.parse(inspect(layer.zip, '--json').stdout);
  expect(said).toMatchObject({ key: layer.plan.key, programs: [{ name: 'rig' }], byProgram: [{ name: 'rig' }, {}, {}] });
  expect(said.files).toHaveLength(said.byPackage.reduce((sum: number, { files }: { files: number }) => sum + files, 0));
});

test('inspect writes the page and the bill of materials, and prints their names', () => {
  const { status, stderr } = inspect(layer.zip, '--html', 'report.html', '--sbom', 'layer.cdx.json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'wrote report.html\nwrote layer.cdx.json\n' });
  expect(fs.readdirSync(directory).sort()).toEqual(['layer.cdx.json', 'report.html']);
  expect(fs.readFileSync(path.join(directory, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
  expect(JSON.parse(fs.readFileSync(path.join(directory, 'layer.cdx.json'), 'utf8'))).toMatchObject({ specVersion: '1.6' });
});

test('inspect prints the bill of materials or the page alone on standard output', () => {
  expect(inspect(layer.zip, '--html', '-').stdout).toMatch(/^<!doctype html>[^]*<\/html>\n?$/);
  expect(JSON.parse(inspect(layer.zip, '--sbom', '-').stdout)).toMatchObject({ bomFormat: 'CycloneDX' });
  expect(inspect(layer.zip, '--sbom', '-', '--json')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: 'binary-layer: --json and --sbom - would both go to standard output: give --sbom a file\n',
  });
  expect(inspect(layer.zip, '--sbom', '-', '--html', '-')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: 'binary-layer: --html - and --sbom - would both go to standard output: give --sbom a file\n',
  });
});

test('inspect rejects a file that is not a layer, and writes nothing', () => {
  const file = path.join(directory, 'a.zip');
  fs.writeFileSync(file, 'no zip');
  expect(inspect(file, '--html', 'report.html')).toEqual({
    status: 1,
    stdout: '',
    stderr: `binary-layer: ${file} is not a zip (6 bytes), expected the zip of a layer, such as asset.HASH.zip in cdk.out\n`,
  });
  expect(fs.readdirSync(directory)).toEqual(['a.zip']);
});

test.each([
  [['--html', 'report.html', '--sbom', 'directory'], '--sbom directory: a directory is there, expected a file, or nothing'],
  [['--html', 'report.html', '--sbom', 'none/sbom'], '--sbom none/sbom: no directory '],
  [['--html', 'same', '--sbom', './same'], '--sbom ./same would be written over --html same: give it another name'],
  [['--html', 'layer.zip'], '--html layer.zip would be written over the layer layer.zip: give it another name'],
])('inspect writes nothing if it cannot write all outputs: %j', (options, message) => {
  fs.mkdirSync(path.join(directory, 'directory'));
  fs.copyFileSync(layer.zip, path.join(directory, 'layer.zip'));
  expect(inspect('layer.zip', ...options)).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining(message) });
  expect(fs.readdirSync(directory)).toEqual(['directory', 'layer.zip']);
  expect(fs.readFileSync(path.join(directory, 'layer.zip')).equals(fs.readFileSync(layer.zip))).toBe(true);
});
