import { randomBytes } from 'crypto';
import * as fs from 'fs';
import { find, Packaged, programWith } from './packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

const started = () => find(root).data.filter((file) => file.startsWith('/usr/bin/') && !['/usr/bin/rig', '/usr/bin/sh'].includes(file));

describe('a command of a package that requested packages depend on', () => {
  const interpreter = (fields: Record<string, string>) => {
    root.install('lang', { '/usr/bin/lang': programWith('\0compile\0') }, fields);
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/lang\n' }, { Depends: 'lang, tools' });
    root.install('tools', { '/usr/bin/compile': programWith() });
  };

  test('is not packed for a file of a package that does not depend on it', () => {
    interpreter({});
    expect(started()).toEqual(['/usr/bin/lang']);
  });

  test('is packed for a file of a package that depends on it, too', () => {
    interpreter({ Depends: 'tools' });
    expect(started()).toEqual(['/usr/bin/compile', '/usr/bin/lang']);
  });

  test('is not packed if only a development package depends on it', () => {
    interpreter({ Depends: 'lang-dev' });
    root.install('lang-dev', {}, { Depends: 'tools' });
    expect(started()).toEqual(['/usr/bin/lang']);
  });

  test('is not packed if it is in a development package of the same source package', () => {
    interpreter({});
    root.install('lang-dev', { '/usr/bin/compile': programWith() }, { Source: 'lang' });
    expect(started()).toEqual(['/usr/bin/lang']);
  });
});

test('a command that ends a string of a program is packed if it is small and its package is recommended', () => {
  root.install('rig', { '/usr/bin/rig': programWith('\0blot+paint\0/brush\0a pen\0clamp-ink\0free\0') }, { Recommends: 'tools' });
  root.install('tools', Object.fromEntries(['paint', 'brush', 'pen', 'ink', 'free'].map((name) => [`/usr/bin/${name}`, programWith()])));
  expect(started()).toEqual(['/usr/bin/brush', '/usr/bin/free', '/usr/bin/paint']);
});

describe('commands of packages that the package of a program only suggests', () => {
  const suggesting = (text: string, fields: Record<string, string> = { Suggests: 'tools, missing' }) => {
    root.install('rig', { '/usr/bin/rig': programWith(text) }, fields);
    root.install('tools', { '/usr/bin/paint': programWith(), '/usr/bin/ink': programWith() }, { Depends: 'more' });
    root.install('more', { '/usr/bin/mix': programWith(), '/usr/bin/go': programWith(), '/usr/bin/unused': programWith() });
    root.install('others', { '/usr/bin/other': programWith() });
  };

  test('are packed if they are small, but not commands of their dependencies, which a notice names', () => {
    suggesting('\0paint\0mix -q\0other\0go\0blot+ink\0');
    const { data, notices } = find(root);
    expect(data).toEqual(['/usr/bin/paint', '/usr/bin/rig']);
    expect(notices).toEqual([
      '/usr/bin/rig may start commands that are not packed, of packages that its own package only suggests: mix; add those that are ' +
        'needed to the binaries',
    ]);
  });

  test('are named in a notice if they are large', () => {
    suggesting('\0paint\0');
    fs.appendFileSync(root.locate('/usr/bin/paint'), randomBytes(14_000_000));
    const { data, notices } = find(root);
    expect(data).toEqual(['/usr/bin/rig']);
    expect(notices).toEqual([expect.stringMatching(/^large add-ons are packed only if they are included: \/usr\/bin\/paint \(14\.0 MB\)/)]);
  });

  test('are named in a notice if they need much data of other packages, such as the modules of an interpreter', () => {
    suggesting('\0paint\0');
    root.install('more', { '/usr/lib/paint/colours': 'red' }, {});
    fs.truncateSync(root.locate('/usr/lib/paint/colours'), 13_000_000);
    const { data, notices } = find(root);
    expect(data).toEqual(['/usr/bin/rig']);
    expect(notices).toEqual([expect.stringContaining('only suggests: paint')]);
  });

  test('are named in a notice if a script may start them', () => {
    root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });
    root.install('rig', { '/usr/bin/rig': '#!/bin/sh\npaint -q\n' }, { Suggests: 'tools' });
    root.install('tools', { '/usr/bin/paint': programWith() });
    const { data, notices } = find(root);
    expect(data).not.toContain('/usr/bin/paint');
    expect(notices).toEqual([expect.stringContaining('only suggests: paint')]);
  });

  test('are in the notice if a script of the same package starts them, and the requested one starts that', () => {
    root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });
    root.install('tools', { '/usr/bin/paint': programWith() });
    root.install('rig', {
      '/usr/bin/rig': '#!/bin/sh\nexec saw --quick "$@"\n', '/usr/bin/saw': '#!/bin/sh\npaint "$@"\n',
    }, { Suggests: 'tools' });
    const { data, notices } = find(root);
    expect(data).not.toContain('/usr/bin/paint');
    expect(notices).toEqual([
      '/usr/bin/saw may start commands that are not packed, of packages that its own package only suggests: paint; add those that are ' +
        'needed to the binaries',
    ]);
  });

  test('are packed if the strings of the program are among its code', () => {
    suggesting('');
    root.program('/usr/bin/rig', {
      source: 'const char *const names[] = { "paint" }; void _start(void) { for (;;) if (names[0][0] == 0) return; }',
      flags: ['-Wl,-z,noseparate-code'],
    });
    expect(find(root).data).toContain('/usr/bin/paint');
  });

  test('are not in the notice if they are packed for another reason', () => {
    suggesting('\0paint\0', { Suggests: 'tools', Recommends: 'tools', Depends: 'tools' });
    expect(find(root).notices).toEqual([]);
  });

  test('are not in the notice if the user requests them', () => {
    suggesting('\0paint\0');
    expect(find(root, 'rig', { binaries: ['rig', 'paint'] }).notices).toEqual([]);
  });
});

