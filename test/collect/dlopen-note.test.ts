import * as fs from 'fs';
import { find, LIB, libraryWith, Packaged } from './packaged';
import { openedLibraries } from '../../lib/collect/programs/dlopen-note';
import { readElf } from '../../lib/elf';

/** C source of a note that lists the libraries that an object opens by name (UAPI Group specification 12). */
function noteOf(text: string): string {
  const bytes = [...Buffer.from(`${text}\0`)].join(',');
  return `__asm__(".pushsection .note.dlopen,\\"a\\",@note\\n.balign 4\\n.long 4\\n.long 2f-1f\\n.long 0x407c0c0a\\n"
    ".asciz \\"FDO\\"\\n1: .byte ${bytes}\\n2: .balign 4\\n.popsection");`;
}

const note = (...features: object[]) => noteOf(JSON.stringify(features));

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
  const libraries = ['liba.so.1', 'liba.so.2', 'libb.so.1', 'libc0.so.1', 'libd.so.1'];
  root.install(
    'libraries',
    Object.fromEntries(libraries.map((name) => [`${LIB}/${name}`, libraryWith(name, '', name === 'libb.so.1' ? ['libd.so.1'] : [])])),
  );
});

/** The files that a note in a library of the program adds. */
function joined(...features: object[]) {
  root.library(`${LIB}/librig.so.1`, { source: note(...features) });
  root.program('/usr/bin/rig', { needs: ['librig.so.1'] });
  root.install('rig', { '/usr/bin/rig': [], [`${LIB}/librig.so.1`]: [] });
  const { all, skipped } = find(root);
  return { libraries: all.filter((place) => /\/lib[a-d]0?\.so/.test(place)).map((place) => place.slice(LIB.length + 1)), skipped };
}

test('a required library is packed with its dependencies', () => {
  expect(joined({ soname: ['libb.so.1'], priority: 'required' }).libraries).toEqual(['libb.so.1', 'libd.so.1']);
});

test('a recommended library is packed, and so is a library without a priority', () => {
  expect(joined({ soname: ['liba.so.1'], priority: 'recommended' }, { soname: ['libd.so.1'] }).libraries).toEqual([
    'liba.so.1',
    'libd.so.1',
  ]);
});

test('a suggested library is skipped with a reason', () => {
  const { libraries, skipped } = joined({ soname: ['liba.so.1'], priority: 'suggested', feature: 'a' });
  expect(libraries).toEqual([]);
  expect(skipped.get('liba.so.1')).toMatch(/suggested/);
});

test('only the first installed alternative is packed', () => {
  expect(joined({ soname: ['liba.so.9', 'liba.so.2', 'liba.so.1'], priority: 'required' }).libraries).toEqual(['liba.so.2']);
});

test('a library that is not installed is ignored', () => {
  expect(joined({ soname: ['libnone.so.1'], priority: 'recommended' }).libraries).toEqual([]);
});

test('a library with a missing dependency is skipped with a reason unless it is required, and the next alternative is tried', () => {
  root.install('broken', { [`${LIB}/libbroken.so.1`]: libraryWith('libbroken.so.1', '', ['libmissing.so.1']) });
  const { libraries, skipped } = joined({ soname: ['libbroken.so.1', 'liba.so.1'], priority: 'recommended' });
  expect(libraries).toEqual(['liba.so.1']);
  expect(skipped.get('libbroken.so.1')).toMatch(
    /^opened by \S+\/librig\.so\.1, but libmissing\.so\.1 not found, needed by \S+\/libbroken\.so\.1$/,
  );
  expect(() => joined({ soname: ['libbroken.so.1'], priority: 'required' })).toThrow('libmissing.so.1 not found');
});

test('a suggested library that something else needs is packed', () => {
  const { libraries, skipped } = joined({ soname: ['libd.so.1'], priority: 'suggested' }, { soname: ['libb.so.1'] });
  expect(libraries).toEqual(['libb.so.1', 'libd.so.1']);
  expect(skipped.has('libd.so.1')).toBe(false);
});

test('a note in a plug-in has the same effect', () => {
  root.library('/usr/lib/rig/plugin.so', { source: note({ soname: ['liba.so.1'], priority: 'required' }) });
  root.program('/usr/bin/rig');
  root.install('rig', { '/usr/bin/rig': [], '/usr/lib/rig/plugin.so': [] });
  expect(find(root).all).toContain(`${LIB}/liba.so.1`);
});

test('a library is packed even if detectData is false', () => {
  root.program('/usr/bin/rig', { source: `${note({ soname: ['liba.so.1'] })} void _start(void) {}` });
  root.install('rig', { '/usr/bin/rig': [] });
  expect(find(root, 'rig', { detectData: false }).all).toContain(`${LIB}/liba.so.1`);
});

test.each([
  ['no JSON', 'libx.so.1'],
  ['no list', '{"soname":["libx.so.1"]}'],
  ['no sonames', '[{"soname":"libx.so.1"},{},{"soname":[1]},{"soname":[],"priority":"suggested"}]'],
  ['nothing of a feature', '[null, 1]'],
])('a note that is %s is ignored', (_, text) => {
  root.library('/note.so', { source: noteOf(text) });
  expect(openedLibraries(readElf(fs.readFileSync(root.locate('/note.so'))))).toEqual([]);
});
