import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { Repository } from './repository';
import { dpkgDatabase } from '../../../lib/packages/dpkg';
import { planLayer } from '../../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../../lib/root/directory-root';
import { type AptOptions, openApt } from '../../../lib/source/apt/apt';
import { SourceError } from '../../../lib/source/source';
import { temporaryDirectory } from '../../fixture';
import { request } from '../../plan/request';

const { XDG_CACHE_HOME, PATH, BINARY_LAYER_REFRESH, APT_CONFIG } = process.env;
let cache: string;

beforeEach(() => {
  cache = temporaryDirectory();
  process.env.XDG_CACHE_HOME = cache;
});

afterEach(() => {
  Object.assign(process.env, { PATH });
  for (const [name, value] of Object.entries({ XDG_CACHE_HOME, BINARY_LAYER_REFRESH, APT_CONFIG })) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

/** The directory of the opened root. */
function open(repository: Repository, packages: readonly string[], options: AptOptions = {}): string {
  return openApt(packages, { sources: repository.sources(), ...options }, 'x86_64').directory;
}

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(SourceError);
    return (error as Error).message;
  }
  throw new Error('it succeeded');
}

function read(root: string, inside: string): string {
  return fs.readFileSync(root + inside, 'utf8');
}

/** The cached roots, incomplete ones included. */
function kept(): string[] {
  return fs.readdirSync(path.join(cache, 'cdk-binary-layer', 'apt'));
}

/** A PATH with only these commands. */
function onlyOnPath(...commands: string[]): void {
  const directory = temporaryDirectory();
  for (const command of commands) {
    fs.symlinkSync(execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim(), path.join(directory, command));
  }
  process.env.PATH = directory;
}

const SCRIPTLESS = { maintainerScripts: false };

