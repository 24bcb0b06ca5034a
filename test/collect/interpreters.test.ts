import * as fs from 'fs';
import { find, LIB, libraryWith, makeFound, Packaged, programWith } from './packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

const data = (binary = 'rig') => find(root, binary).data;

describe('a requested interpreter', () => {
  test('has the packages of the same source package that complete its essential package', () => {
    root.install('perl-base', { '/usr/bin/perl': programWith() }, { Source: 'perl', Essential: 'yes' });
    root.install('perl', { '/usr/lib/perl/Config_heavy.pl': '' }, { Source: 'perl', Depends: 'perl-base, perl-modules' });
    root.install('perl-modules', { '/usr/share/perl/strict.pm': '' }, { Source: 'perl' });
    expect(data('perl')).toEqual(expect.arrayContaining(['/usr/lib/perl/Config_heavy.pl', '/usr/share/perl/strict.pm']));
  });

  test('does not have packages for development, or from another source package, that depend on its essential package', () => {
    root.install('perl-base', { '/usr/bin/perl': programWith() }, { Source: 'perl', Essential: 'yes' });
    root.install('libperl-dev', { '/usr/lib/perl/CORE/perl.c': '' }, { Source: 'perl', Depends: 'perl-base' });
    root.install('tool', { '/usr/share/tool/data': '' }, { Depends: 'perl-base' });
    expect(data('perl')).toEqual(['/usr/bin/perl']);
  });

  test('has the modules in a directory with its name and a version', () => {
    root.install('perl-base', { '/usr/bin/perl': programWith('\0/usr/share/perl5\0') }, { Essential: 'yes' });
    root.install('libx-perl', { '/usr/share/perl5/X.pm': '' }, { Depends: 'perl-base' });
    expect(data('perl')).toContain('/usr/share/perl5/X.pm');
  });
});

describe('modules that an interpreter\'s packages depend on and that depend on the interpreter', () => {
  beforeEach(() => {
    root.install('ruby', { '/usr/bin/ruby': programWith() }, { Depends: 'libruby' });
    root.install('libruby', {}, { Source: 'ruby', Depends: 'rake, ruby-sdbm, libgcc' });
    root.install('rake', { '/usr/share/gems-of-all/gems/rake/rake.rb': '' }, { Depends: 'ruby' });
    root.install('ruby-sdbm', { '/usr/lib/gems-of-machine/specifications/sdbm.gemspec': '' }, { Depends: 'libruby' });
    root.install('libgcc', { '/usr/share/gdb/libgcc.txt': '' }, { Depends: 'libruby' });
    root.install('ruby-xml', { '/usr/lib/gems-of-machine/gems/xml.rb': '' }, { Depends: 'ruby, ruby-ports' });
    root.install('ruby-ports', { '/usr/share/gems-of-all/gems/ports/ports.rb': '' });
    root.install('other', { '/usr/share/gems-of-all/gems/other/o.rb': '' });
  });

  test('are packed, with add-ons in their directories, and dependencies of these', () => {
    expect(data('ruby')).toEqual([
      '/usr/bin/ruby',
      '/usr/lib/gems-of-machine/gems/xml.rb',
      '/usr/lib/gems-of-machine/specifications/sdbm.gemspec',
      '/usr/share/gems-of-all/gems/ports/ports.rb',
      '/usr/share/gems-of-all/gems/rake/rake.rb',
    ]);
  });

  test('are not packed for a script that does not depend on them', () => {
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/ruby\n' }, { Depends: 'ruby' });
    expect(data()).toEqual(['/usr/bin/rig', '/usr/bin/ruby']);
  });
});

