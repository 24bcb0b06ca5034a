import * as fs from 'fs';
import * as path from 'path';
import type * as Database from '../../lib/packages/dpkg';
import { DamagedListsError, FILE_LISTS, keep, type Lists, readKept } from '../../lib/packages/kept-lists';
import { LineIndex } from '../../lib/packages/line-index';
import type * as Roots from '../../lib/root/directory-root';
import { Packaged } from '../collect/packaged';
import { temporaryDirectory } from '../fixture';

const before = process.env.XDG_CACHE_HOME;
let cache: string;
beforeEach(() => {
  cache = temporaryDirectory();
  process.env.XDG_CACHE_HOME = cache;
});
afterAll(() => {
  process.env.XDG_CACHE_HOME = before;
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
});

const directory = () => path.join(cache, 'cdk-binary-layer', FILE_LISTS);
const kept = () => (fs.existsSync(directory()) ? fs.readdirSync(directory()) : []);

/** More than a megabyte of lines. */
function lists(name = 'rig'): Lists {
  const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, index) => `/usr/share/${name}/file${index}\n`).join(''));
  return { text: bytes, ends: [1000, bytes.length], tables: LineIndex.of(bytes, 'lists').tables };
}

describe('kept file lists', () => {
  test('are read back with an index that finds every line', () => {
    const made = lists();
    keep('/root', 'state', made);
    const { text, ends, tables } = readKept('/root', () => 'state')!;
    expect(ends).toEqual(made.ends);
    const [ours, theirs] = [new LineIndex(text, tables), new LineIndex(made.text, made.tables)];
    for (const line of ['/usr/share/rig/file0', '/usr/share/rig/file49999', '/usr/share/rig/none']) {
      expect([...ours.offsets(line)]).toEqual([...theirs.offsets(line)]);
    }
    expect([...ours.offsets('/usr/share/rig/file1')]).toEqual([21]);
    expect(text.subarray(0, text.length).equals(made.text as Buffer)).toBe(true);
  });

  test('are not used for another root or after a change', () => {
    keep('/root', 'state', lists());
    expect(readKept('/root', () => 'later')).toBeUndefined();
    expect(readKept('/other', () => 'state')).toBeUndefined();
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['cut off behind the index', (bytes) => bytes.subarray(0, -lists().text.length)],
    ['cut off in the index', (bytes) => bytes.subarray(0, 100_000)],
    ['with another byte in the header', (bytes) => flipped(bytes, 12)],
    ['with another byte in the index', (bytes) => flipped(bytes, 5000)],
    ['of something else', () => Buffer.from('x'.repeat(5000))],
  ])('are not used if the file is damaged: %s', (_, damage) => {
    keep('/root', 'state', lists());
    const [file] = kept().map((name) => path.join(directory(), name));
    fs.writeFileSync(file, damage(fs.readFileSync(file)));
    expect(readKept('/root', () => 'state')).toBeUndefined();
  });

  test('throw an error when a damaged block of their text is read, and only then', () => {
    keep('/root', 'state', lists());
    const [file] = kept().map((name) => path.join(directory(), name));
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(file, flipped(bytes, bytes.length - 5));
    const { text } = readKept('/root', () => 'state')!;
    expect(text.subarray(0, 22).toString()).toBe('/usr/share/rig/file0\n/');
    expect(() => text.subarray(text.length - 10, text.length)).toThrow(DamagedListsError);
  });

  test('are those of the four roots that were used last', () => {
    for (const number of [1, 2, 3, 4]) {
      keep(`/root${number}`, 'state', lists(`package${number}`));
      const [newest] = kept().map((name) => path.join(directory(), name)).sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
      fs.utimesSync(newest, number, number);
    }
    expect(readKept('/root1', () => 'state')).toBeDefined();
    keep('/root5', 'state', lists('package5'));
    expect([1, 2, 3, 4, 5].filter((number) => readKept(`/root${number}`, () => 'state'))).toEqual([1, 3, 4, 5]);
  });

  test('are only those of large databases', () => {
    const bytes = Buffer.from('/usr/bin/rig\n');
    keep('/root', 'state', { text: bytes, ends: [bytes.length], tables: LineIndex.of(bytes, 'lists').tables });
    expect(kept()).toEqual([]);
  });

  test('are given up without a cache that can be written', () => {
    fs.writeFileSync(path.join(cache, 'cdk-binary-layer'), 'a file');
    keep('/root', 'state', lists());
    expect(readKept('/root', () => 'state')).toBeUndefined();
  });
});

describe('the owner of a file in a later process', () => {
  /** As in a new process: no lists in memory. The lists are kept when nothing else is to do. */
  const ownerOf = async (root: Packaged, file: string) => {
    let owner: string | undefined;
    jest.isolateModules(() => {
      const { dpkgDatabase } = jest.requireActual<typeof Database>('../../lib/packages/dpkg');
      const { DirectoryRoot } = jest.requireActual<typeof Roots>('../../lib/root/directory-root');
      owner = dpkgDatabase(new DirectoryRoot(root.directory), 'amd64')!.ownerOf(file)?.name;
    });
    await new Promise((resolve) => setImmediate(resolve));
    return owner;
  };
  const list = (root: Packaged, name: string) => root.locate(`/var/lib/dpkg/info/${name}.list`);
  let root: Packaged;
  beforeEach(() => {
    root = new Packaged();
    root.install('rig', { '/usr/share/rig/names': '' });
    fs.appendFileSync(list(root, 'rig'), lists().text as Buffer);
  });

  test('is the same, with the kept lists', async () => {
    expect(await ownerOf(root, '/usr/share/rig/names')).toBe('rig');
    expect(kept()).toHaveLength(1);
    expect(await ownerOf(root, '/usr/share/rig/names')).toBe('rig');
  });

  test('is the same if the text of the kept lists is damaged, and they are kept again', async () => {
    expect(await ownerOf(root, '/usr/share/rig/names')).toBe('rig');
    const [file] = kept().map((name) => path.join(directory(), name));
    const written = fs.readFileSync(file);
    fs.writeFileSync(file, Buffer.concat([written.subarray(0, -lists().text.length), Buffer.alloc(lists().text.length)]));
    expect(await ownerOf(root, '/usr/share/rig/names')).toBe('rig');
    expect(fs.readFileSync(file).equals(written)).toBe(true);
  });

  test('is seen to change when a package is installed, and when a list is edited in its place', async () => {
    expect(await ownerOf(root, '/usr/share/other/names')).toBeUndefined();
    root.install('other', { '/usr/share/other/names': '' });
    expect(await ownerOf(root, '/usr/share/other/names')).toBe('other');
    expect(await ownerOf(root, '/srv/rig')).toBeUndefined();
    fs.appendFileSync(list(root, 'rig'), '/srv/rig\n');
    expect(await ownerOf(root, '/srv/rig')).toBe('rig');
  });

  test('is not kept if a list is a link: a later change of its target would not be seen', async () => {
    fs.renameSync(list(root, 'rig'), root.locate('/elsewhere'));
    fs.symlinkSync('/elsewhere', list(root, 'rig'));
    expect(await ownerOf(root, '/usr/share/rig/names')).toBe('rig');
    expect(kept()).toEqual([]);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at] ^= 1;
  return bytes;
}
