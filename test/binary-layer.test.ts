import { execFileSync, spawn, spawnSync } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { App, AssetStaging, RemovalPolicy, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { elfHeader, gcc, growing, noise, temporaryDirectory } from './fixture';
import { BinaryLayer, type BinaryLayerProps } from '../lib';
import { FILE_LISTS } from '../lib/packages/kept-lists';
import { ownFile } from '../lib/process/own-file';

const ROOT = path.join(__dirname, '..');

/** A user's project with self-built programs, which need only the libc of this machine. */
const project = temporaryDirectory();
const tool = path.join(project, 'build/tool');
const other = path.join(project, 'build/other');

beforeAll(() => {
  fs.mkdirSync(path.dirname(tool));
  gcc(tool, '#include <stdio.h>\nint main(void) { puts("tool"); return 0; }');
  gcc(other, '#include <stdio.h>\nint main(void) { puts("other"); return 0; }');
});

let cache: string;
let outdir: string;
let stderr: string;
const environment = { ...process.env };
beforeEach(() => {
  cache = temporaryDirectory();
  outdir = path.join(temporaryDirectory(), 'cdk.out');
  process.env = { ...environment, XDG_CACHE_HOME: cache, PATH: `${path.dirname(tool)}:${environment.PATH}` };
  stderr = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    if (!String(text).startsWith('Bundling asset ')) stderr += text; // messages of CDK itself
    return true;
  });
  AssetStaging.clearAssetHashCache();
});
afterEach(() => {
  process.env = environment;
  jest.restoreAllMocks();
});

/** Other tests cover the selection of data. */
const BASE = { detectData: false };

interface Synthesized {
  readonly layer: BinaryLayer;
  readonly stack: Stack;
  readonly template: Template;
}

function layerIn(stack: Stack, props: Partial<BinaryLayerProps> = {}, id = 'Layer'): BinaryLayer {
  return new BinaryLayer(stack, id, { binary: tool, ...BASE, ...props });
}

/** Synthesizes a stack with one layer like a new process: without anything that CDK keeps in memory. */
function synth(props: Partial<BinaryLayerProps> = {}, context: Record<string, unknown> = {}): Synthesized {
  AssetStaging.clearAssetHashCache();
  const app = new App({ outdir, context });
  const stack = new Stack(app, 'Stack');
  const layer = layerIn(stack, props);
  return { layer, stack, template: Template.fromStack(stack) };
}

/** The assets in cdk.out, as a deployment would upload them. */
function assets(): { packaging: string; file: string }[] {
  const { files } = JSON.parse(fs.readFileSync(path.join(outdir, 'Stack.assets.json'), 'utf8'));
  const sources = Object.values(files).map((asset) => (asset as { source: { path: string; packaging: string } }).source);
  return sources
    .filter((source) => !source.path.endsWith('.template.json'))
    .map(({ path: file, packaging }) => ({ packaging, file: path.join(outdir, file) }));
}

const names = (zip: string) => execFileSync('unzip', ['-Z1', zip], { encoding: 'utf8' }).trim().split('\n');

/** Expects that nothing was written. */
function expectNothingWritten(): void {
  expect(fs.existsSync(outdir) ? fs.readdirSync(outdir) : []).toEqual([]);
}

