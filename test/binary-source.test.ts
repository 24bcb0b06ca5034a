import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { elfHeader, Fixture, temporaryDirectory } from './fixture';
import { lambda as inLambda, unpack } from './plan/make';
import { freshPlaces, synth, zips } from './synth';
import { BinaryLayer, BinarySource } from '../lib';
import { DirectoryRoot } from '../lib/root/directory-root';

const place = freshPlaces();

/** A root with the machine's C library, and a program that prints where it found its own library. */
function rootWithTool(word: string): Fixture {
  const root = new Fixture().debian().libc();
  root.compile('/usr/lib/libword.so', `const char *word(void) { return "${word}"; }`, ['-shared', '-Wl,-soname,libword.so']);
  root.compile('/usr/bin/tool', '#include <stdio.h>\nconst char *word(void);\nint main(void) { puts(word()); return 0; }', [
    root.locate('/usr/lib/libword.so'),
  ]);
  return root;
}

const says = (zip: string) => inLambda(unpack(zip), ['/opt/bin/tool']).stdout;

describe('a directory as a source', () => {
  test('gives the layer its program, whatever is installed on this machine', () => {
    synth(place, { binary: 'tool', source: BinarySource.directory(rootWithTool('from the root').directory) });
    expect(says(zips(place)[0])).toBe('from the root\n');
  });

  test('may be given by a relative path or a link', () => {
    const link = path.join(temporaryDirectory(), 'rootfs');
    fs.symlinkSync(rootWithTool('by a link').directory, link);
    synth(place, { binary: '/usr/bin/tool', source: BinarySource.directory(path.relative(process.cwd(), link)) });
    expect(says(zips(place)[0])).toBe('by a link\n');
  });

  test('is the directory that relative paths are resolved against', () => {
    const root = rootWithTool('');
    root.write({ '/srv/words/one': 'one' });
    synth(place, { binary: 'usr/bin/tool', include: ['srv/words'], source: BinarySource.directory(root.directory) });
    expect(execFileSync('unzip', ['-Z1', zips(place)[0]], { encoding: 'utf8' })).toMatch(/\/srv\/words\/one$/m);
  });

  test('without a package database has a notice at each synth, because a database may appear without another change', () => {
    const source = BinarySource.directory(rootWithTool('').directory);
    for (const _ of [1, 2]) {
      place.stderr = '';
      synth(place, { binary: 'tool', detectData: true, source });
      expect(place.stderr).toContain(
        "BinaryLayer Stack/Layer: there is no package database of dpkg, apk or rpm; only data with a program's name is found",
      );
    }
  });

  test('has a notice if an exclude matches nothing in it', () => {
    synth(place, { binary: 'tool', exclude: ['/usr/share/nope'], source: BinarySource.directory(rootWithTool('').directory) });
    expect(place.stderr).toContain(
      "BinaryLayer Stack/Layer: exclude '/usr/share/nope' leaves out nothing: no data that was found matches it, " +
        'and libraries that are needed stay',
    );
  });

  test('gives the same layer wherever the directory is', () => {
    for (const word of ['same', 'same']) synth(place, { binary: 'tool', source: BinarySource.directory(rootWithTool(word).directory) });
    expect(zips(place)).toHaveLength(1);
  });

  test('gives the same layer on file systems without modes, such as /mnt/c in WSL', () => {
    const roots = ['same', 'same'].map(rootWithTool);
    execFileSync('chmod', ['-R', 'a=rwx', roots[1].directory]);
    for (const { directory } of roots) synth(place, { binary: 'tool', source: BinarySource.directory(directory) });
    expect(zips(place)).toHaveLength(1);
  });

  test('is read again only if something in it has changed', () => {
    const root = rootWithTool('one');
    const source = () => BinarySource.directory(root.directory);
    synth(place, { binary: 'tool', source: source() });
    const read = jest.spyOn(DirectoryRoot.prototype, 'read');
    synth(place, { binary: 'tool', source: source() });
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
    root.compile('/usr/lib/libword.so', 'const char *word(void) { return "another"; }', ['-shared', '-Wl,-soname,libword.so']);
    synth(place, { binary: 'tool', source: source() });
    expect(zips(place).map(says).sort()).toEqual(['another\n', 'one\n']);
  });

  test.each<[string, () => string, RegExp]>([
    [
      'is not there',
      () => '/nowhere/at/all',
      /source the directory \/nowhere\/at\/all: \/nowhere\/at\/all does not exist, expected the directory of an unpacked root/,
    ],
    ['is a file', () => __filename, /is not a directory, expected the directory/],
    ['has no usr', () => temporaryDirectory(), /has no directory \/usr\n {2}expected a Linux root file system with \/usr and a loader/],
    [
      'has no loader',
      () => {
        const root = new Fixture();
        root.directories('/usr/bin', '/usr/lib');
        return root.directory;
      },
      /has no loader \(ld-linux-\*\.so\.\*, ld-musl-\*\.so\.1\)/,
    ],
  ])('that %s is an error', (_, directory, message) => {
    expect(() => synth(place, { binary: 'tool', source: BinarySource.directory(directory()) })).toThrow(message);
    expect(zips(place)).toEqual([]);
  });

  test('without the command is an error with the places that were searched', () => {
    const { directory } = new Fixture().debian();
    expect(() => synth(place, { binary: 'tool', source: BinarySource.directory(directory) })).toThrow([
      `BinaryLayer Stack/Layer: binary 'tool': no such command on PATH in the root ${directory}`,
      '  searched: /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games',
      '  use a source in which it is installed, or specify the path of the program inside the source: \'/opt/tool/bin/tool\'',
    ].join('\n'));
  });

  test('does not run trace commands, which would run on the machine', () => {
    const source = BinarySource.directory(rootWithTool('').directory);
    expect(() => synth(place, { binary: 'tool', source, traceCommands: ['tool'] })).toThrow(
      /traceCommands run the programs of the machine that synthesizes, and the source is not BinarySource\.host\(\)/,
    );
  });

  test('is not read by cdk ls', () => {
    const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack');
    expect(() => new BinaryLayer(stack, 'Layer', { binary: 'tool', source: BinarySource.directory('/nowhere/at/all') })).not.toThrow();
  });
});