describe('packages', () => {
  test('are unpacked with their dependencies, like an installation', () => {
    const repository = new Repository()
      .add('tool', { fields: { Depends: 'libtool (>= 1)' }, files: { '/usr/bin/tool': 'tool', '/bin/old': 'old' } })
      .add('libtool', {
        fields: { Depends: 'libc6' },
        files: { '/lib/libtool.so': 'library', '/etc/tool.conf': 'x' },
        modes: { '/etc/tool.conf': 0o640 },
      })
      .add('other');
    const root = open(repository, ['tool'], SCRIPTLESS);
    expect(read(root, '/usr/bin/tool')).toBe('tool');
    expect(read(root, '/usr/bin/old')).toBe('old');
    expect(read(root, '/usr/lib/libtool.so')).toBe('library');
    expect(fs.readlinkSync(`${root}/lib`)).toBe('usr/lib');
    expect(fs.statSync(`${root}/etc/tool.conf`).mode & 0o777).toBe(0o640);
    expect(fs.statSync(`${root}/usr/bin/tool`).mode & 0o777).toBe(0o755);
    expect(fs.statSync(`${root}/usr/bin/tool`).mtimeMs).toBe(1600000000_000);
    expect(read(root, '/var/lib/dpkg/status')).not.toContain('Package: other');
  });

  test('have owners in a database that is read like that of dpkg', () => {
    const repository = new Repository().add('tool', {
      fields: { Depends: 'libc6' },
      files: { '/bin/tool': 'tool', '/usr/share/tool/data': 'x' },
    });
    const root = open(repository, ['tool'], SCRIPTLESS);
    const database = dpkgDatabase(new DirectoryRoot(root), 'amd64')!;
    expect(database.ownerOf('/usr/bin/tool')?.name).toBe('tool');
    expect(database.ownerOf('/usr/lib64/ld-linux-x86-64.so.2')?.name).toBe('libc6');
    expect(database.get('tool')?.depends).toEqual(['libc6']);
    expect(read(root, '/var/lib/dpkg/info/tool.list').split('\n')).toEqual([
      '/.',
      '/bin',
      '/bin/tool',
      '/usr',
      '/usr/share',
      '/usr/share/tool',
      '/usr/share/tool/data',
      '',
    ]);
    expect(read(root, '/var/lib/dpkg/info/libc6:amd64.list')).toContain('/lib64/ld-linux-x86-64.so.2\n');
    expect(read(root, '/var/lib/dpkg/status')).toContain('Package: tool\nStatus: install ok installed\n');
  });

  test('include recommendations only if recommends is true', () => {
    const repository = new Repository()
      .add('tool', { fields: { Depends: 'libc6', Recommends: 'extra' } })
      .add('extra', { files: { '/usr/share/extra': 'x' } });
    expect(fs.existsSync(`${open(repository, ['tool'], SCRIPTLESS)}/usr/share/extra`)).toBe(false);
    expect(fs.existsSync(`${open(repository, ['tool'], { ...SCRIPTLESS, recommends: true })}/usr/share/extra`)).toBe(true);
  });

  test('include the packages that every Debian has, if the sources have them', () => {
    const repository = new Repository()
      .add('tool', { fields: { Depends: 'libc6' } })
      .add('libc-bin', { files: { '/usr/lib/locale/C.utf8/LC_CTYPE': 'x' } });
    expect(read(open(repository, ['tool'], SCRIPTLESS), '/usr/lib/locale/C.utf8/LC_CTYPE')).toBe('x');
  });

  test('may be requested with a version', () => {
    const repository = new Repository()
      .add('tool', { fields: { Version: '1.0-1', Depends: 'libc6' }, files: { '/usr/bin/tool': 'old' } })
      .add('tool', { fields: { Version: '2.0-1', Depends: 'libc6' }, files: { '/usr/bin/tool': 'new' } });
    expect(read(open(repository, ['tool'], SCRIPTLESS), '/usr/bin/tool')).toBe('new');
    expect(read(open(repository, ['tool=1.0-1'], SCRIPTLESS), '/usr/bin/tool')).toBe('old');
  });

  test('may replace a file of another package, and then own it', () => {
    const repository = new Repository()
      .add('first', { fields: { Depends: 'libc6' }, files: { '/usr/share/shared': 'first' } })
      .add('second', { fields: { Depends: 'first', Replaces: 'first' }, files: { '/usr/share/shared': 'second' } });
    const root = open(repository, ['second'], SCRIPTLESS);
    expect(read(root, '/usr/share/shared')).toBe('second');
    expect(dpkgDatabase(new DirectoryRoot(root), 'amd64')!.ownerOf('/usr/share/shared')?.name).toBe('second');
  });
});

describe('a root that was opened before', () => {
  test('is opened again without apt, with the same versions, until a refresh is requested', () => {
    const repository = new Repository().add('tool', { fields: { Depends: 'libc6' }, files: { '/usr/bin/tool': 'old' } });
    const sources = repository.sources();
    const first = openApt(['tool'], { sources, ...SCRIPTLESS }, 'x86_64');
    repository.add('tool', { fields: { Depends: 'libc6', Version: '1.0-2' }, files: { '/usr/bin/tool': 'new' } }).sources();
    process.env.PATH = '/nowhere';
    expect(openApt(['tool'], { sources, ...SCRIPTLESS }, 'x86_64')).toEqual(first);
    Object.assign(process.env, { PATH, BINARY_LAYER_REFRESH: '1' });
    // like the next synthesis
    jest.isolateModules(() => {
      const again = jest.requireActual<typeof import('../../../lib/source/apt/apt')>('../../../lib/source/apt/apt');
      expect(read(again.openApt(['tool'], { sources, ...SCRIPTLESS }, 'x86_64').directory, '/usr/bin/tool')).toBe('new');
    });
    expect(read(first.directory, '/usr/bin/tool')).toBe('old');
  });

  test('leaves neither archives nor package lists behind', () => {
    const root = open(new Repository().add('tool', { fields: { Depends: 'libc6' } }), ['tool'], SCRIPTLESS);
    const key = path.basename(path.dirname(root));
    expect(kept()).toHaveLength(2);
    expect(kept()).toEqual(expect.arrayContaining([key, expect.stringMatching(/^[0-9a-f]{32}\.json$/)]));
    expect(fs.readdirSync(path.dirname(root))).toEqual(['root']);
  });

  test('is made again if the process that was making it was killed', () => {
    const repository = new Repository().add('tool', { fields: { Depends: 'libc6' }, files: { '/usr/bin/tool': 'tool' } });
    const root = open(repository, ['tool'], SCRIPTLESS);
    const key = path.dirname(root);
    // the state that a process killed during unpacking leaves behind
    fs.renameSync(key, path.join(path.dirname(key), `.${path.basename(key)}-abcdef`));
    fs.rmSync(path.join(path.dirname(key), `.${path.basename(key)}-abcdef`, 'root', 'usr'), { recursive: true });
    expect(read(open(repository, ['tool'], SCRIPTLESS), '/usr/bin/tool')).toBe('tool');
  });
});

