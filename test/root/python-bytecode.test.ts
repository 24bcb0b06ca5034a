import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { isCurrent, sourceOfBytecode } from '../../lib/root/python-bytecode';
import type { Status } from '../../lib/root/root';
import { find, makeFound, Packaged, programWith } from '../collect/packaged';
import { entriesOf, makeZip } from '../plan/make';

const PYTHON = '/usr/bin/python3';
const MODULES = '/usr/lib/rig/modules';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith(), [`${MODULES}/one.py`]: 'print("one")\n', [`${MODULES}/two.py`]: 'print("two")\n' });
  execFileSync(PYTHON, ['-m', 'compileall', '-q', root.locate(MODULES)]);
});

const bytecodes = () => fs.readdirSync(root.locate(`${MODULES}/__pycache__`)).map((name) => `${MODULES}/__pycache__/${name}`);
const header = (bytes: Buffer) => [4, 8, 12].map((offset) => bytes.readUInt32LE(offset));

test('current bytecode is packed, and marked as valid without a check of its source file', async () => {
  const { mirrored } = await makeFound(root);
  expect(bytecodes()).toHaveLength(2);
  for (const file of bytecodes()) {
    const [before, after] = [root.locate(file), path.join(mirrored, file)].map((one) => fs.readFileSync(one));
    expect(header(before)[0]).toBe(0);
    expect(header(after)).toEqual([1, 0, 0]);
    expect(after.subarray(0, 4)).toEqual(before.subarray(0, 4));
    expect(after.subarray(16)).toEqual(before.subarray(16));
  }
});

test('bytecode of another implementation is packed only if that implementation is', () => {
  const other = `${MODULES}/__pycache__/one.pypy39.pyc`;
  fs.copyFileSync(root.locate(bytecodes()[0]), root.locate(other));
  const { data, skipped } = find(root);
  expect(data.filter((file) => file.endsWith('.pyc'))).toEqual(bytecodes().filter((file) => file !== other));
  expect(skipped.get(other)).toBe('bytecode for pypy, which is not packed');
  root.install('pypy', { '/usr/bin/pypy3': programWith() });
  expect(find(root, 'rig', { binaries: ['rig', 'pypy3'] }).data).toContain(other);
});

test('directories of a module whose files are not packed are not packed, because Python would import them', () => {
  const gone = `${MODULES}/gone`;
  root.install('rig', { '/usr/bin/rig': programWith('</usr/lib/rig>'), [`${gone}/__init__.py`]: '', '/usr/lib/rig/empty/one': '' });
  root.write({ [`${gone}/__pycache__/__init__.cpython-311.pyc`]: fs.readFileSync(root.locate(bytecodes()[0])) });
  const { all } = find(root, 'rig', { exclude: [`${gone}/__init__.py`, '/usr/lib/rig/empty/one'] });
  expect(all).toContain('/usr/lib/rig/empty');
  expect(all.filter((place) => place.startsWith(gone))).toEqual([]);
});

test('Python uses the bytecode, although the source files in the layer have other times', async () => {
  const { mirrored } = await makeFound(root);
  const log = execFileSync(PYTHON, ['-B', '-v', '-c', 'import one'], {
    env: { PYTHONPATH: path.join(mirrored, MODULES) },
    encoding: 'utf8',
    stdio: 'pipe',
  });
  expect(log).toBe('one\n');
  const { stderr } = {
    stderr: execFileSync('/bin/sh', ['-c', `${PYTHON} -B -v -c 'import one' 2>&1`], {
      env: { PYTHONPATH: path.join(mirrored, MODULES) },
      encoding: 'utf8',
    }),
  };
  expect(stderr).toMatch(/code object from '[^']*\/one\.cpython-\d+\.pyc'/);
});

test('bytecode of a source file that has changed since is skipped with a reason', () => {
  fs.appendFileSync(root.locate(`${MODULES}/one.py`), '# changed\n');
  const { data, skipped } = find(root);
  const [one, two] = bytecodes().sort();
  expect(data).not.toContain(one);
  expect(data).toContain(two);
  expect(skipped.get(one)).toMatch(/bytecode of another version/);
});