describe('the architecture', () => {
  function rootForBoth(): Fixture {
    const root = new Fixture().debian();
    root.write({ '/usr/bin/arm': elfHeader({ machine: 183 }), '/usr/bin/intel': elfHeader({ machine: 62 }) });
    for (const name of ['arm', 'intel']) fs.chmodSync(root.locate(`/usr/bin/${name}`), 0o755);
    return root;
  }

  test('is that of the program', () => {
    const source = BinarySource.directory(rootForBoth().directory);
    const stack = new Stack(new App({ outdir: place.outdir }), 'Stack');
    for (const binary of ['arm', 'intel']) new BinaryLayer(stack, binary, { binary, source, detectData: false });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Lambda::LayerVersion', { CompatibleArchitectures: ['arm64'] });
    template.hasResourceProperties('AWS::Lambda::LayerVersion', { CompatibleArchitectures: ['x86_64'] });
  });

  test('must be that of the program if it is given', () => {
    const source = BinarySource.directory(rootForBoth().directory);
    synth(place, { binary: 'arm', source, architecture: lambda.Architecture.ARM_64 });
    expect(() => synth(place, { binary: 'intel', source, architecture: lambda.Architecture.ARM_64 })).toThrow(
      '/usr/bin/intel is for x86_64, expected aarch64, the requested architecture: use a source for that architecture',
    );
    expect(zips(place)).toHaveLength(1);
  });

  test('must be one that Lambda has', () => {
    expect(() => synth(place, { binary: 'rig', architecture: lambda.Architecture.custom('riscv64') })).toThrow(
      'architecture is riscv64, expected one of x86_64, arm64',
    );
  });
});
