import { execFileSync, spawnSync } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { atTerminal, binaryLayer } from './command';
import { Fixture, noise, temporaryDirectory } from '../fixture';
import { entriesOf, tree, unpack } from '../plan/make';
import { Repository } from '../source/apt/repository';
import { freshPlaces, synth, zips } from '../synth';

const place = freshPlaces();
let cwd: string;
beforeEach(() => {
  cwd = temporaryDirectory();
});

const build = (args: readonly string[], more = {}) => binaryLayer(['build', ...args], { cwd, ...more });
const names = (zip: string) => entriesOf(path.join(cwd, zip)).map(({ name }) => name.replace(/^elf\/[0-9a-f]{8}/, ''));

/** A program with a library and two files of data. */
function fixture(): Fixture {
  const made = new Fixture().debian();
  made.library('/usr/lib/x86_64-linux-gnu/liba.so.1');
  made.program('/usr/bin/prog', { needs: ['liba.so.1'] });
  made.write({ '/usr/share/prog/one': 'one', '/usr/share/prog/two': 'two' });
  return made;
}
const from = ({ directory }: Fixture) => ['--source', `directory:${directory}`];

/** The sizes of the files below a directory. */
function bytesOf(directory: string): number {
  const sizes = execFileSync('find', [directory, '-type', 'f', '-printf', '%s\\n'], { encoding: 'utf8' });
  return sizes.trim().split('\n').reduce((sum, size) => sum + Number(size), 0);
}

/** A PATH whose bubblewrap creates a file before it runs the real one. */
function busy(file: string): string {
  const directory = temporaryDirectory();
  fs.chmodSync(directory, 0o755);
  fs.writeFileSync(
    path.join(directory, 'bwrap'),
    `#!/bin/sh\n[ -e ${file} ] || : > ${file}\nPATH=/usr/local/bin:/usr/bin:/bin exec bwrap "$@"\n`,
    { mode: 0o755 },
  );
  return `${directory}:${process.env.PATH}`;
}

test('--no-compress refuses a layer that fits only compressed, and the message names the option', () => {
  const made = fixture();
  for (const name of ['one', 'two']) made.enlarge(`/usr/share/prog/${name}`, 140e6);
  const { status, stderr } = build(['prog', ...from(made), '--no-compress', '-o', 'layer.zip']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^ {2}remove `compress: false`: the layer would be about 126\.\d MB, /m);
  expect(stderr).toContain('(on the command line, compress: false is --no-compress)');
  expect(fs.readdirSync(cwd)).toEqual([]);
});

