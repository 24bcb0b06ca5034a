/**
 * Stamps of files: the changes that they detect on file systems with and without a change time.
 */
import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { BinarySource } from '../../lib';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { unchanged } from '../../lib/root/looks';
import type { Root } from '../../lib/root/root';
import { hasContent, stampOf, trustOf } from '../../lib/root/stamp';
import { temporaryDirectory } from '../fixture';
import { SmallRoot } from '../small-root';
import { freshPlaces, synth, zips } from '../synth';

const TIME = new Date('2020-02-02T02:02:02Z');

/** Sets the times of a file or directory, and of all below it. */
function setTimes(place: string): void {
  for (const name of fs.readdirSync(place, { recursive: true, encoding: 'utf8' })) fs.lutimesSync(path.join(place, name), TIME, TIME);
  fs.utimesSync(place, TIME, TIME);
}

describe('on a native file system of Linux', () => {
  test('a file that was replaced with its size and times unchanged has another stamp, without reading its content', () => {
    const file = path.join(temporaryDirectory(), 'file');
    fs.writeFileSync(file, 'one');
    fs.utimesSync(file, TIME, TIME);
    const before = stampOf(file);
    expect(hasContent(before)).toBe(false);
    fs.writeFileSync(file, 'two');
    fs.utimesSync(file, TIME, TIME);
    expect(stampOf(file)).not.toBe(before);
  });

  test.each([
    ['ext4', 0xef53, 'always'], ['XFS', 0x58465342, 'always'], ['Btrfs', 0x9123683e, 'always'], ['tmpfs', 0x01021994, 'always'],
    ['overlayfs', 0x794c7630, 'if ctime differs'],
    ['squashfs', 0x73717368, 'never'], ['erofs', 0xe0f5e1e2, 'never'], ['FAT', 0x4d44, 'never'], ['ISO 9660', 0x9660, 'never'],
    ['NFS', 0x6969, 'never'], ['SMB', 0xfe534d42, 'never'], ['FUSE', 0x65735546, 'never'], ['9P', 0x01021997, 'never'],
    ['one that nobody knows', 0x12345678, 'never'],
  ])('or on %s, the ctime is trusted or not as documented', (_, type, expected) => {
    expect(trustOf(type)).toBe(expected);
  });
});

const canMount = process.geteuid?.() === 0 && spawnSync('mksquashfs', ['-version']).status === 0 && fs.existsSync('/dev/loop-control');
const describeMounted = canMount ? describe : describe.skip;

describeMounted('on squashfs, where ctime is mtime', () => {
  const place = freshPlaces();
  const mounted: string[] = [];
  const mount = (...args: string[]) => {
    execFileSync('mount', args);
    mounted.push(args.at(-1)!);
  };
  const unmount = () => execFileSync('umount', [mounted.pop()!]);
  afterEach(() => {
    while (mounted.length > 0) unmount();
  });

  /** Two images of the same root whose files have equal sizes, times and inode numbers. */
  function images(change: (root: SmallRoot) => void): string[] {
    const root = new SmallRoot();
    root.write({ '/usr/share/data/text': 'one\n', '/usr/share/data/link': { link: 'one' } });
    const directory = temporaryDirectory();
    return ['first', 'second'].map((name) => {
      if (name === 'second') change(root);
      setTimes(root.directory);
      execFileSync('mksquashfs', [root.directory, path.join(directory, name), '-quiet', '-noappend', '-all-root'], { stdio: 'ignore' });
      return path.join(directory, name);
    });
  }

  const CHANGES: [string, (root: SmallRoot) => void][] = [
    ['a file', (root) => root.write({ '/usr/share/data/text': 'two\n' })],
    ['where a link leads', (root) => root.write({ '/usr/share/data/link': { link: 'two' } })],
    [
      'the name of a file in a directory',
      (root) => fs.renameSync(root.locate('/usr/share/data/text'), root.locate('/usr/share/data/tent')),
    ],
  ];

  function look(at: string): Root {
    const root = new DirectoryRoot(at);
    root.names('/usr/share/data');
    if (root.isFile('/usr/share/data/text')) root.content('/usr/share/data/text');
    root.status('/usr/share/data/link');
    return root;
  }

  test.each(CHANGES)('a change of only %s in a file system image is noticed', (_, change) => {
    const [first, second] = images(change);
    const at = temporaryDirectory();
    mount('-o', 'loop,ro', first, at);
    expect(fs.statSync(path.join(at, 'usr')).ctimeMs).toBe(TIME.getTime());
    const looks = look(at).looks();
    unmount();
    mount('-o', 'loop,ro', first, at);
    expect(unchanged(at, looks)).toBe(true);
    unmount();
    mount('-o', 'loop,ro', second, at);
    expect(unchanged(at, looks)).toBe(false);
  });

  test('below an overlay, a file that was copied up has its own ctime', () => {
    const [first, second] = images(CHANGES[0][1]);
    const [lower, writable, at] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
    mount('-t', 'tmpfs', 'tmpfs', writable);
    for (const name of ['upper', 'work']) fs.mkdirSync(path.join(writable, name));
    const overlay = () =>
      mount('-t', 'overlay', 'overlay', '-o', `lowerdir=${lower},upperdir=${writable}/upper,workdir=${writable}/work`, at);
    mount('-o', 'loop,ro', first, lower);
    overlay();
    expect(hasContent(stampOf(path.join(at, 'usr/share/data/text')))).toBe(true);
    const looks = look(at).looks();
    fs.appendFileSync(path.join(at, 'usr/bin/tool'), 'x');
    fs.utimesSync(path.join(at, 'usr/bin/tool'), TIME, TIME);
    expect(hasContent(stampOf(path.join(at, 'usr/bin/tool')))).toBe(false);
    unmount();
    unmount();
    mount('-o', 'loop,ro', second, lower);
    overlay();
    expect(unchanged(at, looks)).toBe(false);
  });

  test('a program that was replaced in an image makes another asset', () => {
    const [first, second] = images((root) => {
      const file = root.locate('/usr/bin/tool');
      const bytes = fs.readFileSync(file);
      // mov $60, %eax: neither the loader nor a reader uses its argument
      bytes[bytes.indexOf(Buffer.from([0xb8, 0x3c, 0, 0, 0])) + 1] = 0x3d;
      fs.writeFileSync(file, bytes);
    });
    const at = temporaryDirectory();
    const assetOf = (image: string) => {
      mount('-o', 'loop,ro', image, at);
      place.outdir = path.join(temporaryDirectory(), 'cdk.out');
      synth(place, { binary: 'tool', source: BinarySource.directory(at) });
      unmount();
      return path.basename(zips(place)[0]);
    };
    const assets = [first, second, first, second].map(assetOf);
    expect(assets[1]).not.toBe(assets[0]);
    expect(assets.slice(2)).toEqual(assets.slice(0, 2));
  });
});
