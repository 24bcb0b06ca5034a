/**
 * What a full layer has room for if its package has files for many programs.
 */
import { find as findIn, Packaged, programWith } from './packaged';

const MB = 1e6;
let root: Packaged;

beforeEach(() => {
  root = new Packaged();
});

/** Without compression: see automatic-compression.test.ts. */
const find = (binary = 'rig') => findIn(root, binary, { compress: false });

describe('in a directory with files that have the names of commands', () => {
  beforeEach(() => {
    root.install('rig', {
      '/usr/bin/rig': programWith('</var/lib/rig>'), '/usr/bin/saw': programWith(), '/usr/share/rig/formats': '',
    });
    root.write({
      '/var/lib/rig/one/rig.fmt': '', '/var/lib/rig/one/saw.fmt': '', '/var/lib/rig/one/saw.txt': '', '/var/lib/rig/one/other.fmt': '',
    });
    root.install('extra', { '/usr/share/rig/extra': '' }, { Depends: 'rig' });
    root.enlarge('/var/lib/rig/one/saw.fmt', 100 * MB);
  });

  test('all are packed if there is room', () => {
    const formats = ['other.fmt', 'rig.fmt', 'saw.fmt', 'saw.txt'].map((name) => `/var/lib/rig/one/${name}`);
    expect(find().data.filter((file) => file.startsWith('/var/'))).toEqual(formats);
  });

  test('those of other commands, with the extension of one of the requested program, come after add-ons', () => {
    root.enlarge('/usr/share/rig/extra', 120 * MB);
    root.enlarge('/usr/share/rig/formats', 60 * MB);
    const { data, skipped } = find();
    for (const name of ['rig.fmt', 'saw.txt', 'other.fmt']) expect(data).toContain(`/var/lib/rig/one/${name}`);
    expect(data).toContain('/usr/share/rig/extra');
    expect(data).not.toContain('/var/lib/rig/one/saw.fmt');
    expect(skipped.get('/var/lib/rig/one/saw.fmt')).toMatch(/^mentioned in rig, but the layer has no room for 100\.0 MB/);
  });

  test('none comes last if the directory has no file for the requested program', () => {
    root.install('saws', { '/usr/bin/saws': programWith('</var/lib/rig>'), '/usr/share/saws/names': '' });
    root.install('more', { '/usr/share/saws/more': '' }, { Depends: 'saws' });
    root.enlarge('/usr/share/saws/more', 120 * MB);
    root.enlarge('/usr/share/saws/names', 60 * MB);
    const { data } = find('saws');
    expect(data).toContain('/var/lib/rig/one/saw.fmt');
    expect(data).not.toContain('/usr/share/saws/more');
  });

  test('those of commands that a requested script starts do not come last', () => {
    root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });
    root.install('sheets', {
      '/usr/bin/sheets': '#!/bin/sh\nsaw --now </var/lib/rig\n', '/usr/share/sheets/names': '',
    }, { Source: 'rig', Depends: 'rig' });
    root.enlarge('/usr/share/rig/extra', 120 * MB);
    root.enlarge('/usr/share/sheets/names', 60 * MB);
    expect(find('sheets').data).toContain('/var/lib/rig/one/saw.fmt');
  });
});

describe('an add-on from the same source package as the requested one', () => {
  beforeEach(() => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/one/data': '' });
    root.install('rig-styles', { '/usr/share/rig/a/small': '', '/usr/share/rig/b/large': '' }, { Source: 'rig', Depends: 'rig' });
    root.install('other', { '/usr/share/rig/other/data': '' }, { Depends: 'rig' });
    root.enlarge('/usr/share/rig/one/data', 150 * MB);
    root.enlarge('/usr/share/rig/other/data', 20 * MB);
  });

  test('is packed before a smaller add-on from another one', () => {
    root.enlarge('/usr/share/rig/b/large', 100 * MB);
    const { data } = find();
    expect(data).toEqual(expect.arrayContaining(['/usr/share/rig/a/small', '/usr/share/rig/b/large']));
    expect(data).not.toContain('/usr/share/rig/other/data');
  });

  test('is packed in parts if the layer has no room for all of it', () => {
    root.enlarge('/usr/share/rig/b/large', 120 * MB);
    const { data, notices } = find();
    expect(data).toEqual(['/usr/bin/rig', '/usr/share/rig/a/small', '/usr/share/rig/one/data', '/usr/share/rig/other/data']);
    expect(notices).toEqual([
      'the layer is full, and does not contain all add-ons: /usr/share/rig/b of rig-styles (120.0 MB); list files that you need in ' +
        'include: they are packed first',
    ]);
  });

  test('is packed as a whole or not at all if it has libraries', () => {
    root.install('rig-styles', { '/usr/share/rig/a/small': [], '/usr/share/rig/a/small.so': '', '/usr/share/rig/b/large': [] }, {
      Source: 'rig', Depends: 'rig',
    });
    root.enlarge('/usr/share/rig/b/large', 120 * MB);
    expect(find().data).toEqual(['/usr/bin/rig', '/usr/share/rig/one/data', '/usr/share/rig/other/data']);
  });
});

describe('a command of the same source package whose name is only a word of a configuration file', () => {
  beforeEach(() => {
    root.install('rig', {
      '/usr/bin/rig': programWith('\0paint\0'),
      '/usr/bin/paint': programWith(),
      '/usr/bin/saw': programWith(),
      '/usr/share/rig/rig.conf': 'tools saw\n',
      '/usr/share/rig/data': '',
    });
    root.enlarge('/usr/bin/saw', 30 * MB);
  });

  test('is packed if there is room', () => {
    expect(find().data).toEqual(expect.arrayContaining(['/usr/bin/paint', '/usr/bin/saw']));
  });

  test('is left out of a full layer, unlike one that the program names', () => {
    root.enlarge('/usr/share/rig/data', 240 * MB);
    const { data, notices } = find();
    expect(data).toEqual(['/usr/bin/paint', '/usr/bin/rig', '/usr/share/rig/data', '/usr/share/rig/rig.conf']);
    expect(notices).toEqual([expect.stringContaining('does not contain all add-ons: /usr/bin/saw (30.0 MB)')]);
  });
});