describe('build', () => {
  test.each([
    ['rig', { detectData: true }, []],
    [
      'jq',
      { detectData: false, include: ['/etc/services'], rename: { jq: 'query' } },
      ['--no-detect-data', '--include', '/etc/services', '--rename', 'jq=query'],
    ],
  ])('writes the same bytes as the construct: %s', (binary, props, options) => {
    synth(place, { binary, ...props });
    const { status } = build([binary, '-o', 'layer.zip', ...options]);
    expect(status).toBe(0);
    const [zip] = zips(place);
    expect(fs.readFileSync(path.join(cwd, 'layer.zip')).equals(fs.readFileSync(zip))).toBe(true);
  });

  test('prints the name of the output on stdout, PROGRAM.zip without -o, and everything else on stderr', () => {
    const { status, stdout, stderr } = build(['prog', ...from(fixture())]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'prog.zip\n' });
    expect(stderr).toMatch(/\nprog and 1 library, \d+ data files?, [\d.]+ MB \([\d.]+ MB packed\) in [\d.]+ s\n$/);
    expect(fs.readdirSync(cwd)).toEqual(['prog.zip']);
  });

  test('prints only that with -q, and the reason for each file with -v', () => {
    const made = fixture();
    expect(build(['prog', '-q', ...from(made)])).toMatchObject({ status: 0, stdout: 'prog.zip\n', stderr: '' });
    expect(build(['prog', '-v', ...from(made)]).stderr).toMatch(
      /^packs \/usr\/bin\/prog: requested\n(?:packs .*\n)*packs .*liba\.so\.1: needed by prog/m,
    );
    expect(build(['prog', '-q', '-v']).status).toBe(2);
  });

  test('prints the result as JSON with --json', () => {
    const { status, stdout, stderr } = build(['prog', '--json', '-i', '/usr/share/prog', ...from(fixture())]);
    expect(status).toBe(0);
    const zip = fs.readFileSync(path.join(cwd, 'prog.zip'));
    const result = JSON.parse(stdout);
    expect(result).toEqual({
      path: 'prog.zip',
      sha256: createHash('sha256').update(zip).digest('hex'),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      architecture: 'x86_64',
      size: bytesOf(unpack(path.join(cwd, 'prog.zip'))),
      packedSize: zip.length,
      programs: { prog: '/opt/bin/prog' },
      libraries: ['/usr/lib/x86_64-linux-gnu/liba.so.1'],
      dataFiles: expect.any(Number),
      notices: [expect.stringContaining('there is no package database')],
    });
    expect(stderr).toContain(result.notices[0]);
    expect(JSON.parse(build(['prog', '--json', '-q', '-o', 'layer', ...from(fixture())]).stdout)).toMatchObject({
      path: 'layer',
      sha256: null,
    });
  });

  test('writes the same files to a zip, a tar file and a directory', () => {
    const made = fixture();
    const long = '/usr/share/prog/'.padEnd(240, 'x');
    made.write({ [long]: 'long', '/usr/share/prog/link': { link: 'one' }, [`${long}-link`]: { link: long.slice(16) } });
    made.directories('/usr/share/prog/empty');
    const options = ['prog', ...from(made), '--include', '/usr/share/prog', '-q'];
    for (const output of ['a.zip', 'a.tar.gz', 'b.tgz', 'c']) {
      expect(build([...options, '-o', output])).toMatchObject({ status: 0, stdout: `${output}\n`, stderr: '' });
    }
    const unpacked = path.join(cwd, 'unpacked');
    fs.mkdirSync(unpacked);
    execFileSync('tar', ['-xzpf', path.join(cwd, 'a.tar.gz'), '-C', unpacked]);
    const expected = tree(unpack(path.join(cwd, 'a.zip')));
    expect(Object.keys(expected)).toEqual(expect.arrayContaining([expect.stringMatching(/share\/prog\/x+-link$/)]));
    expect(tree(unpacked)).toEqual(expected);
    expect(tree(path.join(cwd, 'c'))).toEqual(expected);
    const modes = (directory: string) =>
      execFileSync('find', ['.', '-printf', '%P %y %m\\n'], { cwd: directory, encoding: 'utf8' }).split('\n').sort().slice(2);
    expect(modes(path.join(cwd, 'c'))).toEqual(modes(unpacked));
    expect(fs.readFileSync(path.join(cwd, 'a.tar.gz')).equals(fs.readFileSync(path.join(cwd, 'b.tgz')))).toBe(true);
  });

  test('rejects a program with the name of a property of every object, such as toString', () => {
    const made = fixture();
    fs.renameSync(made.locate('/usr/bin/prog'), made.locate('/usr/bin/toString'));
    expect(build(['toString', ...from(made), '-q'])).toMatchObject({ status: 0, stdout: 'toString.zip\n' });
    expect(names('toString.zip')).toContain('bin/toString');
  });

  test('takes packages from other apt sources, as the construct does', () => {
    const repository = new Repository()
      .add('tool', { fields: { Depends: 'libc6', Recommends: 'extra' }, files: { '/usr/bin/tool': fs.readFileSync('/usr/bin/true') } })
      .add('extra', { files: { '/usr/share/extra': 'x' } });
    repository.add('libc6', {
      fields: { 'Version': '2', 'Multi-Arch': 'same' },
      files: {
        '/lib64/ld-linux-x86-64.so.2': fs.readFileSync('/lib64/ld-linux-x86-64.so.2'),
        '/lib/x86_64-linux-gnu/libc.so.6': fs.readFileSync('/lib/x86_64-linux-gnu/libc.so.6'),
      },
    });
    fs.writeFileSync(path.join(cwd, 'my.sources'), repository.sources());
    const options = ['--source', 'apt:tool', '--arch', 'x86_64', '--apt-sources', 'my.sources', '--recommends', '--no-maintainer-scripts'];
    const env = { XDG_CACHE_HOME: temporaryDirectory() };
    expect(build(['tool', '-q', '-i', '/usr/share/extra', ...options], { env })).toMatchObject({
      status: 0,
      stdout: 'tool.zip\n',
      stderr: '',
    });
    expect(names('tool.zip')).toContain('/usr/share/extra');
    expect(fs.readdirSync(path.join(env.XDG_CACHE_HOME, 'cdk-binary-layer', 'apt'), { recursive: true })).not.toContainEqual(
      expect.stringContaining('maintainer-scripts.log'),
    );
  });

  test('prints the steps of an apt source: lines in a log, a progress bar at a terminal, nothing with -q', () => {
    const loader = '/lib64/ld-linux-x86-64.so.2';
    const libc = '/lib/x86_64-linux-gnu/libc.so.6';
    const repository = new Repository()
      .add('tool', { fields: { Depends: 'libc6' }, files: { '/usr/bin/tool': fs.readFileSync('/usr/bin/true') } })
      .add('libc6', {
        fields: { 'Version': '2', 'Multi-Arch': 'same' },
        files: { [loader]: fs.readFileSync(loader), [libc]: fs.readFileSync(libc) },
      });
    fs.writeFileSync(path.join(cwd, 'my.sources'), repository.sources());
    const args = ['tool', '--no-detect-data', '--source', 'apt:tool', '--apt-sources', 'my.sources', '--no-maintainer-scripts'];
    const fresh = () => ({ XDG_CACHE_HOME: temporaryDirectory() });
    const env = fresh();
    const { status, stderr } = build(args, { env });
    expect({ status, lines: stderr.split('\n') }).toEqual({
      status: 0,
      lines: expect.arrayContaining([
        'source apt (tool; amd64): downloading the package lists',
        expect.stringMatching(/^source apt \(tool; amd64\): downloading 2 packages, \d+\.\d MB$/),
        'source apt (tool; amd64): unpacking 2 packages',
      ]),
    });
    expect(build(args, { env }).stderr).not.toContain('source apt');
    expect(build([...args, '-q'], { env: fresh() })).toMatchObject({ status: 0, stderr: '' });
    expect(atTerminal(['build', ...args], [], { cwd, env: fresh() }).screen).toMatch(
      /downloading the package lists[^]*downloading 2 packages[^]*unpacking 2 packages[^]*packing/);
  });

  describe('--sbom', () => {
    let made: Fixture;
    let expected: string;
    beforeAll(() => {
      made = fixture();
      const elsewhere = { cwd: temporaryDirectory() };
      binaryLayer(['build', 'prog', ...from(made), '-q'], elsewhere);
      expected = binaryLayer(['inspect', 'prog.zip', '--sbom', '-'], elsewhere).stdout;
    });
    test.each(['prog.zip', 'prog.tar.gz', 'prog'])('writes the bill of materials with %s, the same as inspect does', (output) => {
      const built = build(['prog', ...from(made), '-q', '-o', output, '--sbom', 'prog.cdx.json']);
      expect(built).toMatchObject({ status: 0, stdout: `${output}\n`, stderr: '' });
      expect(fs.readdirSync(cwd).sort()).toEqual([output, 'prog.cdx.json'].sort());
      expect(JSON.parse(expected)).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'prog' } } });
      expect(fs.readFileSync(path.join(cwd, 'prog.cdx.json'), 'utf8')).toBe(expected);
    });
  });

  test('prints notices about data detection, but not with -q', () => {
    const made = fixture();
    expect(build(['prog', ...from(made)]).stderr).toMatch(
      /^there is no package database of dpkg, apk or rpm; only data with a program's name is found/,
    );
    expect(build(['prog', '-q', ...from(made)])).toMatchObject({ status: 0, stderr: '' });
  });

  test('takes several programs, and leaves out excluded files', () => {
    const made = fixture();
    made.program('/usr/bin/other');
    expect(build(['prog', 'other', ...from(made), '--include', '/usr/share/prog', '--exclude', '/usr/share/prog/t*', '-q']).status).toBe(0);
    expect(names('prog.zip')).toEqual(expect.arrayContaining(['bin/prog', 'bin/other', '/usr/share/prog/one']));
    expect(names('prog.zip')).not.toContain('/usr/share/prog/two');
  });

  test('rejects a program for another architecture than that of --arch', () => {
    const { status, stderr } = build(['prog', ...from(fixture()), '--arch', 'arm64']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('/usr/bin/prog is for x86_64, expected aarch64') });
    expect(fs.readdirSync(cwd)).toEqual([]);
  });

  test('shows progress at a terminal, but not with -q', () => {
    const made = fixture();
    for (let index = 0; index < 3; index++) made.write({ [`/usr/share/prog/${index}`]: noise(3e6, index) });
    const args = ['build', 'prog', ...from(made), '--include', '/usr/share/prog'];
    expect(atTerminal(args, [], { cwd })).toEqual({ status: 0, screen: expect.stringMatching(/packing/) });
    expect(atTerminal([...args, '-q'], [], { cwd })).toEqual({ status: 0, screen: 'prog.zip\n' });
  });
});