describe('a command that a module of a requested script has as a quoted word', () => {
  const module = (fields: Record<string, string>) => {
    root.install('python3', { '/usr/bin/python3': programWith() });
    root.install('rig', {
      '/usr/bin/rig': '#!/usr/bin/python3\n',
      '/usr/lib/python3/dist-packages/rig/ocr.py': "run(['paint', '-q'])\nname = 'mix'\n",
      '/usr/lib/python3/dist-packages/rig/notes.txt': "'other'",
    }, fields);
    for (const name of ['paint', 'mix', 'other']) {
      root.install(name, { [`/usr/bin/${name}`]: programWith(), [`/usr/share/${name}/data`]: '' });
    }
  };

  test('is packed with its data if the package of the script depends on its package', () => {
    module({ Depends: 'python3, paint, other' });
    const { data } = find(root);
    expect(data).toEqual(expect.arrayContaining(['/usr/bin/paint', '/usr/share/paint/data']));
    for (const file of ['/usr/bin/mix', '/usr/bin/other']) expect(data).not.toContain(file);
  });

  test('is not packed if the package only recommends it, and no call starts it', () => {
    module({ Depends: 'python3', Recommends: 'mix' });
    expect(find(root).data).not.toContain('/usr/bin/mix');
  });
});

describe('a command that a module of another package has as a quoted word', () => {
  const importing = (fields: Record<string, string>) => {
    root.install('python3', {
      '/usr/bin/python3': programWith('\0/usr\0lib/python3/dist-packages\0'),
      '/usr/bin/pydoc3': programWith(),
      '/usr/lib/python3/site.py': '',
    });
    root.install('python3-ocr', {
      '/usr/lib/python3/dist-packages/ocr/__init__.py': "command = 'paint'\ndocumentation = 'pydoc3'\n",
    }, fields);
    root.install('paint', { '/usr/bin/paint': programWith(), '/usr/share/paint/data': '', '/usr/bin/mix': programWith() });
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/python3\nimport ocr\n' }, { Depends: 'python3-ocr, python3' });
  };

  test('is packed with its data if the package of the module depends on its package', () => {
    importing({ Depends: 'python3, paint' });
    const { data } = find(root);
    expect(data).toEqual(expect.arrayContaining(['/usr/bin/paint', '/usr/share/paint/data']));
    for (const file of ['/usr/bin/mix', '/usr/bin/pydoc3']) expect(data).not.toContain(file);
  });

  test('is not packed if the package of the module only recommends its package', () => {
    importing({ Depends: 'python3', Recommends: 'paint' });
    expect(find(root).data).not.toContain('/usr/bin/paint');
  });

  test('is not packed if only the interpreter is requested', () => {
    importing({ Depends: 'python3, paint' });
    const { data } = find(root, 'python3');
    expect(data).toContain('/usr/lib/python3/dist-packages/ocr/__init__.py');
    expect(data).not.toContain('/usr/bin/paint');
  });
});

test('a quoted word of one or two characters in a script that no package owns is a command only if it is called or has an option', () => {
  root.install('python3', { '/usr/bin/python3': programWith() });
  root.install('tools', Object.fromEntries(['r', 'w', 'gs', 'ps', 'cc', 'paint'].map((name) => [`/usr/bin/${name}`, programWith()])));
  root.write({
    '/srv/tool/tool': "#!/usr/bin/python3\nopen(x, 'r'); open(y, 'w')\nkind = 'cc'\na = ['gs', '-q']\nrun(['ps'])\nb = 'paint'\n",
  });
  fs.chmodSync(root.locate('/srv/tool/tool'), 0o755);
  expect(find(root, '/srv/tool/tool').data.filter((file) => file.startsWith('/usr/bin/'))).toEqual(
    ['/usr/bin/gs', '/usr/bin/paint', '/usr/bin/ps', '/usr/bin/python3'],
  );
});