describe('a script of a package whose interpreter on PATH is of no package', () => {
  const withInterpreters = (fields: Record<string, string>) => {
    root.program('/usr/local/bin/lang');
    root.install('lang', { '/usr/bin/lang': programWith(), '/usr/share/lang/own.lua': '', '/usr/share/modules': { link: 'lang' } });
    root.install('liba', { '/usr/share/lang/a.lua': '' }, { Depends: 'libb' });
    root.install('libb', { '/usr/share/lang/b.lua': '' });
    root.install('rig', { '/usr/bin/rig': '#!/usr/local/bin/lang\n' }, fields);
    return find(root).data;
  };

  test('has the modules of the interpreter that its package depends on', () => {
    const packed = withInterpreters({ Depends: 'lang, liba' });
    expect(packed).toEqual(expect.arrayContaining([
      '/usr/local/bin/lang', '/usr/share/lang/a.lua', '/usr/share/lang/b.lua', '/usr/share/modules',
    ]));
    expect(packed).not.toContain('/usr/bin/lang');
  });

  test('has no modules of an interpreter that its package does not depend on', () => {
    expect(withInterpreters({}).filter((file) => file.startsWith('/usr/share/'))).toEqual([]);
  });
});

describe('a script', () => {
  beforeEach(() => {
    root.install('python3', { '/usr/bin/python3': programWith() });
  });

  const script = (fields: Record<string, string>) => {
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/python3\n' }, fields);
    fs.chmodSync(root.locate('/usr/bin/rig'), 0o755);
  };

  test('has each dependency that installs into the interpreter\'s module directory, whatever that dependency depends on', () => {
    root.install('python3-x', { '/usr/lib/python3/dist-packages/x.py': '' });
    script({ Depends: 'python3, python3-x' });
    expect(data()).toContain('/usr/lib/python3/dist-packages/x.py');
  });

  test('has a dependency that installs into a directory of the interpreter\'s modules, whatever the directory\'s name', () => {
    root.install('libpython3', {}, { Source: 'python3', Depends: 'wheels' });
    root.install('wheels', { '/usr/share/wheels/own/o.py': '' }, { Depends: 'python3' });
    root.install('x', { '/usr/share/wheels/x/x.py': '' });
    root.install('y', { '/usr/share/y/y.txt': '' });
    script({ Depends: 'python3, python3-z' });
    root.install('python3-z', { '/usr/lib/python3/dist-packages/z.py': '' }, { Depends: 'x, y' });
    expect(data()).toContain('/usr/share/wheels/x/x.py');
    expect(data()).not.toContain('/usr/share/y/y.txt');
  });

  test('has no packages for development as modules, and no hooks of the package manager', () => {
    root.install('python3-dev', { '/usr/lib/python3/config/libpython.c': '' }, { Depends: 'python3' });
    root.install(
      'python3-x',
      { '/usr/lib/python3/dist-packages/x.py': '', '/usr/share/python3/runtime.d/x.rtinstall': 'gcc' },
      { Depends: 'python3, python3-dev' },
    );
    script({ Depends: 'python3, python3-x' });
    expect(data()).toEqual(['/usr/bin/python3', '/usr/bin/rig', '/usr/lib/python3/dist-packages/x.py']);
  });
});

test('modules that only another program from the source package of an interpreter depends on are not packed with it', () => {
  root.install('lang', { '/usr/bin/lang': programWith('\0/usr/share/lang\0') }, { Source: 'lang', Depends: 'lang-core' });
  root.install('lang-core', { '/usr/share/lang/core.lua': '' }, { Depends: 'lang' });
  root.install('lang-tools', { '/usr/bin/lang-tool': programWith() }, { Source: 'lang', Depends: 'lang-large' });
  root.install('lang-large', { '/usr/share/large/large.lua': '' }, { Depends: 'lang' });
  const found = find(root, 'lang').data;
  expect(found).toContain('/usr/share/lang/core.lua');
  expect(found).not.toContain('/usr/share/large/large.lua');
});

