import { find, LIB, libraryWith, Packaged, programWith } from './packaged';
import { load } from '../../lib/closure/program';
import { LayeredMap, LayeredSet } from '../../lib/collect/selection/layered';
import { RequestedPackages } from '../../lib/collect/selection/requested-packages';
import { Selection } from '../../lib/collect/selection/selection';
import type { Elf } from '../../lib/elf';
import { settingOf } from '../../lib/loader/setting';
import { PackagesByName } from '../../lib/packages/by-name';
import { report } from '../../lib/plan/report';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { plan } from '../plan/make';

describe('a layered map', () => {
  const below = new LayeredMap<string, number>();
  below.set('a', 1);
  below.set('b', 2);

  test('reads the layer below, and does not change it', () => {
    const above = new LayeredMap(below);
    above.set('c', 3);
    above.set('a', 4);
    expect([...above]).toEqual([['a', 4], ['b', 2], ['c', 3]]);
    expect([above.get('a'), above.get('b'), above.has('c'), above.has('d')]).toEqual([4, 2, true, false]);
    expect([...above.additions.keys()]).toEqual(['c', 'a']);
    expect([...below]).toEqual([['a', 1], ['b', 2]]);
  });

  test('takes over the additions of a layer above it, without those that were withdrawn', () => {
    const middle = new LayeredSet<string>();
    const above = new LayeredSet(middle);
    middle.add('a');
    above.add('b');
    above.add('c');
    above.withdraw('b');
    middle.merge(above);
    expect([...middle.keys()]).toEqual(['a', 'c']);
  });
});

describe('a fork of a selection', () => {
  const root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith(), [`${LIB}/liba.so.1`]: libraryWith('liba.so.1') });
  const source = new DirectoryRoot(root.directory);
  const packages = new PackagesByName(source);
  let selection: Selection;

  beforeEach(() => {
    selection = new Selection(new RequestedPackages(packages));
    const { elf } = source.content('/usr/bin/rig');
    selection.processes.set('/usr/bin/rig', load('/usr/bin/rig', elf as Elf, settingOf(source, 'x86_64', { libraryPath: '' })));
    selection.files.set('/usr/bin/rig', { reason: 'requested' });
  });

  /** Adds something of every kind. */
  function grow(fork: Selection): void {
    fork.files.set('/usr/share/rig', { reason: 'found' });
    fork.links.set('/usr/share/link', 'rig');
    fork.directories.add('/usr/share');
    fork.generated.set('/etc/nsswitch.conf', { text: '' });
    fork.skip('/usr/share/other', 'not needed');
    fork.excluded.add('/usr/share/excluded');
    fork.starting.add('/usr/bin/rig');
    fork.notices.add('notice');
    fork.followed.add('rig /usr/share/rig');
    fork.requested = fork.requested.with([packages.get('rig')], 'program');
    fork.enqueue('/usr/share/rig', '/usr/bin/rig');
    const process = fork.processToExtend('/usr/bin/rig')!;
    process.openFile(`${LIB}/liba.so.1`, process.program, 'plug-in');
  }

  const contentOf = ({ requested, processes, ...layers }: Selection) => ({
    requested: [...requested].map(({ name }) => name),
    objects: [...processes.values()].flatMap(({ objects }) => objects.map(({ real }) => real)),
    layers: Object.values(layers).flatMap((layer) => (layer instanceof LayeredMap ? [[...layer.keys()]] : [])),
  });

  test('changes nothing in the selection unless it is merged', () => {
    const before = contentOf(selection);
    grow(selection.fork());
    expect(contentOf(selection)).toEqual(before);
    expect(selection.next()).toBeUndefined();
  });

  test('is merged as a whole, with loaded objects and queued files', () => {
    const fork = selection.fork();
    grow(fork);
    const expected = contentOf(fork);
    selection.merge(fork);
    expect(contentOf(selection)).toEqual(expected);
    expect(expected.objects).toEqual(['/usr/bin/rig', `${LIB}/liba.so.1`]);
    expect(selection.next()).toEqual({ real: '/usr/share/rig', program: '/usr/bin/rig' });
  });

  test('cannot be merged into another selection than the one it was forked from', () => {
    const fork = selection.fork().fork();
    expect(() => selection.merge(fork)).toThrow('internal error: a delta was merged into a selection that it was not forked from');
  });
});

describe('the rule by which a file belongs to the file that led to it', () => {
  const rules = (root: Packaged) => report(plan(root, 'rig', { detectData: true })).filter((line) => line.includes('/usr/share/'));

  test('is in the report for a dependency, a recommendation and a sibling package', () => {
    const root = new Packaged();
    root.install(
      'rig',
      { '/usr/bin/rig': programWith('</usr/share/a></usr/share/b></usr/share/c>') },
      { Depends: 'dependency', Recommends: 'extra' },
    );
    root
      .install('dependency', { '/usr/share/a/one': '' })
      .install('extra', { '/usr/share/b/one': '' })
      .install('sibling', { '/usr/share/c/one': '' }, { Source: 'rig' });
    expect(rules(root)).toEqual([
      'packs /usr/share/a/one: mentioned in rig (of dependency, a dependency of rig), through /usr/bin/rig',
      'packs /usr/share/b/one: mentioned in rig (of extra, recommended by rig), through /usr/bin/rig',
      'packs /usr/share/c/one: mentioned in rig (of sibling, from the same source package as rig), through /usr/bin/rig',
    ]);
  });

  test('is in the report for an add-on and a generated file', () => {
    const root = new Packaged();
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/names': '' });
    root.install('rig-german', { '/usr/share/rig/german': '' }, { Depends: 'rig' });
    root.write({ '/usr/share/rig/cache': '' });
    expect(rules(root)).toEqual([
      'packs /usr/share/rig/cache: in a directory of package rig (generated in a directory of rig), through /usr/bin/rig',
      'packs /usr/share/rig/german: in a directory of package rig (of rig-german, an add-on of rig), through /usr/bin/rig',
      'packs /usr/share/rig/names: of package rig, through /usr/bin/rig',
    ]);
  });

  test('is not in the layer, because it depends on what else is installed', () => {
    const root = new Packaged();
    root
      .install('rig', { '/usr/bin/rig': programWith('</usr/share/a>') }, { Depends: 'dependency' })
      .install('dependency', { '/usr/share/a/one': '' });
    expect(find(root).data).toContain('/usr/share/a/one');
    const record = plan(root, 'rig', { detectData: true }).plan.entries.find(({ path }) => path === '/contents.json');
    expect(record).toMatchObject({ text: expect.not.stringContaining('a dependency of') });
  });
});
