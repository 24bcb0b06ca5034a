import * as fs from 'fs';
import { find, Packaged, programWith } from './packaged';

const WRAPPER = '/usr/share/dump-common/wrapper';

/** `dump` is a link to a script for many names, which starts the program of that name in a directory for its version. */
function dispatcher({ mode = 0o755, name = 'dump' } = {}): Packaged {
  const root = new Packaged();
  root.install('perl', { '/usr/bin/perl': programWith() });
  root.install('dump-client', {
    [WRAPPER]: '#!/usr/bin/perl\nuse Versions;\n',
    '/usr/share/perl5/Versions.pm': 'our $programs = "/usr/lib/dump/";\n',
    '/usr/bin/dump': { link: WRAPPER },
  }, { Depends: 'perl' });
  root.install(
    'dump-client-15',
    { [`/usr/lib/dump/15/bin/${name}`]: programWith(), '/usr/share/dump-15/charset': '' },
    { Depends: 'dump-client' },
  );
  fs.chmodSync(root.locate(WRAPPER), 0o755);
  fs.chmodSync(root.locate(`/usr/lib/dump/15/bin/${name}`), mode);
  return root;
}

test('an implementation with the requested name below a directory that the dispatcher mentions is packed, with its package', () => {
  expect(find(dispatcher(), 'dump').data).toEqual(expect.arrayContaining(['/usr/lib/dump/15/bin/dump', '/usr/share/dump-15/charset']));
});

test('a program with another name there is not an implementation', () => {
  expect(find(dispatcher({ name: 'restore' }), 'dump').data).not.toContain('/usr/share/dump-15/charset');
});

test('a file that is not executable is not an implementation', () => {
  expect(find(dispatcher({ mode: 0o644 }), 'dump').data).not.toContain('/usr/share/dump-15/charset');
});

test('an implementation that is not world-readable is skipped with a reason', () => {
  const { data, skipped } = find(dispatcher({ mode: 0o750 }), 'dump');
  expect(data).not.toContain('/usr/lib/dump/15/bin/dump');
  expect(skipped.get('/usr/lib/dump/15/bin/dump')).toMatch(/not world-readable/);
});

test('an implementation that is excluded is skipped with a reason', () => {
  const { data, skipped } = find(dispatcher(), 'dump', { exclude: ['/usr/lib/dump'] });
  expect(data).not.toContain('/usr/lib/dump/15/bin/dump');
  expect(skipped.get('/usr/lib/dump/15/bin/dump')).toMatch(/but excluded$/);
});