describe('the layer version', () => {
  test('has the architecture of the program', () => {
    const { template } = synth();
    template.hasResourceProperties('AWS::Lambda::LayerVersion', {
      CompatibleArchitectures: ['x86_64'],
      CompatibleRuntimes: Match.absent(),
      Content: { S3Key: Match.anyValue() },
    });
  });

  test('has architecture arm64 if the program is for aarch64', () => {
    fs.writeFileSync(path.join(project, 'arm'), elfHeader({ machine: 183 }));
    const { template } = synth({ binary: path.join(project, 'arm') });
    template.hasResourceProperties('AWS::Lambda::LayerVersion', { CompatibleArchitectures: ['arm64'] });
  });

  test('takes the properties of LayerVersion', () => {
    const { template } = synth({
      description: 'says tool',
      license: 'MIT',
      layerVersionName: 'the-tool',
      removalPolicy: RemovalPolicy.RETAIN,
      compatibleRuntimes: [lambda.Runtime.PYTHON_3_12, lambda.Runtime.NODEJS_20_X],
    });
    template.hasResource('AWS::Lambda::LayerVersion', {
      Properties: { Description: 'says tool', LicenseInfo: 'MIT', LayerName: 'the-tool', CompatibleRuntimes: ['python3.12', 'nodejs20.x'] },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  test('can be added to a function, and imported like any layer version', () => {
    const app = new App({ outdir });
    const stack = new Stack(app, 'Stack');
    const layer = layerIn(stack);
    functionWith(stack, layer, lambda.Architecture.X86_64);
    expect(lambda.LayerVersion.isConstruct(layer)).toBe(true);
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Layers: [{ Ref: Match.stringLikeRegexp('^Layer') }] });
  });
});

describe('the asset', () => {
  test('is a zip with the program, uploaded unchanged', () => {
    synth();
    const [asset, ...more] = assets();
    expect(more).toEqual([]);
    expect(asset).toEqual({ packaging: 'file', file: expect.stringMatching(/asset\.[0-9a-f]{64}\.zip$/) });
    expect(names(asset.file)).toEqual(
      expect.arrayContaining([
        'bin/tool',
        expect.stringMatching(/^elf\/[0-9a-f]{8}\/app\/build\/tool$/),
        expect.stringMatching(/libc\.so\.6$/),
      ]),
    );
  });

  test('is reported in one line on stderr', () => {
    synth();
    expect(stderr).toMatch(/^BinaryLayer Stack\/Layer: tool and 2 libraries, \d\.\d MB \(\d\.\d MB zipped\) in \d+\.\d s\n$/);
  });

  test('is shared by two identical layers', () => {
    const stack = new Stack(new App({ outdir }), 'Stack');
    layerIn(stack, {}, 'One');
    layerIn(stack, {}, 'Other');
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::LayerVersion', 2);
    expect(assets()).toHaveLength(1);
    expect(stderr.split('\n')).toHaveLength(2);
  });

  test('differs between two different layers', () => {
    const stack = new Stack(new App({ outdir }), 'Stack');
    layerIn(stack, {}, 'One');
    layerIn(stack, { binary: other }, 'Other');
    Template.fromStack(stack);
    expect(assets().map(({ file }) => names(file).filter((name) => name.startsWith('bin/')))).toEqual([['bin/tool'], ['bin/other']]);
  });

  test('changes if a program is renamed in the layer', () => {
    synth();
    const [before] = assets();
    synth({ rename: { [tool]: 'renamed' } });
    const [after] = assets();
    expect(after.file).not.toBe(before.file);
  });

  test('is in the assembly of the stage that contains the stack', () => {
    const app = new App({ outdir });
    const stage = new Stage(app, 'Stage');
    const stack = new Stack(stage, 'Stack');
    layerIn(stack);
    app.synth();
    expect(fs.readdirSync(outdir).filter((name) => name.endsWith('.zip'))).toHaveLength(1);
  });
});

describe('programs', () => {
  test('have paths in the function', () => {
    const { layer } = synth({ binary: 'tool', additionalBinaries: [other] });
    expect([layer.executablePath(), layer.executablePath('tool'), layer.executablePath(other)]).toEqual([
      '/opt/bin/tool',
      '/opt/bin/tool',
      '/opt/bin/other',
    ]);
    expect(names(assets()[0].file).filter((name) => name.startsWith('bin/'))).toEqual(['bin/other', 'bin/tool']);
  });

  test('have the names that rename gives them', () => {
    const { layer } = synth({ binary: 'tool', additionalBinaries: ['other'], rename: { other: 'tool-2' } });
    expect(layer.executablePath('other')).toBe('/opt/bin/tool-2');
    expect(names(assets()[0].file).filter((name) => name.startsWith('bin/'))).toEqual(['bin/tool', 'bin/tool-2']);
  });

  test('that are not in the layer have no path', () => {
    const { layer } = synth({ binary: 'tool', additionalBinaries: [other] });
    expect(() => layer.executablePath('toString')).toThrow("no program 'toString' in this layer");
    expect(() => layer.executablePath('grep')).toThrow(`BinaryLayer Stack/Layer: no program 'grep' in this layer, it has tool, ${other}`);
  });

  test('have paths even without bundling', () => {
    expect(synth({ binary: 'gone', rename: { gone: 'here' } }, { 'aws:cdk:bundling-stacks': [] }).layer.executablePath()).toBe(
      '/opt/bin/here',
    );
  });
});

describe('data', () => {
  beforeAll(() => {
    fs.mkdirSync(path.join(project, 'share/deep'), { recursive: true });
    fs.writeFileSync(path.join(project, 'share/a.txt'), 'a');
    fs.writeFileSync(path.join(project, 'share/deep/b.txt'), 'b');
  });

  const packed = () => names(assets()[0].file).filter((name) => /\.txt$/.test(name)).map((name) => name.replace(/^elf\/[0-9a-f]{8}/, ''));

  test('is packed if it is included and not excluded', () => {
    synth({ include: [path.join(project, 'share')] });
    expect(packed()).toEqual(['/app/share/a.txt', '/app/share/deep/b.txt']);
    expect(stderr).toContain('tool and 2 libraries, 2 data files, ');
    synth({ include: [path.join(project, 'share')], exclude: [path.join(project, 'share/deep')] });
    expect(packed()).toEqual(['/app/share/a.txt']);
  });

  test('is detected unless detectData is false', () => {
    synth({ binary: 'rig', detectData: undefined });
    const detected = names(assets()[0].file);
    expect(detected).toContainEqual(expect.stringMatching(/^elf\/[0-9a-f]{8}\/usr\/share\/rig\/locdata\.idx$/));
    synth({ binary: 'rig', detectData: false });
    expect(names(assets()[0].file).filter((name) => name.includes('/share/rig'))).toEqual([]);
  });
});

describe('the bill of materials', () => {
  const sboms = () => fs.readdirSync(outdir).filter((name) => name.endsWith('.cdx.json'));

  test('is not written by default', () => {
    synth();
    expect(sboms()).toEqual([]);
  });

  test('is written beside the asset, with the same content as the one from the command line', () => {
    synth({ sbom: true });
    const [{ file }] = assets();
    expect(sboms()).toEqual([path.basename(file).replace('.zip', '.cdx.json')]);
    const { stdout } = spawnSync(process.execPath, [ownFile('cli/main.js'), 'inspect', file, '--sbom', '-'], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', metadata: { component: { name: 'tool' } } });
    expect(fs.readFileSync(file.replace('.zip', '.cdx.json'), 'utf8')).toBe(stdout);
  });

  test('is written beside an existing asset, and not written again after that', () => {
    const { template } = synth();
    const hash = JSON.stringify(template);
    expect(JSON.stringify(synth({ sbom: true }).template)).toBe(hash);
    const [name] = sboms();
    const written = fs.statSync(path.join(outdir, name)).mtimeMs;
    synth({ sbom: true });
    expect(fs.statSync(path.join(outdir, name)).mtimeMs).toBe(written);
  });

  test.each<[string, (whole: string) => string]>([
    ['was cut off', (whole) => whole.slice(0, -10)],
    [
      'is of another version of the library',
      (whole) => whole.replace(/("name": "cdk-binary-layer",\s*"version": )"[^"]*"/, '$1"0.0.0-other"'),
    ],
    ['is not a bill of materials', () => 'null'],
  ])('is written again if it %s', (_, changed) => {
    synth({ sbom: true });
    const [name] = sboms();
    const file = path.join(outdir, name);
    const whole = fs.readFileSync(file, 'utf8');
    expect(changed(whole)).not.toBe(whole);
    fs.writeFileSync(file, changed(whole));
    synth({ sbom: true });
    expect(fs.readFileSync(file, 'utf8')).toBe(whole);
  });

  test('that cannot be written is an error with the path of the layer in the construct tree', () => {
    synth({ sbom: true });
    const file = path.join(outdir, sboms()[0]);
    fs.rmSync(file);
    fs.mkdirSync(file);
    expect(() => synth({ sbom: true })).toThrow(
      `BinaryLayer Stack/Layer: cannot write ${file}: a directory is there (EISDIR)\n  remove it, then run this again`,
    );
  });
});

describe('without bundling', () => {
  const context = { 'aws:cdk:bundling-stacks': [] };

  test('no file is read or written', () => {
    const { template } = synth({}, context);
    template.resourceCountIs('AWS::Lambda::LayerVersion', 1);
    expect(fs.readdirSync(outdir).filter((name) => name.startsWith('asset.'))).toEqual([]);
    expect(fs.readdirSync(cache)).toEqual([]);
    expect(stderr).toBe('');
  });

  test('the program need not exist', () => {
    synth({ binary: 'gone' }, context).template.resourceCountIs('AWS::Lambda::LayerVersion', 1);
  });

  test('the machine need not run Linux', () => {
    onPlatform('darwin', () => synth({}, context).template.resourceCountIs('AWS::Lambda::LayerVersion', 1));
  });

  test('other stacks are still bundled', () => {
    synth({}, { 'aws:cdk:bundling-stacks': ['Stack'] });
    expect(stderr).toContain('BinaryLayer Stack/Layer: tool');
  });
});

describe('a second synth', () => {
  const stamp = () => {
    const { mtimeMs, ino } = fs.statSync(assets()[0].file);
    return { mtimeMs, ino };
  };

  test('to the same cdk.out does not pack again', () => {
    synth();
    const before = stamp();
    stderr = '';
    synth();
    expect(stderr).toBe('');
    expect(stamp()).toEqual(before);
  });

  test('does not pack again without its cache file either', () => {
    synth();
    const before = stamp();
    fs.rmSync(cache, { recursive: true });
    stderr = '';
    synth();
    expect(stderr).toBe('');
    expect(stamp()).toEqual(before);
  });

  test('to another cdk.out packs the same bytes', () => {
    process.env.BINARY_LAYER_CACHE_MB = '0';
    synth();
    const before = fs.readFileSync(assets()[0].file);
    outdir = path.join(temporaryDirectory(), 'cdk.out');
    stderr = '';
    synth();
    expect(stderr).toContain('BinaryLayer Stack/Layer: tool and 2 libraries');
    expect(fs.readFileSync(assets()[0].file).equals(before)).toBe(true);
  });

  test('packs again if a library has changed', () => {
    const directory = temporaryDirectory();
    const library = path.join(directory, 'libown.so');
    const linked = path.join(directory, 'tool');
    gcc(library, 'int own(void) { return 1; }', ['-shared', '-Wl,-soname,libown.so']);
    gcc(linked, 'int own(void); int main(void) { return own(); }', [library, '-Wl,-rpath,$ORIGIN']);
    synth({ binary: linked });
    const [before] = assets();
    gcc(library, 'int own(void) { return 2; }', ['-shared', '-Wl,-soname,libown.so']);
    stderr = '';
    synth({ binary: linked });
    expect(stderr).toContain('BinaryLayer Stack/Layer: tool and 3 libraries');
    expect(assets()[0].file).not.toBe(before.file);
  });

  test('packs again if a file was added to an included directory', () => {
    const directory = temporaryDirectory();
    fs.writeFileSync(path.join(directory, 'a.txt'), '');
    synth({ include: [directory] });
    fs.writeFileSync(path.join(directory, 'b.txt'), '');
    synth({ include: [directory] });
    expect(names(assets()[0].file).filter((name) => name.endsWith('.txt'))).toHaveLength(2);
  });

  test('packs another program that now comes first on PATH', () => {
    const directory = temporaryDirectory();
    process.env.PATH = `${directory}:${process.env.PATH}`;
    synth({ binary: 'tool' });
    const [before] = assets();
    fs.copyFileSync(other, path.join(directory, 'tool'));
    synth({ binary: 'tool' });
    expect(assets()[0].file).not.toBe(before.file);
  });
});

describe('the cache file', () => {
  const TRACED = JSON.stringify({
    fingerprint: '0'.repeat(64),
    temporaryBytes: 0,
    machine: 'x86_64',
    traced: [null],
    looks: { '/': 'd755' },
  });
  const files = () =>
    fs
      .readdirSync(path.join(cache, 'cdk-binary-layer', 'fingerprint'))
      .map((name) => path.join(cache, 'cdk-binary-layer', 'fingerprint', name));
  const asset = () => path.basename(assets()[0].file);

  test('is one file per request, below XDG_CACHE_HOME', () => {
    synth();
    synth();
    expect(files()).toHaveLength(1);
    synth({ binary: other });
    expect(files()).toHaveLength(2);
  });

  test('may contain anything without harm', () => {
    synth();
    const expected = asset();
    for (const garbage of [
      '',
      'garbage',
      '{',
      'null',
      '[]',
      '{}',
      '"text"',
      '{"looks":{}}',
      '{"fingerprint":1,"machine":"x86_64","looks":{}}',
      '{"fingerprint":"00","machine":"vax","looks":{}}',
      '{"fingerprint":"00","machine":"x86_64","looks":7}',
      TRACED,
    ]) {
      for (const file of files()) fs.writeFileSync(file, garbage);
      outdir = path.join(temporaryDirectory(), 'cdk.out');
      synth().template.hasResourceProperties('AWS::Lambda::LayerVersion', { CompatibleArchitectures: ['x86_64'] });
      expect({ garbage, asset: asset() }).toEqual({ garbage, asset: expected });
    }
  });

  test('of another layer is cleared and not used', () => {
    synth();
    const expected = asset();
    const [file] = files();
    fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')), fingerprint: '0'.repeat(64) }));
    outdir = path.join(temporaryDirectory(), 'cdk.out');
    expect(() => synth()).toThrow(
      'BinaryLayer Stack/Layer: this machine changed while the layer was made, nothing was written: ' +
        'run synth again when nothing writes to it',
    );
    expectNothingWritten();
    synth();
    expect(asset()).toBe(expected);
  });

  test('is created with its parent directories', () => {
    cache = process.env.XDG_CACHE_HOME = path.join(cache, 'not', 'there');
    synth();
    expect(files()).toHaveLength(1);
  });

  test('may be a directory without harm', () => {
    synth();
    const expected = asset();
    for (const file of files()) {
      fs.rmSync(file);
      fs.mkdirSync(path.join(file, 'below'), { recursive: true });
    }
    outdir = path.join(temporaryDirectory(), 'cdk.out');
    synth();
    expect(asset()).toBe(expected);
    expect(files()).toHaveLength(1);
  });

  test.each(['/dev/null', '/sys', '/proc/no/where'])('need not be writable: %s', (home) => {
    process.env.XDG_CACHE_HOME = home;
    synth();
    expect(assets()).toHaveLength(1);
  });
});

describe('an error before anything is written', () => {
  const fails = (props: Partial<BinaryLayerProps>, message: string | RegExp) => {
    expect(() => synth(props)).toThrow(message);
    expectNothingWritten();
    // the file lists of the packages are kept, whatever becomes of the layer
    const ofLayers = fs.readdirSync(cache, { recursive: true }).filter((name) => !String(name).includes(FILE_LISTS));
    expect(ofLayers.filter((name) => name !== 'cdk-binary-layer')).toEqual([]);
    expect(stderr).toBe('');
  };

  test('is thrown for a command that is not on PATH', () => {
    process.env.PATH = '/usr/bin:/bin';
    fails(
      { binary: 'no-such-command' },
      /^BinaryLayer Stack\/Layer: binary 'no-such-command': no such command on PATH\n {2}searched: \/usr\/bin:\/bin\n {2}install the package/,
    );
  });

  test('is thrown for two programs with the same name', () => {
    const copy = path.join(project, 'tool');
    fs.copyFileSync(tool, copy);
    fails(
      { additionalBinaries: [copy] },
      `BinaryLayer Stack/Layer: ${tool} and ${copy} would both be tool in the layer: rename one of them, for example rename: ` +
        `{ '${copy}': 'tool-2' }`,
    );
  });

  test('is thrown for an include that matches nothing', () => {
    fails(
      { include: ['no-such-file'] },
      /^BinaryLayer Stack\/Layer: include 'no-such-file' matches nothing: expected a file, a directory or a glob/,
    );
  });

  test('is thrown for a library that is not found', () => {
    const directory = temporaryDirectory();
    gcc(path.join(directory, 'libgone.so'), '', ['-shared', '-Wl,-soname,libgone.so']);
    gcc(path.join(directory, 'broken'), 'int main(void) { return 0; }', ['-Wl,--no-as-needed', path.join(directory, 'libgone.so')]);
    fs.rmSync(path.join(directory, 'libgone.so'));
    fails(
      { binary: path.join(directory, 'broken') },
      /^BinaryLayer Stack\/Layer: libgone\.so not found, needed by .*\/broken\n {2}searched: /,
    );
  });

  test('is thrown for a symbol version that no library provides', () => {
    const directory = temporaryDirectory();
    const versioned = (versions: string) => {
      fs.writeFileSync(path.join(directory, 'versions'), versions);
      gcc(path.join(directory, 'libv.so'), 'int v(void) { return 0; }', [
        '-shared',
        '-Wl,-soname,libv.so',
        `-Wl,--version-script=${path.join(directory, 'versions')}`,
      ]);
    };
    versioned('V_1 { }; V_2 { global: v; };');
    gcc(path.join(directory, 'newer'), 'int v(void); int main(void) { return v(); }', [
      path.join(directory, 'libv.so'),
      '-Wl,-rpath,$ORIGIN',
    ]);
    versioned('V_1 { global: v; };');
    fails(
      { binary: path.join(directory, 'newer') },
      `version V_2 not found, needed by ${directory}/newer: ${directory}/libv.so does not have it`,
    );
  });

  test('is thrown for programs of two architectures', () => {
    fs.writeFileSync(path.join(project, 'arm'), elfHeader({ machine: 183 }));
    fails({ additionalBinaries: [path.join(project, 'arm')] }, 'expected the same architecture, create a layer for each');
  });

  test('is thrown for a layer over Lambda\'s limit', () => {
    const big = path.join(temporaryDirectory(), 'big');
    fs.writeFileSync(big, '');
    fs.truncateSync(big, 262_144_000);
    fails(
      { include: [big], compress: false },
      /^BinaryLayer Stack\/Layer: the layer would be 26\d\.\d MB unpacked; Lambda takes 262\.1 MB/,
    );
  });

  test('is thrown on a machine that does not run Linux', () => {
    onPlatform('darwin', () => fails({}, [
      'BinaryLayer Stack/Layer: this machine runs darwin, but the program must come from Linux; set one of',
      '  source: BinarySource.image(\'debian:12\')      an image that has the program, through Docker, Podman or Finch',
      '  source: BinarySource.directory(\'./rootfs\')   an unpacked root file system',
      '  or synthesize on Linux, in a container or in WSL',
    ].join('\n')));
  });

  test('is thrown for a command that exists only as a directory in the working directory', () => {
    const cwd = process.cwd();
    const directory = temporaryDirectory();
    fs.mkdirSync(path.join(directory, 'tool'));
    process.chdir(directory);
    try {
      fails({ binary: './tool' }, `binary './tool': ${directory}/tool is a directory, expected a program`);
      synth({ binary: 'tool' });
      expect(names(assets()[0].file)).toContain('bin/tool');
    } finally {
      process.chdir(cwd);
    }
  });
});

describe('the warning for a function with another architecture', () => {
  const ID = '[ack: cdk-binary-layer:architecture]';

  test('has an ID that can be acknowledged', () => {
    const stack = new Stack(new App({ outdir }), 'Stack');
    functionWith(stack, layerIn(stack), lambda.Architecture.ARM_64);
    Annotations.fromStack(stack).hasWarning('/Stack/Function', [
      'the layer Stack/Layer is for x86_64, the function runs on arm64: its programs will not start.',
      "Set the function's architecture to lambda.Architecture.X86_64.", ID,
    ].join(' '));
  });

  test('is given in another stack, too', () => {
    const app = new App({ outdir });
    const layers = new Stack(app, 'Layers');
    const stack = new Stack(app, 'Stack');
    functionWith(stack, layerIn(layers), lambda.Architecture.ARM_64);
    Annotations.fromStack(stack).hasWarning('/Stack/Function', Match.stringLikeRegexp('the layer Layers/Layer is for x86_64'));
    Annotations.fromStack(layers).hasNoWarning('*', Match.anyValue());
  });

  test('is given if the function gets the layer later', () => {
    const stack = new Stack(new App({ outdir }), 'Stack');
    const handler = functionWith(stack, undefined, lambda.Architecture.ARM_64);
    handler.addLayers(layerIn(stack));
    Annotations.fromStack(stack).hasWarning('/Stack/Function', Match.stringLikeRegexp(ID.replace(/[[\]]/g, '\\$&')));
  });

  test('is given once for each of its layers', () => {
    const stack = new Stack(new App({ outdir }), 'Stack');
    const handler = functionWith(stack, layerIn(stack), lambda.Architecture.ARM_64);
    handler.addLayers(layerIn(stack, { binary: other }, 'Other'));
    expect(
      Annotations.fromStack(stack)
        .findWarning('/Stack/Function', Match.anyValue())
        .map(({ entry }) => String(entry.data))
        .filter((text) => text.includes(ID)),
    ).toHaveLength(2);
  });

  test('is not given if the architectures match, or without the layer', () => {
    const stack = new Stack(new App({ outdir }), 'Stack');
    functionWith(stack, layerIn(stack), lambda.Architecture.X86_64);
    functionWith(stack, undefined, lambda.Architecture.ARM_64, 'Other');
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });
});

/** A script that synthesizes an app in a separate process, with the compiled library. */
const APP = `
  const { App, Stack } = require(${JSON.stringify(path.join(ROOT, 'node_modules/aws-cdk-lib'))});
  const { BinaryLayer } = require(${JSON.stringify(ownFile('index.js'))});
  const app = new App({ outdir: 'cdk.out' });
  new BinaryLayer(new Stack(app, 'Stack'), 'Layer', { detectData: false, ...JSON.parse(process.argv[1]) });
  app.synth();`;

function appIn(directory: string, props: object, { env = {}, umask = '022' }: { env?: Record<string, string>; umask?: string } = {}) {
  return ['sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath, '-e', APP, JSON.stringify(props)],
    { cwd: directory, env: { ...process.env, XDG_CACHE_HOME: temporaryDirectory(), ...env } }] as const;
}

describe('a separate process', () => {
  test('makes the same template and bytes in another directory, time zone, locale and umask, with nothing on stdout', () => {
    const made = [
      { directory: path.join(temporaryDirectory(), 'here'), situation: { env: { TZ: 'UTC', LANG: 'C', LC_ALL: 'C' }, umask: '022' } },
      {
        directory: path.join(temporaryDirectory(), 'quite/elsewhere'),
        situation: { env: { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' }, umask: '077' },
      },
    ].map(({ directory, situation }) => {
      for (const file of ['build/tool', 'share/a.txt']) {
        fs.mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
      }
      fs.copyFileSync(tool, path.join(directory, 'build/tool'));
      fs.writeFileSync(path.join(directory, 'share/a.txt'), 'a');
      const [command, args, options] = appIn(directory, { binary: './build/tool', include: ['share'] }, situation);
      const { status, stdout } = spawnSync(command, args, { ...options, encoding: 'utf8' });
      expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
      const out = path.join(directory, 'cdk.out');
      const [zip] = fs.readdirSync(out).filter((name) => name.endsWith('.zip'));
      const sha256 = createHash('sha256')
        .update(fs.readFileSync(path.join(out, zip)))
        .digest('hex');
      return {
        zip,
        sha256,
        template: fs.readFileSync(path.join(out, 'Stack.template.json'), 'utf8'),
        assets: fs.readFileSync(path.join(out, 'Stack.assets.json'), 'utf8'),
      };
    });
    expect(made[1]).toEqual(made[0]);
  });

  test.each(['the whole app', 'the process that packs'])(
    'that is killed while it packs leaves no partial asset (%s), and the next synth works',
    async (victim) => {
      const directory = temporaryDirectory();
      const data = path.join(directory, 'data');
      fs.mkdirSync(data);
      for (let count = 0; count < 30; count++) fs.writeFileSync(path.join(data, `${count}`), noise(2e6, count));
      const [command, args, options] = appIn(directory, { binary: tool, include: [data] });
      const child = spawn(command, args, { ...options, stdio: 'ignore', detached: true });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const out = path.join(directory, 'cdk.out');
      const half = await growing(out, child);
      const packing = Number(half.split('.').at(-2)!.split('-')[0]); // the name contains its process ID
      process.kill(victim === 'the whole app' ? -child.pid! : packing, 'SIGKILL');
      await ended;
      expect(fs.readdirSync(out).filter((name) => name.endsWith('.zip'))).toEqual([]);
      outdir = out;
      synth({ include: [data] });
      expect(names(assets()[0].file).filter((name) => /\/data\/\d+$/.test(name))).toHaveLength(30);
      expect(fs.readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    },
  );
});

function functionWith(stack: Stack, layer: BinaryLayer | undefined, architecture: lambda.Architecture, id = 'Function'): lambda.Function {
  return new lambda.Function(stack, id, {
    runtime: lambda.Runtime.PYTHON_3_12,
    handler: 'index.handler',
    code: lambda.Code.fromInline('def handler(event, context): pass'),
    architecture,
    layers: layer && [layer],
  });
}

function onPlatform(platform: string, body: () => void): void {
  const actual = Object.getOwnPropertyDescriptor(process, 'platform')!;
  Object.defineProperty(process, 'platform', { ...actual, value: platform });
  try {
    body();
  } finally {
    Object.defineProperty(process, 'platform', actual);
  }
}