describe('build packs files', () => {
  test('that a traced command line opens', () => {
    expect(build(['rig', '--no-detect-data', '--trace', 'rig', '-q']).status).toBe(0);
    expect(names('rig.zip')).toContain('/usr/share/rig/fnames.idx');
  });

  test('from a log of strace, in a file or on standard input, with any options', () => {
    const seen = new Set<string>();
    for (const options of [['-f'], ['-f', '-tt'], ['-f', '-y', '-xx', '-r']]) {
      const { stderr: log } = spawnSync(
        'strace',
        [...options, 'sh', '-c', 'cd /usr/share; (cd rig; cat fnames.idx lnames.idx); rig; cat /no/such/file'],
        { encoding: 'utf8' },
      );
      const { status, stderr } = build(['rig', '--no-detect-data', '--from-trace', '-', '-q'], { input: log });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      seen.add(names('rig.zip').filter((name) => name.startsWith('/usr/share/')).join());
      fs.writeFileSync(path.join(cwd, 'log'), log);
    }
    fs.renameSync(path.join(cwd, 'rig.zip'), path.join(cwd, 'first.zip'));
    expect(build(['rig', '--no-detect-data', '--from-trace', 'log', '-q']).status).toBe(0);
    expect(fs.readFileSync(path.join(cwd, 'rig.zip')).equals(fs.readFileSync(path.join(cwd, 'first.zip')))).toBe(true);
    expect([...seen]).toEqual([expect.stringContaining('/usr/share/rig/fnames.idx,/usr/share/rig/lnames.idx,/usr/share/rig/locdata.idx')]);
  });

  test('but rejects text that is not a log of strace', () => {
    const { status, stderr } = build(['rig', '--from-trace', '-'], { input: 'hello\n' });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'binary-layer: this is not a log of strace: found no system call in it, expected what strace -f -o LOG COMMAND writes\n',
    });
  });

  test('from a list of files, without the directories in it', () => {
    const list = execFileSync('dpkg', ['-L', 'rig'], { encoding: 'utf8' });
    expect(list).toContain('/usr/share\n');
    expect(build(['rig', '--no-detect-data', '--from-list', '-'], { input: `${list}/no/such/file\n/no\x1b\n` })).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^--from-list has files that do not exist: \/no\/such\/file, \/no\\x1b\nrig and /),
    });
    const packed = names('rig.zip');
    expect(packed).toContain('/usr/share/rig/fnames.idx');
    expect(packed.length).toBeLessThan(50);
  });

  test.each([
    ['/nope\n', 'these do not exist: /nope'],
    ['/usr\n', 'all are directories'],
    ['', 'it is empty'],
  ])('but rejects a list without a file: %j', (input, found) => {
    expect(build(['rig', '--from-list', '-'], { input })).toMatchObject({
      status: 1,
      stdout: '',
      stderr:
        `binary-layer: --from-list - has no file that can be packed: ${found}; ` +
        `expected one name per line, absolute or relative to ${cwd}\n`,
    });
    expect(fs.readdirSync(cwd)).toEqual([]);
  });
});