test('bytecode of a source file that is not packed is skipped with a reason', () => {
  const { data, skipped } = find(root, 'rig', { exclude: [`${MODULES}/one.py`] });
  const [one, two] = bytecodes().sort();
  expect(data).toEqual(['/usr/bin/rig', two, `${MODULES}/two.py`]);
  expect(skipped.get(one)).toMatch(/bytecode/);
});

test('the source file may be a link', () => {
  root.write({ '/etc/rig/site.py': 'print("site")\n', [`${MODULES}/site.py`]: { link: '/etc/rig/site.py' } });
  root.install('rig-site', { '/etc/rig/site.py': [], [`${MODULES}/site.py`]: [] }, { Depends: 'rig' });
  // Python would follow the link to this machine's /etc
  fs.symlinkSync(root.locate('/etc/rig/site.py'), root.locate(`${MODULES}/target`));
  fs.renameSync(root.locate(`${MODULES}/target`), root.locate(`${MODULES}/site.py`));
  execFileSync(PYTHON, ['-m', 'compileall', '-q', root.locate(MODULES)]);
  root.write({ [`${MODULES}/site.py`]: { link: '/etc/rig/site.py' } });
  const { data } = find(root);
  expect(data).toEqual(expect.arrayContaining(['/etc/rig/site.py', ...bytecodes().filter((file) => file.includes('/site.'))]));
  expect(bytecodes()).toHaveLength(3);
});

// Known flaw: the fingerprint depends on the bytecode as it was found, although the packed bytes are the same.
test.failing('the layer does not depend on the times of source files and bytecode', async () => {
  const { plan: before } = await makeFound(root);
  for (const name of ['one', 'two']) fs.utimesSync(root.locate(`${MODULES}/${name}.py`), 1e9, 1e9);
  execFileSync(PYTHON, ['-m', 'compileall', '-q', root.locate(MODULES)]);
  const { plan: after, zip } = await makeZip(root, 'rig', { detectData: true });
  expect(after.entries.map((entry) => entry.path)).toEqual(before.entries.map((entry) => entry.path));
  expect(entriesOf(zip).every(({ date }) => date === 0x210000)).toBe(true);
  expect(after.key).toBe(before.key);
});

describe('the source file of bytecode', () => {
  test.each([
    ['/usr/lib/x/__pycache__/m.cpython-311.pyc', '/usr/lib/x/m.py'],
    ['/usr/lib/x/__pycache__/m.cpython-312.opt-2.pyc', '/usr/lib/x/m.py'],
    ['/usr/lib/x/__pycache__/a.b.pypy-39.pyc', '/usr/lib/x/a.b.py'],
    ['/usr/lib/x/m.pyc', undefined],
    ['/usr/lib/x/m.cpython-311.so', undefined],
  ])('of %s is %s', (bytecode, source) => {
    expect(sourceOfBytecode(bytecode)).toBe(source);
  });
});

describe('bytecode is current', () => {
  const source: Status = { type: 'file', mode: 0o644, size: 100, modified: 1e9 + 0.7 };
  const head = (flags: number, modified: number, size: number) => {
    const bytes = Buffer.alloc(16);
    [flags, modified, size].forEach((value, index) => bytes.writeUInt32LE(value, 4 + 4 * index));
    return bytes;
  };

  test.each([
    ['by time and size', head(0, 1e9, 100), true],
    ['not with another time', head(0, 1e9 + 1, 100), false],
    ['not with another size', head(0, 1e9, 101), false],
    ['where it is not to be checked', head(1, 0, 0), true],
    ['not where a hash is to be checked, which nobody does here', head(3, 1e9, 100), false],
    ['not where it has no header', head(0, 1e9, 100).subarray(0, 12), false],
  ])('%s', (_, bytes, current) => {
    expect(isCurrent(bytes, source)).toBe(current);
  });
});
