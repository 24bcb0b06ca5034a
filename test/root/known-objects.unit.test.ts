import * as fs from 'fs';
import { readLargeLibrary } from '../../lib/root/content';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { KnownObjects } from '../../lib/root/known-objects';
import { machinePath } from '../../lib/root/paths';
import { elfFile, Fixture } from '../fixture';

const [PROGRAM, LIBRARY, TEXT] = ['/usr/bin/tool', '/usr/lib/libtool.so.1', '/usr/share/tool/list'];
const LARGE = 100_000;

/** A library with another path in it, of the same length. */
const library = (name: string) => Buffer.concat([elfFile({ soname: 'libtool.so.1', text: `/usr/share/${name}` }), Buffer.alloc(LARGE)]);

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
  const program = elfFile({ interpreter: '/lib/ld.so', text: '/usr/share/tool' });
  fixture.write({ [PROGRAM]: program, [LIBRARY]: library('first'), [TEXT]: 'a list' });
});

/** Waits until a later change certainly gives the files another stamp. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 150));
const open = () => new DirectoryRoot(fixture.directory);
const mentionsOf = (root: DirectoryRoot) => root.content(LIBRARY).mentions.map(({ path }) => path);

test('roots of one process share the contents of programs and libraries, and not those of other files', async () => {
  await settle();
  const [first, second] = [open(), open()];
  for (const shared of [PROGRAM, LIBRARY]) expect(second.content(shared).elf).toBe(first.content(shared).elf);
  expect(second.content(LIBRARY).mentions).toBe(first.content(LIBRARY).mentions);
  expect(second.content(TEXT)).not.toBe(first.content(TEXT));
  expect(second.looks()).toEqual(first.looks());
});

test('a root that is made after a change of a file reads it again, even if its length and time of modification stay the same', async () => {
  await settle();
  expect(mentionsOf(open())).toEqual(['/usr/share/first']);
  const file = fixture.locate(LIBRARY);
  const { atime, mtime } = fs.statSync(file);
  fs.writeFileSync(file, library('other'));
  fs.utimesSync(file, atime, mtime);
  expect(mentionsOf(open())).toEqual(['/usr/share/other']);
});

test('a file that was changed just before it was read is read again: another change at once might leave no trace in its times', () => {
  expect(open().content(PROGRAM).elf).not.toBe(open().content(PROGRAM).elf);
});

test('replaced files have their own content', async () => {
  await settle();
  const root = open();
  expect(mentionsOf(root)).toEqual(['/usr/share/first']);
  expect(mentionsOf(root.withFiles(new Map([[LIBRARY, library('other')]])))).toEqual(['/usr/share/other']);
  expect(mentionsOf(open())).toEqual(['/usr/share/first']);
});

test('no more than 2000 objects are kept, and the first ones are given up', () => {
  const objects = new KnownObjects();
  const object = readLargeLibrary(library('first'))!;
  const stamp = 'f644:1:2:3:4';
  for (let number = 0; number <= 2000; number++) objects.add(machinePath(`/lib/${number}`), stamp, object);
  expect([0, 1, 2000].map((number) => objects.get(machinePath(`/lib/${number}`), stamp))).toEqual([undefined, object, object]);
});

test('objects of file systems without a time of change are not kept', () => {
  const objects = new KnownObjects();
  objects.add(machinePath('/lib/a'), '~f644:1:2:#00', readLargeLibrary(library('first'))!);
  expect(objects.get(machinePath('/lib/a'), '~f644:1:2:#00')).toBeUndefined();
});