describe('maintainer scripts', () => {
  const CONFIGURE = '#!/bin/sh\nset -e\n[ "$1" = configure ] || exit 0\n';
  const withScript = (script: string, more: Record<string, string> = {}) =>
    new Repository().add('tool', {
      fields: { Depends: 'libc6' },
      files: { '/usr/bin/tool-1': 'tool', '/usr/share/tool/x': 'x' },
      control: { postinst: `${CONFIGURE}${script}`, ...more },
    });

  test('do not see the caller\'s environment in any process', () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'secret-of-the-deployer';
    try {
      const root = open(withScript('cat /proc/[0-9]*/environ > /usr/share/environ\n'), ['tool']);
      expect(read(root, '/usr/share/environ')).toContain('DPKG_MAINTSCRIPT_PACKAGE=tool');
      expect(read(root, '/usr/share/environ')).not.toContain('secret-of-the-deployer');
    } finally {
      delete process.env.AWS_SECRET_ACCESS_KEY;
    }
  });

  test('generate files, and are not run if maintainerScripts is false', () => {
    const repository = withScript('echo made by "$DPKG_MAINTSCRIPT_PACKAGE" | sed s/made/MADE/ > /etc/made\n');
    expect(read(open(repository, ['tool']), '/etc/made')).toBe('MADE by tool\n');
    expect(fs.existsSync(`${open(repository, ['tool'], SCRIPTLESS)}/etc/made`)).toBe(false);
  });

  test('leave no set-user-ID or set-group-ID programs, and no pipes', () => {
    const root = open(
      withScript(
        'cp /bin/busybox /usr/bin/tool-1 2>/dev/null || :; chmod 6755 /usr/bin/tool-1; mkfifo /usr/share/tool/pipe; ' +
          'chmod g+s /usr/share/tool\n',
      ),
      ['tool'],
    );
    expect(fs.statSync(`${root}/usr/bin/tool-1`).mode & 0o7777).toBe(0o755);
    expect(fs.readdirSync(`${root}/usr/share/tool`)).toEqual(['x']);
    expect(fs.statSync(`${root}/usr/share/tool`).mode & 0o7000).toBe(0);
  });

  test('that remove the loader, or leave a tree that cannot be read, are an error, and nothing is cached', () => {
    const removed = failure(() => open(withScript('rm /usr/lib64/ld-linux-x86-64.so.2\n'), ['tool']));
    expect(removed).toMatch(/the packages' scripts removed or replaced the loader \/lib64\/ld-linux-x86-64\.so\.2, nothing was cached/);
    expect(kept()).toEqual([]);
    const deep = failure(() =>
      open(withScript('cd /usr/share; d=$(printf %0250d 0); i=0; while [ $i -lt 20 ]; do mkdir $d; cd $d; i=$((i + 1)); done\n'), ['tool']),
    );
    expect(deep).toMatch(/cannot read the root after the packages' scripts ran, nothing was cached: ENAMETOOLONG/);
    expect(kept()).toEqual([]);
  });

  test('have limits on processes, memory, file size and the total size of files', () => {
    const root = open(
      withScript(
        'ulimit -u > /etc/limits; ulimit -d >> /etc/limits; ulimit -f >> /etc/limits; ' +
          'cat /dev/zero > /dev/shm/x || echo refused >> /etc/limits\n',
      ),
      ['tool'],
    );
    expect(read(root, '/etc/limits')).toBe(`1024\n${4 * 1024 ** 2}\n${2 * 1024 ** 2}\nrefused\n`);
  });

  test('select alternatives: the best one, with its slave links', () => {
    const root = open(
      withScript(
        [
          'for name in b a; do',
          '  update-alternatives --install /usr/bin/$name $name /usr/bin/tool-1 10 --slave /usr/share/$name.1 $name.1 ' +
            '/usr/share/tool/x --slave /usr/share/n $name.n /nowhere',
          'done',
          'update-alternatives --install /usr/bin/a a /usr/bin/better 20',
          'update-alternatives --install /usr/share/tool/x y /usr/bin/tool-1 10',
        ].join('\n'),
      ),
      ['tool'],
    );
    expect(fs.readlinkSync(`${root}/usr/bin/a`)).toBe('/etc/alternatives/a');
    expect(new DirectoryRoot(root).real('/usr/bin/a')).toBe('/usr/bin/tool-1');
    expect(new DirectoryRoot(root).real('/usr/share/b.1')).toBe('/usr/share/tool/x');
    expect(fs.existsSync(`${root}/usr/share/n`)).toBe(false);
    expect(read(root, '/usr/share/tool/x')).toBe('x');
  });

  test('register no alternative with an empty word, and continue with the next one', () => {
    const root = open(withScript([
      'update-alternatives --install /usr/bin/x x "" 10',
      'update-alternatives --install "" x /usr/bin/tool-1 10',
      'update-alternatives --install /usr/bin/y "" /usr/bin/tool-1 10',
      'update-alternatives --install /usr/bin/z "z\n" /usr/bin/tool-1 10 --slave',
      'update-alternatives --install /usr/bin/good good /usr/bin/tool-1 "" --slave /usr/share/good.1 good.1 ""',
      'printf \'7\\0short\\0\' >> /.replay/record',
    ].join('\n')), ['tool']);
    expect(fs.readdirSync(`${root}/usr/bin`).sort()).toEqual(['good', 'tool-1', 'z']);
    expect(new DirectoryRoot(root).real('/usr/bin/good')).toBe('/usr/bin/tool-1');
  });

  test('get the default answers to debconf\'s questions', () => {
    const debconf = { '/usr/share/debconf/confmodule': 'exit 3' };
    const repository = withScript('. /usr/share/debconf/confmodule\ndb_get tool/size\ndb_stop\necho "$RET" > /etc/size\n', {
      config: '#!/bin/sh\n. /usr/share/debconf/confmodule\ndb_get tool/base\ndb_set tool/size "$RET and more"\n',
      templates: 'Template: tool/size\nType: string\nDescription: x\n\nTemplate: tool/base\nType: string\nDefault: 7\nDescription: x\n',
    }).add('debconf', { files: debconf });
    const root = open(repository, ['tool', 'debconf']);
    expect(read(root, '/etc/size')).toBe('7 and more\n');
    expect(read(root, '/usr/share/debconf/confmodule')).toBe('exit 3');
  });

  test('run in the order of dependencies, and again for triggers', () => {
    const repository = new Repository()
      .add('base', {
        fields: { Depends: 'libc6' },
        control: { postinst: '#!/bin/sh\necho "base $*" >> /etc/order\n', triggers: 'interest-noawait /usr/share/plug\ninterest other\n' },
      })
      .add('a-plug', {
        fields: { Depends: 'base' },
        files: { '/usr/share/plug/one': 'x' },
        control: { postinst: '#!/bin/sh\necho "plug $1" >> /etc/order\n' },
      });
    expect(read(open(repository, ['a-plug']), '/etc/order')).toBe('base configure \nplug configure\nbase triggered /usr/share/plug\n');
  });

  test('may fail, which is logged', () => {
    const root = open(withScript('echo half > /etc/half\nprintf \'no \\033[2J such thing\' >&2\nexit 7\n'), ['tool']);
    expect(read(root, '/etc/half')).toBe('half\n');
    expect(fs.readFileSync(`${path.dirname(root)}/maintainer-scripts.log`, 'utf8')).toMatch(
      /tool postinst configure: exit code 7\n.*\n.*no \\x1b\[2J such thing/,
    );
  });

  test('see only the root: no network, no file of this machine, and no privileges', () => {
    const secret = path.join(temporaryDirectory(), 'secret');
    fs.writeFileSync(secret, 'secret', { mode: 0o666 });
    const root = open(withScript([
      `[ ! -e ${secret} ] && [ ! -e /usr/share/zoneinfo ] && echo unseen > /etc/files`,
      'ip -o link | grep -v lo: > /etc/network || true',
      'grep CapEff /proc/self/status > /etc/rights',
      'if echo core > /proc/sys/kernel/core_pattern; then echo written > /etc/kernel; fi 2>/dev/null',
      'chmod 700 /dev/null 2>/dev/null && echo changed > /etc/device || true',
    ].join('\n')), ['tool']);
    expect(read(root, '/etc/files')).toBe('unseen\n');
    expect(read(root, '/etc/network')).toBe('');
    expect(read(root, '/etc/rights')).toMatch(/\t0{16}\n/);
    expect(fs.existsSync(`${root}/etc/kernel`)).toBe(false);
    expect(fs.existsSync(`${root}/etc/device`)).toBe(false);
    expect(fs.statSync('/dev/null').mode & 0o777).toBe(0o666);
  });

  test('cannot redirect later writes out of the root', () => {
    const outside = temporaryDirectory();
    const root = open(
      withScript(
        [
          `rm -rf /etc/alternatives; mkdir -p /etc; ln -s ${outside} /etc/alternatives; rm -rf /var/cache; ` +
            `ln -s ${outside} /var/cache; mkdir -p /usr/share/q`,
          'update-alternatives --install /usr/bin/a a /usr/bin/tool-1 10',
          `update-alternatives --install /usr/share/q/../../../../../../../..${outside}/b b /usr/bin/tool-1 10`,
        ].join('\n'),
      ),
      ['tool'],
    );
    expect(fs.readdirSync(outside)).toEqual([]);
    expect(fs.readlinkSync(`${root}/usr/bin/a`)).toBe('/etc/alternatives/a');
  });

  test('for another architecture are run by busybox', () => {
    const repository = new Repository()
      .add('libc6', { fields: { Architecture: 'arm64' }, files: { '/lib/ld-linux-aarch64.so.1': 'x' } })
      .add('dash', {
        fields: { Architecture: 'arm64', Depends: 'libc6' },
        files: { '/usr/bin/dash': 'of arm64', '/usr/bin/sh': { link: 'dash' } },
      })
      .add('tool', {
        fields: { Architecture: 'arm64', Depends: 'dash' },
        control: { postinst: `${CONFIGURE}dpkg --print-architecture > /etc/made\nchown nobody /etc/made\n` },
      });
    const { directory, machine } = openApt(['tool'], { sources: repository.sources() }, 'aarch64');
    expect(machine).toBe('aarch64');
    expect(read(directory, '/etc/made')).toBe('arm64\n');
    expect(fs.readlinkSync(`${directory}/usr/bin/sh`)).toBe('dash');
    expect(fs.existsSync(`${directory}/usr/bin/bash`)).toBe(false);
  });
});

describe('an archive from a hostile repository', () => {
  const HARMLESS = 'mkdir -p usr/share; echo x > usr/share/harmless; tar -cf data.tar ./usr; ';

  test('with .. in a path is an error', () => {
    const outside = path.basename(temporaryDirectory());
    const repository = new Repository().addByHand(
      'evil',
      `${HARMLESS}echo x > bad; tar -P --transform 's,^bad,../../../${outside}/bad,' -rf data.tar bad`,
    );
    const message = failure(() => open(repository, ['evil', 'libc6'], SCRIPTLESS));
    expect(message).toMatch(/dpkg-deb --raw-extract .*evil_1\.0-1_amd64\.deb/);
    expect(message).toContain('Member name contains \'..\'');
    expect(message).toContain('do not use it');
    expect(kept()).toEqual([]);
  });

  test('with an absolute path is unpacked inside the root', () => {
    const outside = temporaryDirectory();
    const repository = new Repository().addByHand(
      'evil',
      `${HARMLESS}echo x > bad; tar -P --transform 's,^bad,${outside}/bad,' -rf data.tar bad`,
    );
    const root = open(repository, ['evil', 'libc6'], SCRIPTLESS);
    expect(fs.readdirSync(outside)).toEqual([]);
    expect(read(root, `${outside}/bad`)).toBe('x\n');
  });

  test('with a link out of the root, and a file through it, is unpacked inside the root', () => {
    const outside = temporaryDirectory();
    const repository = new Repository()
      .addByHand('evil', `ln -s ${outside} out; tar -cf data.tar ./out; rm out; mkdir out; echo x > out/bad; tar -rf data.tar ./out/bad`)
      .add('linked', {
        fields: { Depends: 'libc6' },
        files: { '/opt/out': { link: outside }, '/opt/up': { link: `../../../../../../..${outside}` } },
      })
      .add('through', { fields: { Depends: 'linked' }, files: { '/opt/out/bad': 'x', '/opt/up/bad': 'x' } });
    const [root, message] = [open(repository, ['through'], SCRIPTLESS), failure(() => open(repository, ['evil', 'libc6'], SCRIPTLESS))];
    expect(fs.readdirSync(outside)).toEqual([]);
    expect(read(root, '/opt/out/bad')).toBe('x');
    expect(message).toContain('evil');
  });

  test('cannot redirect the package database out of the root', () => {
    const outside = temporaryDirectory();
    fs.writeFileSync(`${outside}/status`, 'mine');
    const repository = new Repository().add('evil', {
      fields: { Depends: 'libc6' },
      files: { '/var/lib/dpkg/status': { link: `${outside}/status` }, '/var/lib/dpkg/info': { link: outside } },
    });
    const root = open(repository, ['evil'], SCRIPTLESS);
    expect(fs.readdirSync(outside)).toEqual(['status']);
    expect(fs.readFileSync(`${outside}/status`, 'utf8')).toBe('mine');
    expect(read(root, '/var/lib/dpkg/status')).toContain('Package: evil');
  });

  test('with a package name that is not valid is an error', () => {
    const control =
      'mkdir c; tar -xf control.tar -C c; sed -i "s,^Package: .*,Package: ../evil," c/control; ' +
        'tar -cf control.tar -C c ./control; rm -r c; ';
    const repository = new Repository().addByHand('evil', `${control}${HARMLESS}`);
    const sources = repository.sources();
    const list = path.join(repository.directory, 'Packages');
    fs.writeFileSync(list, fs.readFileSync(list, 'utf8').replace('Package: ../evil', 'Package: evil'));
    expect(failure(() => openApt(['evil', 'libc6'], { sources, ...SCRIPTLESS }, 'x86_64'))).toMatch(
      /evil_1\.0-1_amd64\.deb has the package name '\.\.\/evil' and the architecture 'amd64', expected valid ones$/);
    expect(kept()).toEqual([]);
  });

  test('gives no file the rights of its owner', () => {
    const repository = new Repository().add('tool', {
      fields: { Depends: 'libc6' },
      files: { '/usr/bin/tool': 'x' },
      modes: { '/usr/bin/tool': 0o6755 },
    });
    expect(fs.statSync(`${open(repository, ['tool'], SCRIPTLESS)}/usr/bin/tool`).mode & 0o7777).toBe(0o755);
  });
});

describe('an error says what was run, its output, and the remedy', () => {
  const tool = () => new Repository().add('tool', { fields: { Depends: 'libc6' } });

  test.each(['--option', '-y', 'tool-', 'tool^', '?name(x)', 'Tool', '../tool', 'tool=', 'tool 1', 'tool\n'])(
    'if %j is not a valid package',
    (name) => {
      expect(failure(() => open(tool(), [name]))).toContain('is not a valid package, expected NAME, NAME=VERSION or NAME/SUITE');
    },
  );

  test('if no package is named', () => {
    expect(failure(() => open(tool(), []))).toBe(
      "source apt: the list of packages is empty, expected at least one package, such as BinarySource.apt(['rig'])",
    );
  });

  test('if the package does not exist, with the nearest name', () => {
    const message = failure(() => open(tool(), ['tol'], SCRIPTLESS));
    expect(message).toMatch(/^source apt \(tol; amd64\): apt-get .* install -- tol\n {2}ended with exit code 100, nothing was cached\n/);
    expect(message).toContain('E: Unable to locate package tol');
    expect(message).toContain('did you mean tool? the package must be in the sources, for amd64');
    expect(kept()).toEqual([]);
  });

  test('if the version does not exist', () => {
    expect(failure(() => open(tool(), ['tool=7'], SCRIPTLESS))).toMatch(/Version '7' for 'tool' was not found\n.*omit the version/);
  });

  test('if packages conflict', () => {
    const repository = tool().add('enemy', { fields: { Conflicts: 'tool' } });
    expect(failure(() => open(repository, ['tool', 'enemy'], SCRIPTLESS))).toContain('these packages cannot be installed together');
  });

  test('without a network', () => {
    const sources = 'Types: deb\nURIs: http://127.0.0.1:9/debian\nSuites: stable\nComponents: main\n';
    process.env.APT_CONFIG = path.join(temporaryDirectory(), 'apt.conf');
    fs.writeFileSync(process.env.APT_CONFIG, 'Acquire::Retries "0";\n');
    const message = failure(() => openApt(['tool'], { sources, ...SCRIPTLESS }));
    expect(message).toMatch(/apt-get .* update\n/);
    expect(message).toContain('Could not connect to 127.0.0.1:9');
    expect(message).toContain('check the network');
  });

  test('if the repository is not signed', () => {
    const message = failure(() => openApt(['tool'], { sources: tool().sources(''), ...SCRIPTLESS }, 'x86_64'));
    expect(message).toContain('does not have a Release file');
    expect(message).toContain('must be signed with a key that this machine trusts');
  });

  test('if the repository is signed with an unknown key', () => {
    const repository = tool();
    const sources = repository.sources('');
    const home = temporaryDirectory();
    fs.chmodSync(home, 0o700);
    const packages = fs.readFileSync(`${repository.directory}/Packages`);
    const hash = execFileSync('sha256sum', { input: packages, encoding: 'utf8' }).slice(0, 64);
    const release = `Date: ${new Date().toUTCString().replace('GMT', 'UTC')}\nSHA256:\n ${hash} ${packages.length} Packages\n`;
    const gpg = (...args: string[]) =>
      execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...args], {
        input: release,
        stdio: ['pipe', 'ignore', 'ignore'],
      });
    gpg('--quick-generate-key', 'Nobody', 'ed25519', 'sign');
    gpg('--clearsign', '--output', `${repository.directory}/InRelease`);
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    const message = failure(() => openApt(['tool'], { sources, ...SCRIPTLESS }, 'x86_64'));
    expect(message).toContain('NO_PUBKEY');
    expect(message).toContain('must be signed with a key that this machine trusts');
    expect(kept()).toEqual([]);
  });

  test('if the hash of an archive differs from the one in the package lists', () => {
    const repository = tool();
    const sources = repository.sources();
    fs.appendFileSync(`${repository.directory}/tool_1.0-1_amd64.deb`, 'more');
    expect(failure(() => openApt(['tool'], { sources, ...SCRIPTLESS }, 'x86_64'))).toMatch(/Hash Sum mismatch|unexpected size/);
    expect(kept()).toEqual([]);
  });

  test('if an archive changes while apt uses it', () => {
    const repository = tool();
    const sources = repository.sources().replace('copy:', 'file:');
    const archive = `${repository.directory}/tool_1.0-1_amd64.deb`;
    const directory = temporaryDirectory();
    const apt = `#!/bin/sh\nPATH=\${PATH#*:} apt-get "$@" || exit\ncase "$*" in *--download-only*) echo more >> ${archive} ;; esac\n`;
    fs.writeFileSync(path.join(directory, 'apt-get'), apt, { mode: 0o755 });
    process.env.PATH = `${directory}:${PATH}`;
    const message = failure(() => openApt(['tool'], { sources, ...SCRIPTLESS }, 'x86_64'));
    expect(message).toMatch(
      /tool_1\.0-1_amd64\.deb has the SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}: the archive has changed, try again$/,
    );
    expect(kept()).toEqual([]);
  });

  test('if no disk space is left', () => {
    const actual = jest.requireActual<typeof fs>('fs');
    const { mkdtempSync } = actual;
    jest.spyOn(actual, 'mkdtempSync').mockImplementation(((prefix: string) => {
      if (/workplace-$|binary-layer-apt-/.test(prefix)) {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      }
      return mkdtempSync(prefix);
    }) as typeof mkdtempSync);
    const message = failure(() => open(tool(), ['tool'], SCRIPTLESS));
    jest.restoreAllMocks();
    expect(message).toBe(
      `source apt (tool; amd64): no space left in ${cache}/cdk-binary-layer/apt, nothing was cached: free disk space, ` +
        'or set XDG_CACHE_HOME (for the root user, TMPDIR as well) to a directory on a disk with more space',
    );
    expect(kept()).toEqual([]);
  });

  test('if the sources have a syntax error', () => {
    expect(failure(() => openApt(['tool'], { sources: 'Types: deb\nnonsense', ...SCRIPTLESS }))).toContain(
      'sources must be in the format of /etc/apt/sources.list.d/*.sources',
    );
  });

  test('without apt', () => {
    onlyOnPath('bwrap', 'busybox');
    expect(failure(() => open(tool0, ['tool'], SCRIPTLESS))).toMatch(
      /apt-get not found on PATH: apt sources require the apt of Debian or Ubuntu: .*BinarySource\.image/,
    );
  });

  test('without dpkg-deb', () => {
    onlyOnPath('apt-get', 'apt-cache', 'dpkg');
    expect(failure(() => open(tool0, ['tool'], SCRIPTLESS))).toContain('dpkg-deb not found on PATH');
    expect(kept()).toEqual([]);
  });

  test('if scripts cannot be run', () => {
    onlyOnPath('apt-get');
    expect(failure(() => open(tool0, ['tool']))).toMatch(
      /requires a static busybox, and there is none on PATH: install one with apt-get install busybox-static, or .*maintainerScripts: false/,
    );
    onlyOnPath('apt-get', 'busybox');
    expect(failure(() => open(tool0, ['tool']))).toMatch(
      /bwrap is not on PATH; install it on the machine that synthesizes, for example with apt-get install bubblewrap, or .*maintainerScripts: false/,
    );
  });

  const tool0 = tool();
});

test('a package of this machine\'s own sources is packed: rig, twice with the same plan', () => {
  const fingerprint = () => {
    const { directory, searchPath } = openApt(['rig']);
    const { plan } = planLayer(new DirectoryRoot(directory), request('rig', { searchPath, cwd: '/', detectData: true }));
    expect(plan.entries.map((entry) => entry.path)).toEqual(
      expect.arrayContaining(['/usr/bin/rig', '/usr/share/rig/fnames.idx', '/usr/lib/locale/locale-archive']),
    );
    return plan.fingerprint;
  };
  const first = fingerprint();
  process.env.XDG_CACHE_HOME = temporaryDirectory();
  expect(fingerprint()).toBe(first);
}, 180_000);