describe('a script of a package that begins with env, if the interpreter on PATH is of no package', () => {
  const interpreters = (fields: Record<string, string>) => {
    root.program('/usr/local/bin/lang');
    root.install('lang', { '/usr/bin/lang1.0': programWith(), '/usr/bin/lang': { link: 'lang1.0' } });
    root.install('liblang-tools', {}, { Depends: 'lang' });
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/env lang\n' }, fields);
    return find(root, 'rig', { searchPath: ['/usr/local/bin', '/usr/bin'] }).data.filter((file) => /bin\/lang/.test(file));
  };

  test('has the interpreter that its package depends on, also indirectly', () => {
    expect(interpreters({ Depends: 'lang' })).toEqual(['/usr/bin/lang', '/usr/bin/lang1.0']);
    expect(interpreters({ Depends: 'liblang-tools' })).toEqual(['/usr/bin/lang', '/usr/bin/lang1.0']);
  });

  test('has the one on PATH if its package depends on none', () => {
    expect(interpreters({})).toEqual(['/usr/local/bin/lang']);
  });

  test('has the one on PATH if the one that its package depends on is not a program', () => {
    root.install('other', { '/usr/bin/env-lang': '#!/usr/bin/env lang\n' }, { Depends: 'lang-script' });
    root.install('lang-script', { '/usr/bin/lang': '#!/bin/sh\n' });
    root.program('/usr/local/bin/lang');
    expect(find(root, 'env-lang', { searchPath: ['/usr/local/bin', '/usr/bin'] }).data).toContain('/usr/local/bin/lang');
  });
});

describe('commands that another package adds to a program as scripts', () => {
  const add = (script: string) => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/lib/rig-core>'), '/usr/lib/rig-core/rig-own': '#!/usr/bin/perl\n' });
    root.install('rig-svn', { '/usr/lib/rig-core/rig-svn': script }, { Source: 'rig', Depends: 'rig, perl' });
    root.install('perl', { '/usr/bin/perl': programWith() });
    for (const name of ['own', 'svn']) fs.chmodSync(root.locate(`/usr/lib/rig-core/rig-${name}`), 0o755);
  };

  test.each(['#!/usr/bin/perl', '#!/usr/bin/env perl'])('have a notice if their interpreter is not packed: %s', (line) => {
    add(`${line}\n`);
    const found = find(root);
    expect(found.data).toContain('/usr/lib/rig-core/rig-svn');
    const notice = /^\/usr\/bin\/rig has commands whose interpreter is not packed: rig-svn; add .*perl to the binaries/;
    expect(found.notices).toEqual([expect.stringMatching(notice)]);
    expect(find(root, 'rig', { binaries: ['rig', 'perl'] }).notices).toEqual([]);
  });

  test('have no notice if they are for a shell', () => {
    add('#!/bin/sh\n');
    expect(find(root).notices).toEqual([]);
  });
});

test('a library that embeds an interpreter is packed with the modules of its source package below its prefix', () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['libpython.so.1']) }, { Depends: 'libpython' });
  root.install(
    'libpython',
    { [`${LIB}/libpython.so.1`]: libraryWith('libpython.so.1', '\0/usr\0') },
    { Depends: 'libpython-stdlib, other', Source: 'python' },
  );
  root.install('libpython-stdlib', { '/usr/lib/python3/os.py': '' }, { Source: 'python' }).install('other', { '/usr/lib/other/one': '' });
  expect(find(root).data).toContain('/usr/lib/python3/os.py');
  expect(find(root).data).not.toContain('/usr/lib/other/one');
});

test('a program that embeds an interpreter finds modules of other packages below the prefix of the interpreter', async () => {
  const module = 'lib/python3/dist-packages/rig.py';
  root.install('rig', { '/usr/bin/rig': programWith('', ['libpython.so.1']), [`/usr/${module}`]: '' }, { Depends: 'libpython3.11' });
  // the path is in a message of the interpreter, which does not build it from the prefix
  const library = libraryWith('libpython.so.1', '\0/usr\0in /usr/lib/python3/dist-packages.\0');
  root.install('libpython3.11', { [`${LIB}/libpython.so.1`]: library }, { Depends: 'python3.11', Source: 'python' });
  root.install('python3.11', { '/usr/lib/python3.11/os.py': '' }, { Source: 'python' });
  const { opt } = await makeFound(root);
  expect(fs.existsSync(`${opt}/${module}`)).toBe(true);
});
