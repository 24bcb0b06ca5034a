/**
 * Scripts with modules that no package owns: below node_modules, in a virtual environment, and in the standard library of an
 * interpreter that was built by hand. They run with this machine's own interpreters, where the project does not exist.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { find, libraryWith, Packaged, programWith } from './packaged';
import { writeDirectory } from '../../lib/pack/directory';
import type { LayerRequest, PlannedLayer } from '../../lib/plan/plan-layer';
import { planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { gcc, temporaryDirectory } from '../fixture';
import { request } from '../plan/request';

const SANDBOX = path.join(__dirname, '..', 'sandbox.sh');
const PYTHON = '/usr/bin/python3';

function write(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    if (text.startsWith('#!')) fs.chmodSync(file, 0o755);
  }
}

/** Shared by all tests: reading an interpreter of 100 MB once is enough. */
const HOST = new DirectoryRoot('/');

/** Node.js is where it was installed: /usr/local/bin on some machines. */
const NODE = path.dirname(fs.realpathSync(process.execPath));

/** Only a copy of Node.js, without the 130 MB of other files that its package may have. */
const COPY = temporaryDirectory();
beforeAll(() => fs.copyFileSync(process.execPath, path.join(COPY, 'node')));

function plan(directory: string, binary: string, searchPath = ['/usr/bin', NODE]): PlannedLayer {
  return planLayer(new DirectoryRoot('/', new Map(), HOST), request(binary, { detectData: true, cwd: directory, searchPath }));
}

