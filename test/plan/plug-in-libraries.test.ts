import { find, LIB, libraryWith, makeFound, Packaged, programWith } from '../collect/packaged';

test('a plug-in that another plug-in needs as a library is found in the layer', async () => {
  const root = new Packaged();
  root.install('rig', {
    '/usr/bin/rig': programWith(),
    '/usr/lib/rig/lib/libcore.so': libraryWith('libcore.so'),
    '/usr/lib/rig/modules/draw.so': libraryWith('draw.so', '', ['libcore.so']),
  });
  const { plan: { entries } } = await makeFound(root);
  const program = entries.find(({ path }) => path === '/usr/bin/rig');
  const rpath = program?.kind === 'file' ? program.edits?.rpath?.split(':') : undefined;
  expect(rpath).toContain('/opt/elf/{key}/usr/lib/rig/lib');
  expect(rpath).not.toContain('/opt/elf/{key}/usr/lib/rig/modules');
});

test('a library that is packed as a plug-in, by the name of its file, is found by its soname as well', () => {
  const root = new Packaged();
  root.install('rig', {
    '/usr/bin/rig': programWith(),
    '/usr/lib/rig/settings': `libcore.so.1.0 ${LIB}/libcore.so.1.0\n`,
    [`${LIB}/libcore.so.1.0`]: libraryWith('libcore.so.1'),
    [`${LIB}/libcore.so.1`]: { link: 'libcore.so.1.0' },
  });
  root.install('rig-draw', { '/usr/lib/rig/draw.so': libraryWith('draw.so', '', ['libcore.so.1']) }, { Depends: 'rig' });
  expect(find(root).all).toEqual(expect.arrayContaining([`${LIB}/libcore.so.1.0`, `${LIB}/libcore.so.1`]));
});
