import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { atTerminal, binaryLayer, MAIN } from './command';
import type { Tree } from '../../lib/cli/tree';
import { Fixture } from '../fixture';

const json = (args: readonly string[]) => JSON.parse(binaryLayer(['tree', ...args, '--json']).stdout) as Tree;
const LOADER = '/lib64/ld-linux-x86-64.so.2';

/** A program with two libraries of its own, one of which needs the other. */
function fixture(): Fixture {
  const made = new Fixture().debian();
  made.library('/usr/lib/x86_64-linux-gnu/libb.so.1');
  made.library('/opt/lib/liba.so.1', { needs: ['libb.so.1'] });
  made.program('/usr/bin/prog', { needs: ['liba.so.1', 'libb.so.1'], rpath: '/opt/lib' });
  return made;
}
const from = ({ directory }: Fixture) => ['--source', `directory:${directory}`];

describe('tree prints', () => {
  test('each library once, with its size, the object that needs it and the rule that found it', () => {
    const made = fixture();
    const { status, stdout, stderr } = binaryLayer(['tree', 'prog', ...from(made)]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.replace(/[\d.]+ [kM]B/g, 'SIZE')).toBe([
      '/usr/bin/prog [requested] SIZE, no package',
      '├── liba.so.1 /opt/lib/liba.so.1 [rpath of prog] SIZE, no package',
      '│   └── and libb.so.1',
      '└── libb.so.1 /lib/x86_64-linux-gnu/libb.so.1 [default directory] SIZE, no package',
      '',
      '2 libraries, SIZE with the program',
      '',
    ].join('\n'));
  });

  test('the package of each library', () => {
    const { objects } = json(['rig']);
    expect(objects.map((object) => object.package)).toEqual(['rig', 'libstdc++6', 'libgcc-s1', 'libc6', 'libc6', 'libc6']);
  });

  test.each(['rig', 'curl', 'git'])('the libraries of %s in the order in which the loader maps them', (program) => {
    const { objects } = json([program]);
    const { stdout } = spawnSync(LOADER, ['--list', objects[0].path], { encoding: 'utf8', env: {} });
    const listed = stdout
      .split('\n')
      .filter((line) => line.includes('(0x') && !line.includes('vdso'))
      .map((line) =>
        line
          .trim()
          .replace(/ \(0x.*/, '')
          .replace(/.* => /, ''),
      );
    expect(objects.slice(1).map((object) => object.path)).toEqual(listed);
  });

  test('the interpreter of a script', () => {
    const made = fixture();
    made.write({ '/usr/bin/script': '#!/usr/bin/prog -x\n' });
    fs.chmodSync(made.locate('/usr/bin/script'), 0o755);
    const { status, stdout } = binaryLayer(['tree', 'script', ...from(made)]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\/usr\/bin\/script a script, run by prog\n\/usr\/bin\/prog \[requested\]/);
  });

  test('a static program without libraries', () => {
    const made = new Fixture().debian();
    made.program('/usr/bin/static', { flags: ['-static', '-no-pie'] });
    expect(binaryLayer(['tree', 'static', ...from(made)]).stdout).toMatch(/^\/usr\/bin\/static \[requested\] .*\n\n0 libraries, /);
  });

  test('colours at a terminal, and with --color', () => {
    const made = fixture();
    const args = ['tree', 'prog', ...from(made)];
    expect(atTerminal(args)).toEqual({
      status: 0,
      screen: expect.stringContaining('\x1b[1mliba.so.1\x1b[22m /opt/lib/liba.so.1 \x1b[36m[rpath of prog]\x1b[39m'),
    });
    expect(atTerminal(args, [], { env: { NO_COLOR: '1' } }).screen).not.toContain('\x1b');
    expect(binaryLayer(args, { env: { CI: 'true' } }).stdout).not.toContain('\x1b');
    expect(binaryLayer(args, { env: { FORCE_COLOR: '1' } }).stdout).toContain('\x1b[36m');
  });

  test('no control characters', () => {
    const made = new Fixture().debian();
    made.library('/usr/lib/x86_64-linux-gnu/lib\x1b[2Jx.so');
    made.program('/usr/bin/prog', { needs: ['lib\x1b[2Jx.so', 'lib\x1b]0;y.so'] });
    const { stdout } = binaryLayer(['tree', 'prog', ...from(made)]);
    expect(stdout).toContain('lib\\x1b[2Jx.so /lib/x86_64-linux-gnu/lib\\x1b[2Jx.so');
    expect(stdout).not.toContain('\x1b');
  });

  test('as much as its reader reads', () => {
    expect(
      spawnSync('sh', ['-c', `"${process.execPath}" "${MAIN}" tree curl --json | head -n 1; exit 0`], { encoding: 'utf8' }),
    ).toMatchObject({ stdout: '{\n', stderr: '' });
  });
});

describe('missing libraries', () => {
  test('are all printed, in red, and the exit code is 1', () => {
    const made = new Fixture().debian();
    made.write({ '/usr/lib/x86_64-linux-gnu/libempty.so': '' });
    made.library('/usr/lib/x86_64-linux-gnu/liba.so.1', { needs: ['libgone.so.2'] });
    made.program('/usr/bin/prog', { needs: ['libaway.so.1', 'liba.so.1', 'libempty.so'] });
    const { status, stdout, stderr } = binaryLayer(['tree', 'prog', ...from(made)], { env: { FORCE_COLOR: '1' } });
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    for (const name of ['libaway.so.1', 'libgone.so.2', 'libempty.so']) expect(stdout).toContain(`\x1b[31m${name} not found\x1b[39m`);
    expect(stdout).toContain('1 library, ');
    expect(stdout).toContain('; 3 unmet needs\n');
    expect(stdout).toContain('searched: /lib/x86_64-linux-gnu (default directory)');
    const tree = json(['prog', ...from(made)]);
    expect(tree.missing.map(({ name, requester }) => [name, tree.objects[requester].path])).toEqual([
      ['libaway.so.1', '/usr/bin/prog'], ['libempty.so', '/usr/bin/prog'], ['libgone.so.2', '/lib/x86_64-linux-gnu/liba.so.1'],
    ]);
    expect(tree.objects[0].needs).toEqual([
      { name: 'libaway.so.1', object: null },
      { name: 'liba.so.1', object: 1 },
      { name: 'libempty.so', object: null },
    ]);
  });

  test('include missing symbol versions', () => {
    const made = new Fixture().debian();
    const versions = (file: string, text: string) => {
      made.write({ [`/${file}`]: text });
      return `-Wl,--version-script=${made.locate(`/${file}`)}`;
    };
    const library = '/usr/lib/x86_64-linux-gnu/libv.so.1';
    made.library(library, { source: 'void f(void) {}', flags: [versions('new', 'V2 { f; };')] });
    made.program('/usr/bin/prog', { source: 'void f(void); void _start(void) { f(); }', flags: [made.locate(library)] });
    made.library(library, { source: 'void f(void) {}', flags: [versions('old', 'V1 { f; };')] });
    const { status, stdout } = binaryLayer(['tree', 'prog', ...from(made)]);
    expect(status).toBe(1);
    expect(stdout).toContain('V2 not in /lib/x86_64-linux-gnu/libv.so.1');
    expect(stdout).toContain(
      'version V2 not found, needed by /usr/bin/prog: /lib/x86_64-linux-gnu/libv.so.1 [default directory] does not have it',
    );
  });

  test('are printed even if the loader is missing', () => {
    const made = new Fixture().debian();
    made.program('/usr/bin/prog', { needs: [], flags: ['-Wl,--dynamic-linker=/lib/ld-none.so.1'] });
    const { status, stderr } = binaryLayer(['tree', 'prog', ...from(made)]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('requires the loader /lib/ld-none.so.1, which does not exist'),
    });
  });
});

test('tree rejects a program for another architecture than that of --arch', () => {
  const { status, stdout, stderr } = binaryLayer(['tree', 'prog', ...from(fixture()), '--arch', 'arm64', '--json']);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain('/usr/bin/prog is for x86_64, expected aarch64, the requested architecture');
});

test('a relative path is resolved against the root of a source', () => {
  expect(json(['./usr/bin/prog', ...from(fixture())]).objects[0].path).toBe(path.posix.join('/', 'usr/bin/prog'));
});