async function output({ plan: planned }: PlannedLayer, name: string, ...argument: readonly string[]): Promise<string> {
  const layer = path.join(temporaryDirectory(), 'layer');
  await writeDirectory(planned, layer);
  const { status, stdout, stderr } = spawnSync(SANDBOX, [layer, temporaryDirectory(), `/opt/bin/${name}`, ...argument], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const placesOf = ({ plan: planned }: PlannedLayer) => planned.entries.map((entry) => entry.path);

describe('a script below node_modules', () => {
  const CLI = '#!/usr/bin/env node\nconst { first } = require("first");\nconsole.log("cli", first, require("../lib/own"));\n';

  test('is packed with its package and the dependencies that Node.js resolves, without those for development', async () => {
    const project = temporaryDirectory();
    write(project, {
      'package.json': '{"name":"project","dependencies":{"cli":"1"}}',
      'node_modules/cli/package.json':
        '{"name":"cli","bin":"bin/cli.js","dependencies":{"first":"1"},"devDependencies":{"unused":"1"},' +
        '"optionalDependencies":{"absent":"1"}}',
      'node_modules/cli/bin/cli.js': CLI,
      'node_modules/cli/lib/own.js': 'module.exports = "own";\n',
      'node_modules/first/package.json': '{"name":"first","dependencies":{"@scope/second":"1"}}',
      'node_modules/first/index.js': 'exports.first = "first+" + require("@scope/second");\n',
      'node_modules/first/node_modules/@scope/second/package.json': '{"name":"@scope/second"}',
      'node_modules/first/node_modules/@scope/second/index.js': 'module.exports = "nested";\n',
      'node_modules/@scope/second/package.json': '{"name":"@scope/second"}',
      'node_modules/@scope/second/index.js': 'module.exports = "hoisted";\n',
      'node_modules/unused/package.json': '{"name":"unused"}',
      'src/private.js': '',
    });
    fs.mkdirSync(path.join(project, 'node_modules/.bin'));
    fs.symlinkSync('../cli/bin/cli.js', path.join(project, 'node_modules/.bin/cli'));
    const planned = plan(project, './node_modules/.bin/cli', [COPY]);
    expect(await output(planned, 'cli')).toBe('cli first+nested own\n');
    expect(placesOf(planned).filter((place) => /unused|private|^\/app\/[^/]+\/node_modules\/@scope/.test(place))).toEqual([]);
  });

  test('is packed with its dependencies from a store of links, such as that of pnpm', async () => {
    const project = temporaryDirectory();
    const store = 'node_modules/.pnpm';
    write(project, {
      [`${store}/cli@1/node_modules/cli/package.json`]: '{"name":"cli","dependencies":{"first":"1"}}',
      [`${store}/cli@1/node_modules/cli/bin/cli.js`]: CLI,
      [`${store}/cli@1/node_modules/cli/lib/own.js`]: 'module.exports = "own";\n',
      [`${store}/first@1/node_modules/first/package.json`]: '{"name":"first"}',
      [`${store}/first@1/node_modules/first/index.js`]: 'exports.first = "linked";\n',
    });
    fs.symlinkSync('.pnpm/cli@1/node_modules/cli', path.join(project, 'node_modules/cli'));
    fs.symlinkSync('../../first@1/node_modules/first', path.join(project, store, 'cli@1/node_modules/first'));
    expect(await output(plan(project, './node_modules/cli/bin/cli.js', [COPY]), 'cli.js')).toBe('cli linked own\n');
  });

  test('has a notice if a dependency is not installed', () => {
    const project = temporaryDirectory();
    write(project, {
      'node_modules/cli/package.json': '{"name":"cli","dependencies":{"first":"1"}}',
      'node_modules/cli/cli.js': '#!/usr/bin/env node\n',
    });
    expect(plan(project, './node_modules/cli/cli.js', [COPY]).notices).toContainEqual(
      `${project}/node_modules/cli/cli.js needs the package first, which is not in any node_modules above ` +
        `${project}/node_modules/cli: install it`,
    );
  });

  test('with a manifest that is not JSON, or has unexpected types, is packed without dependencies', () => {
    const project = temporaryDirectory();
    write(project, {
      'node_modules/a/package.json': '{',
      'node_modules/a/a.js': '#!/usr/bin/env node\n',
      'node_modules/b/package.json': '{"dependencies":{"../../x":"1"},"bin":7,"optionalDependencies":[]}',
      'node_modules/b/b.js': '#!/usr/bin/env node\n',
      'x/package.json': '{}',
    });
    for (const name of ['a', 'b']) {
      const places = placesOf(plan(project, `./node_modules/${name}/${name}.js`, [COPY]));
      const modules = places.filter((place) => place.startsWith('/app/') && place.includes('/node_modules/'));
      expect(modules.map((place) => path.basename(place))).toEqual([`${name}.js`, 'package.json']);
    }
  });
});

test('a command that the manifest of a project names is packed with the dependencies of the project', () => {
  const project = temporaryDirectory();
  write(project, {
    'package.json': '{"name":"project","bin":{"tool":"bin/tool.js"},"dependencies":{"first":"1"}}',
    'bin/tool.js': '#!/usr/bin/env node\nconsole.log(require("first"));\n',
    'node_modules/first/package.json': '{"name":"first"}',
    'node_modules/first/index.js': 'module.exports = "first";\n',
  });
  const all = placesOf(plan(project, './bin/tool.js'));
  expect(all.filter((place) => place.startsWith('/usr/include/'))).toEqual([]); // headers of the interpreter, for compiling modules
  const places = all.filter((place) => place.startsWith('/app/'));
  expect(places).toEqual(['bin/tool.js', 'node_modules/first/index.js', 'node_modules/first/package.json'].map((name) => `/app/${name}`));
});

test('a script in a virtual environment is packed with its modules, their libraries, and the standard library', async () => {
  const project = temporaryDirectory();
  const environment = path.join(project, '.venv');
  expect(spawnSync(PYTHON, ['-m', 'venv', '--without-pip', environment], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  const [version] = fs.readdirSync(path.join(environment, 'lib'));
  const modules = path.join('.venv/lib', version, 'site-packages');
  write(project, {
    [`${modules}/mypkg/__init__.py`]: '',
    [`${modules}/mypkg/cli.py`]: [
      'import json, sys, ctypes, os', 'def main():', '    library = ctypes.CDLL(os.path.join(os.path.dirname(__file__), "answer.so"))',
      '    print("venv says", library.answer(), sys.prefix != sys.base_prefix)', '',
    ].join('\n'),
    '.venv/bin/mycli': `#!${environment}/bin/python3\nfrom mypkg.cli import main\nmain()\n`,
  });
  gcc(path.join(project, modules, 'mypkg/answer.so'), 'int answer(void) { return 42; }', ['-shared', '-fPIC']);
  const planned = plan(project, './.venv/bin/mycli');
  expect(await output(planned, 'mycli')).toBe('venv says 42 True\n');
  const configuration = planned.plan.entries.find((entry) => entry.path.endsWith('/pyvenv.cfg'));
  expect(configuration).toMatchObject({ kind: 'text', text: expect.stringMatching(/^home = \/opt\/elf\/[^/]+\/usr\/bin\n/) });
  expect(JSON.stringify(configuration)).not.toContain(project);
});

test('libraries that a script\'s module opens by name are packed with the libraries that they need', async () => {
  const project = temporaryDirectory();
  write(project, {
    'dist/tool': `#!${PYTHON}\nimport helper\nprint(helper.version())\n`,
    'dist/helper.py': 'import ctypes\ndef version():\n    return ctypes.CDLL("libmagic.so.1").magic_version() > 500\n',
  });
  const planned = plan(project, './dist/tool');
  expect(placesOf(planned).filter((place) => /\/libmagic\.so\.1/.test(place))).not.toEqual([]);
  expect(await output(planned, 'tool')).toBe('True\n');
});

test('scripts in the directories of Composer, RubyGems and local::lib are packed with the modules there', () => {
  const project = temporaryDirectory();
  const script = '#!/bin/sh\n';
  write(project, {
    'vendor/bin/tool': script,
    'vendor/autoload.php': '<?php\n',
    'vendor/composer/installed.php': '<?php\n',
    'vendor/a/b/src/B.php': '<?php\n',
    'bundle/ruby/3.1.0/bin/tool': script,
    'bundle/ruby/3.1.0/gems/a-1/lib/a.rb': '\n',
    'bundle/ruby/3.1.0/specifications/a-1.gemspec': '\n',
    'perl/bin/tool': script,
    'perl/lib/perl5/A.pm': '1;\n',
  });
  const ownOf = (binary: string) => placesOf(plan(project, binary)).filter((place) => place.startsWith('/app/'));
  expect(ownOf('./vendor/bin/tool')).toEqual(
    ['a/b/src/B.php', 'autoload.php', 'bin/tool', 'composer/installed.php'].map((name) => `/app/${name}`),
  );
  expect(ownOf('./bundle/ruby/3.1.0/bin/tool')).toEqual(
    ['bin/tool', 'gems/a-1/lib/a.rb', 'specifications/a-1.gemspec'].map((name) => `/app/${name}`),
  );
  expect(ownOf('./perl/bin/tool')).toEqual(['/app/bin/tool', '/app/lib/perl5/A.pm']);
});

test('a script in a project of Composer is packed with vendor and the classes that composer.json lists', () => {
  const project = temporaryDirectory();
  write(project, {
    'composer.json': '{"autoload":{"psr-4":{"App\\\\":"src/","Root\\\\":""},"files":["functions.php","../outside.php"],"classmap":7}}',
    'bin/console': '#!/bin/sh\n',
    'vendor/autoload.php': '<?php\n',
    'vendor/a/b/B.php': '<?php\n',
    'src/Kernel.php': '<?php\n',
    'functions.php': '<?php\n',
    'tests/Test.php': '<?php\n',
  });
  const expected = ['bin/console', 'composer.json', 'functions.php', 'src/Kernel.php', 'vendor/a/b/B.php', 'vendor/autoload.php'];
  const own = placesOf(plan(project, './bin/console')).filter((place) => place.startsWith('/app/'));
  expect(own).toEqual(expected.map((name) => `/app/${name}`));
});

test('a script in a project of Bundler is packed with the Gemfile, the gems, and the settings that hold no credentials', () => {
  const project = temporaryDirectory();
  const gems = 'gems/ruby/3.1.0';
  write(project, {
    'Gemfile': 'gem "a"\n',
    'Gemfile.lock': '\n',
    '.bundle/config': '---\nBUNDLE_PATH: "gems"\nBUNDLE_GEMS__EXAMPLE__COM: "user:password"\n',
    'bin/tool': '#!/bin/sh\n',
    [`${gems}/gems/a-1/lib/a.rb`]: '\n',
    [`${gems}/specifications/a-1.gemspec`]: '\n',
    [`${gems}/cache/a-1.gem`]: '\n',
  });
  const planned = plan(project, './bin/tool');
  expect(placesOf(planned).filter((place) => place.startsWith('/app/'))).toEqual(
    ['.bundle/config', 'Gemfile', 'Gemfile.lock', 'bin/tool', `${gems}/gems/a-1/lib/a.rb`, `${gems}/specifications/a-1.gemspec`]
      .map((name) => `/app/${name}`),
  );
  expect(planned.plan.entries.find((entry) => entry.path === '/app/.bundle/config')).toMatchObject({ text: '---\nBUNDLE_PATH: "gems"\n' });
});

test('an interpreter with a prefix of its own is packed with the standard library of its version, without tests', () => {
  const prefix = temporaryDirectory();
  write(prefix, {
    'lib/lang3.2/os.py': '\n',
    'lib/lang3.2/test/x.py': '\n',
    'lib/lang3.2/site-packages/module.py': '\n',
    'lib/lang3.1/os.py': '\n',
    'lib/other/x.py': '\n',
  });
  fs.mkdirSync(path.join(prefix, 'bin'));
  gcc(path.join(prefix, 'bin/lang3.2'), 'int main(void) { return 0; }');
  fs.writeFileSync(path.join(prefix, 'script'), `#!${prefix}/bin/lang3.2\n`, { mode: 0o755 });
  for (const binary of [`${prefix}/bin/lang3.2`, `${prefix}/script`]) {
    const planned = plan(prefix, binary);
    expect(
      placesOf(planned)
        .filter((place) => place.includes('/lib/') && place.startsWith('/app/'))
        .map((place) => path.posix.basename(place)),
    ).toEqual(['os.py', 'module.py']);
    expect(planned.notices.join()).not.toContain('home directories are not searched');
  }
});

describe('modules below /usr/local for the interpreter of a package', () => {
  const MODULES = {
    '/usr/local/lib/lang3.2/dist-packages/module.py': 'm\n',
    '/usr/local/share/lang/own.txt': 'o\n',
    '/usr/local/lib/lang3.1/dist-packages/older.py': 'o\n',
    '/usr/local/lib/other/x.py': 'x\n',
  };

  function withLang(): Packaged {
    const root = new Packaged();
    root.install('lang', { '/usr/bin/lang3.2': programWith() });
    root.write(MODULES);
    fs.chmodSync(root.locate('/usr/bin/lang3.2'), 0o755);
    return root;
  }

  const local = ({ data }: { readonly data: readonly string[] }) => data.filter((file) => file.startsWith('/usr/local/')).sort();

  test('are packed for a self-built script', () => {
    const root = withLang();
    root.write({ '/usr/local/bin/tool': '#!/usr/bin/lang3.2\nimport module\n' });
    fs.chmodSync(root.locate('/usr/local/bin/tool'), 0o755);
    expect(local(find(root, '/usr/local/bin/tool'))).toEqual([
      '/usr/local/bin/tool', '/usr/local/lib/lang3.2/dist-packages/module.py', '/usr/local/share/lang/own.txt',
    ]);
  });

  test('are skipped for a script of a package, and for the interpreter', () => {
    const root = withLang();
    root.install('tool', { '/usr/bin/tool': '#!/usr/bin/lang3.2\n' }, { Depends: 'lang' });
    for (const binary of ['/usr/bin/tool', '/usr/bin/lang3.2']) expect(local(find(root, binary))).toEqual([]);
  });

  test('are skipped with a notice if they exceed the size budget', () => {
    const root = withLang();
    root.write({ '/usr/local/bin/tool': '#!/usr/bin/lang3.2\n' });
    fs.chmodSync(root.locate('/usr/local/bin/tool'), 0o755);
    fs.truncateSync(root.locate('/usr/local/lib/lang3.2/dist-packages/module.py'), 65 * 1024 * 1024);
    expect(find(root, '/usr/local/bin/tool').notices).toContainEqual(
      '/usr/local/lib/lang3.2 is not packed: its 68 MB exceed the 64 MB for modules beside /usr/bin/lang3.2, or the space that is ' +
        'left in the layer; name the modules that are needed in include',
    );
  });
});

describe('modules of packages that a self-built script imports', () => {
  const DIRECTORY = '/usr/lib/lang3/packages';

  function withModules(): Packaged {
    const root = new Packaged();
    root.install('lang3', { '/usr/bin/lang3': programWith(), [`${DIRECTORY}/standard.py`]: '\n' });
    for (const name of ['one', 'two', 'unused']) {
      const directory = `${DIRECTORY}/${name}`;
      root.install(`lang3-${name}`, { [`${directory}/part.py`]: '\n', [`${directory}/data.txt`]: '\n' }, { Depends: 'lang3' });
    }
    root.install('lang3-driver', { [`${DIRECTORY}/DBD/Rig.pm`]: '\n' }, { Depends: 'lang3' });
    root.install('lang3-nested', { [`${DIRECTORY}/A/B.pm`]: '\n' }, { Depends: 'lang3, lang3-two' });
    root.install('lang3-native', { [`${DIRECTORY}/fast.lang3-x86_64.so`]: libraryWith('fast.so') }, { Depends: 'lang3' });

    return root;
  }

  const packed = (root: Packaged, text: string, more: Partial<LayerRequest> = {}) => {
    root.write({ '/work/dist/tool': `#!/usr/bin/lang3\n${text}\n` });
    fs.chmodSync(root.locate('/work/dist/tool'), 0o755);
    const { data } = find(root, './dist/tool', { cwd: '/work', ...more });
    return data.flatMap((file) => (file.startsWith(`${DIRECTORY}/`) ? [path.posix.relative(DIRECTORY, file)] : []));
  };

  test.each([
    ['import one', ['one/data.txt', 'one/part.py', 'standard.py']],
    ['from one.part import a', ['one/data.txt', 'one/part.py', 'standard.py']],
    ['import sys, one as o', ['one/data.txt', 'one/part.py', 'standard.py']],
    ['use A::B;', ['A/B.pm', 'standard.py', 'two/data.txt', 'two/part.py']],
    ["const one = require('one/part');", ['one/data.txt', 'one/part.py', 'standard.py']],
    ['library(one)', ['one/data.txt', 'one/part.py', 'standard.py']],
    ['import fast', ['fast.lang3-x86_64.so', 'standard.py']],
    ['import unknown; print("one")', ['standard.py']],
    ['import sys; import one', ['one/data.txt', 'one/part.py', 'standard.py']],
    ['use strict; use A::B;', ['A/B.pm', 'standard.py', 'two/data.txt', 'two/part.py']],
    ['connect("dbi:Rig:name=one");', ['DBD/Rig.pm', 'standard.py']],
    ['<?php $image = new Fast();', ['fast.lang3-x86_64.so', 'standard.py']],
    ['<?php echo FAST::VERSION;', ['fast.lang3-x86_64.so', 'standard.py']],
    ['<?php fast_draw();', ['fast.lang3-x86_64.so', 'standard.py']],
    ['const image = new Fast();', ['standard.py']],
    ['print A::C::value();', ['standard.py']],
  ])('are packed with the modules that these depend on: %s', (text, expected) => {
    expect(packed(withModules(), text).sort()).toEqual(expected);
  });

  test('are packed before those that are further away, even if these are smaller', () => {
    const root = withModules();
    root.install('lang3-near', { [`${DIRECTORY}/near.py`]: '\n' }, { Depends: 'lang3, lang3-large, lang3-small' });
    root.install('lang3-large', { [`${DIRECTORY}/large.txt`]: '\n' }, { Depends: 'lang3' });
    root.install('lang3-small', { [`${DIRECTORY}/small.py`]: '\n' }, { Depends: 'lang3, lang3-far' });
    root.install('lang3-far', { [`${DIRECTORY}/far.txt`]: '\n' }, { Depends: 'lang3' });
    root.enlarge(`${DIRECTORY}/large.txt`, 150e6);
    root.enlarge(`${DIRECTORY}/far.txt`, 140e6);
    const files = packed(root, 'import near', { compress: false });
    expect(files).toEqual(expect.arrayContaining(['large.txt', 'near.py', 'small.py']));
    expect(files).not.toContain('far.txt');
  });

  test('are packed if they are gems: in `lib` of a directory for each below one named `gems`', () => {
    const root = withModules();
    const gems = '/usr/share/lang3/gems';
    for (const name of ['web', 'other']) {
      root.install(`lang3-${name}`, { [`${gems}/${name}-1.0/lib/${name}/base.rb`]: '\n', [`${gems}/${name}-1.0/views/page`]: '' }, {
        Depends: 'lang3',
      });
    }
    root.write({ '/work/dist/tool': '#!/usr/bin/lang3\nrequire \'web/base\'\n' });
    fs.chmodSync(root.locate('/work/dist/tool'), 0o755);
    const { data } = find(root, './dist/tool', { cwd: '/work' });
    expect(data.filter((file) => file.startsWith(gems))).toEqual([`${gems}/web-1.0/lib/web/base.rb`, `${gems}/web-1.0/views/page`]);
  });

  test('are packed for the modules beside the script', () => {
    const root = withModules();
    root.write({ '/work/dist/helper.py': 'import one\n' });
    expect(packed(root, 'import helper')).toContain('one/part.py');
  });

  test.each([['', []], ['include-system-site-packages = true\n', ['one/data.txt', 'one/part.py']]])(
    'are packed in a virtual environment only if it shows those of the system: %s',
    (setting, expected) => {
      const root = withModules();
      root.write({
        '/work/venv/pyvenv.cfg': `home = /usr/bin\n${setting}`,
        '/work/venv/bin/tool': '#!/usr/bin/lang3\nimport one\n',
      });
      fs.chmodSync(root.locate('/work/venv/bin/tool'), 0o755);
      const { data } = find(root, '/work/venv/bin/tool');
      expect(data.filter((file) => file.includes('/one/')).map((file) => path.posix.relative(DIRECTORY, file))).toEqual(expected);
    },
  );
});