test.each(['sign.program', '--sign-command', 'sign_executable'])(
  'a command of an unrelated package is named in a notice if a program has its name and the setting %s for its path', (setting) => {
    root.install('rig', { '/usr/bin/rig': programWith(`\0sign\0${setting}\0other\0draw.program\0`) });
    root.install('tools', { '/usr/bin/sign': programWith(), '/usr/bin/other': programWith(), '/usr/bin/draw': programWith() });
    expect(find(root).notices).toEqual(['/usr/bin/rig may start commands that are not packed, of packages that its own package does not ' +
      'depend on: sign; add those that are needed to the binaries']);
  });

test('such a command is not packed, even if the program is in a directory with its name', () => {
  root.install('rig', { '/usr/lib/rig/rig': programWith('\0sign\0sign.program\0') });
  root.install('tools', { '/usr/bin/sign': programWith() });
  const { all, notices } = find(root, '/usr/lib/rig/rig');
  expect(all).not.toContain('/usr/bin/sign');
  expect(notices).toEqual([expect.stringContaining('does not depend on: sign;')]);
});

describe('a command of an unrelated package that code of a requested script starts', () => {
  const NOTICE = '/usr/bin/rig may start commands that are not packed, of packages that its own package does not depend on: ';

  /** @returns paths of the commands that are packed, and notices */
  const withModule = (file: string, code: string, more: { readonly binaries?: string[] } = {}) => {
    root.install('lang', { '/usr/bin/lang': programWith() });
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/lang\n', [file]: code }, { Depends: 'lang' });
    root.install('tools', { '/usr/bin/paint': programWith(), '/usr/bin/mix': programWith() });
    root.install('base', { '/usr/bin/sort': programWith() }, { Essential: 'yes' });
    const { data, notices } = find(root, 'rig', more);
    return { commands: data.filter((place) => /^\/usr\/bin\/(?!rig$|lang$)/.test(place)), notices };
  };

  test.each([
    ['in Python', 'x.py', 'subprocess.run(\n    ["paint", "-T", kind], check=True)\nif shutil.which("mix") is None:\n'],
    ['in JavaScript', 'x.js', "execFile('paint', ['-T']); spawnSync('mix');"],
    ['in Perl', 'x.pm', 'system("paint -T"); system(\'mix\', $file);'],
  ])('is named in a notice: %s', (_, name, code) => {
    expect(withModule(`/usr/share/code/${name}`, code)).toEqual({
      commands: [],
      notices: [`${NOTICE}paint, mix; add those that are needed to the binaries`],
    });
  });

  test('is packed if the code is in a directory with the name of the script', () => {
    expect(withModule('/usr/share/code/rig/x.py', 'which("paint")\n')).toEqual({ commands: ['/usr/bin/paint'], notices: [] });
  });

  test.each([
    ['the code only has its name', '/usr/share/code/x.py', 'kind = ["paint", "mix"]\n'],
    ['every system has it', '/usr/share/code/x.py', 'run(["sort", "-n"])\n'],
    ['the code is a test', '/usr/share/code/tests/x.py', 'run(["paint", "-n"])\n'],
  ])('is in no notice if %s', (_, file, code) => {
    expect(withModule(file, code)).toEqual({ commands: [], notices: [] });
  });

  test('is in no notice if the user requests it', () => {
    expect(withModule('/usr/share/code/x.py', 'which("paint")\n', { binaries: ['rig', 'paint'] }).notices).toEqual([]);
  });
});

describe('a command of a package that the package of a module only recommends', () => {
  const noticesFor = (module: string, script: string) => {
    root.install('lang', { '/usr/bin/lang': programWith('</usr/lib/lang>'), '/usr/lib/lang/own.py': '' });
    root.install('lang-browse', { '/usr/lib/lang/browse.py': module }, { Depends: 'lang', Recommends: 'browser' });
    root.install('browser', { '/usr/bin/browse-driver': programWith(), '/usr/bin/browse': programWith() });
    root.write({ [script]: '#!/usr/bin/lang\nimport browse\n' });
    fs.chmodSync(root.locate(script), 0o755);
    return find(root, script).notices;
  };

  test('is named in a notice if a self-built script loads the module, and the module has its name as a string', () => {
    expect(noticesFor('DRIVER = "browse-driver"\n', '/srv/own/rig')).toEqual([
      '/srv/own/rig may start commands that are not packed, of packages that the packages of its modules only recommend: browse-driver; ' +
        'add those that are needed to the binaries',
    ]);
  });

  test('is in no notice if the module only has its name in a comment, or if the script is of a package', () => {
    expect(noticesFor('# starts browse-driver\n', '/srv/own/rig')).toEqual([]);
    root = new Packaged();
    root.install('rig', { '/usr/bin/rig': [] }, { Depends: 'lang' });
    expect(noticesFor('DRIVER = "browse-driver"\n', '/usr/bin/rig')).toEqual([]);
  });
});
