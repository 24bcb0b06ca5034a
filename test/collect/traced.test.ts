/**
 * Trace commands without data detection: besides the closures, the layer contains only what the commands opened and listed.
 */
import { Packaged, programWith } from './packaged';
import { planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { request } from '../plan/request';

const root = new Packaged();
root.install('rig', {
  '/usr/bin/rig': programWith('\0/usr\0lib/rig\0'), '/usr/lib/rig/one': 'x', '/usr/lib/rig/plugins.d/.keep': '', '/usr/lib/rig/two': 'y',
});
root.directories('/home/me', '/work');

function planned(listed: readonly string[], detectData = false) {
  const opened = [{ path: '/usr/lib/rig/one', by: '/usr/bin/rig' }];
  return planLayer(new DirectoryRoot(root.directory), request('rig', { detectData }), { knownTrace: { opened, looked: [], listed } }).plan;
}

test('a directory that a trace command listed is packed without its files', () => {
  const paths = planned(['/usr/lib/rig/plugins.d', '/home/me', '/work', '/proc/self']).entries.map((entry) => entry.path);
  expect(paths.filter((file) => file !== '/contents.json' && !file.includes('ld-linux'))).toEqual(
    expect.arrayContaining(['/usr/bin/rig', '/usr/lib/rig/one', '/usr/lib/rig/plugins.d']));
  expect(
    paths.filter((file) => file.includes('.keep') || file.includes('/two') || file.includes('/home') || file.includes('/work')),
  ).toEqual([]);
});

test('a program that builds paths from a prefix finds traced files, as it does with data detection', () => {
  const { aliases } = planned([]);
  expect(aliases).toEqual(planned([], true).aliases);
  expect(aliases.length).toBeGreaterThan(0);
});