describe('nothing is written', () => {
  test.each([
    ['full', '--output full: the directory is not empty (file); name a new or an empty directory'],
    ['full/file', '--output full/file: a file exists there; name a new or an empty directory, or NAME.zip or NAME.tar.gz'],
    ['directory.zip', '--output directory.zip: a directory is there, expected a file, or nothing'],
    ['none/layer.zip', /--output none\/layer\.zip: no directory .*none, make it first/],
    ['layer.tar.xz', '--output layer.tar.xz: expected NAME.zip, NAME.tar.gz, or the name of a directory'],
    ['', '--output is empty'],
    ['old.zip/', '--output old.zip/: a file exists there; name a new or an empty directory'],
    ['old.zip/layer.zip', /--output old\.zip\/layer\.zip: no directory .*old\.zip, make it first/],
    ['.', /--output \.: the directory is not empty/],
  ])('with an output that cannot be written or is something else: -o %j', (output, message) => {
    fs.mkdirSync(path.join(cwd, 'full'));
    fs.writeFileSync(path.join(cwd, 'full', 'file'), 'kept');
    fs.mkdirSync(path.join(cwd, 'directory.zip'));
    fs.writeFileSync(path.join(cwd, 'old.zip'), 'old');
    const before = tree(cwd);
    const { status, stdout, stderr } = build(['prog', ...from(fixture()), '-o', output]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(tree(cwd)).toEqual(before);
  });

  test.each([
    ['none/prog.cdx.json', /--sbom none\/prog\.cdx\.json: no directory .*none, make it first/],
    ['directory', /--sbom directory: a directory is there, expected a file, or nothing/],
    ['../prog.zip', /--sbom \.\.\/prog\.zip would be written over --output prog\.zip: give it another name/],
  ])('with a bill of materials that cannot be written: %s', (sbom, message) => {
    fs.mkdirSync(path.join(cwd, 'directory'));
    const { status, stderr } = binaryLayer(
      ['build', 'prog', ...from(fixture()), '--sbom', sbom.replace('..', `../${path.basename(cwd)}`)],
      { cwd },
    );
    expect({ status, stderr: stderr.replace(`../${path.basename(cwd)}`, '..') }).toEqual({
      status: 2,
      stderr: expect.stringMatching(message),
    });
    expect(fs.readdirSync(cwd)).toEqual(['directory']);
  });

  test('of the bill of materials if the layer cannot be written', () => {
    const made = fixture();
    fs.mkdirSync(path.join(cwd, 'out'));
    for (const directory of [cwd, path.join(cwd, 'out')]) fs.chmodSync(directory, 0o777);
    // creates a file at the output's place after it was checked
    const { status, stderr } = build(['prog', ...from(made), '-o', 'out', '--sbom', 'prog.cdx.json', '--test', 'true'], {
      env: { PATH: busy(path.join(cwd, 'out', 'file')) },
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('ENOTEMPTY') });
    expect(fs.readdirSync(cwd)).toEqual(['out']);
  });

  test('to the working directory itself', () => {
    const { status, stderr } = build(['prog', ...from(fixture()), '-o', './']);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('--output ./: the working directory cannot be replaced; name another directory'),
    });
  });

  test('except to an empty directory, or over a file of the same kind', () => {
    fs.mkdirSync(path.join(cwd, 'empty'));
    fs.writeFileSync(path.join(cwd, 'old.zip'), 'old');
    for (const output of ['empty/', 'empty/../old.zip', 'new.zip/']) {
      expect(build(['prog', ...from(fixture()), '-q', '-o', output]).status).toBe(0);
    }
    for (const output of ['empty', 'new.zip']) {
      expect(fs.readdirSync(path.join(cwd, output)).sort()).toEqual(expect.arrayContaining(['bin', 'elf']));
    }
    expect(entriesOf(path.join(cwd, 'old.zip')).length).toBeGreaterThan(3);
  });

  test.each(['true.zip', 'true.tar.gz', 'true'])('to %s if the layer does not pass its test', (output) => {
    const options = ['/usr/bin/true', '--no-detect-data', '-o', output, '--test'];
    const { status, stdout, stderr } = build([...options, 'true && false']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(
      "binary-layer: testCommand 'true && false' ended in the layer with exit code 1, expected exit code 0; nothing was written",
    );
    expect(fs.readdirSync(cwd)).toEqual([]);
    expect(build([...options, 'true'])).toMatchObject({ status: 0, stdout: `${output}\n` });
    expect(fs.readdirSync(cwd)).toEqual([output]);
  });
});
