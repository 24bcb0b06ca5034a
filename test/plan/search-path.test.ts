/**
 * Scripts of a layer that set variables such as LD_LIBRARY_PATH and start programs of the host, which must not load the layer's files.
 */
import * as fs from 'fs';
import * as path from 'path';
import { lambda, type Made } from './make';
import { LIB, makeFound, Packaged } from '../collect/packaged';
import { Fixture } from '../fixture';

const WHERE = '#include <stdio.h>\nconst char *where(void); int main(void) { return puts(where()) < 0; }';
const shared = (place: string) => `const char *where(void) { return "${place}"; }`;
const SHARED = ['-shared', '-fPIC', '-Wl,-soname,libwhere.so.1'];

let source: Packaged;
let host: Fixture;

beforeEach(() => {
  source = new Packaged().debian().libc() as Packaged;
  source.install('libc6', { [`${LIB}/libc.so.6`]: [], [`${LIB}/ld-linux-x86-64.so.2`]: [] }, { Source: 'glibc' });
  source.copy('/bin/dash', '/usr/bin/sh');
  source.install('dash', { '/usr/bin/sh': [] }, { Depends: 'libc6' });
  source.compile(`${LIB}/libwhere.so.1`, shared('of the layer'), SHARED);
  source.compile('/usr/bin/inner', WHERE, [source.locate(`${LIB}/libwhere.so.1`)]);
  source.install('libwhere1', { [`${LIB}/libwhere.so.1`]: [] }, { Depends: 'libc6' });
  source.install('inner', { '/usr/bin/inner': [] }, { Depends: 'libwhere1' });
  host = new Fixture().debian().libc();
  host.compile(`${LIB}/libwhere.so.1`, shared('of the host'), SHARED);
  host.compile('/usr/bin/outer', WHERE, [host.locate(`${LIB}/libwhere.so.1`)]);
});

/** The layer of a script. */
function layerOf(script: string, files: Readonly<Record<string, string>> = {}, depends = 'dash, inner'): Promise<Made> {
  source.install('rig', { '/usr/bin/rig': `#!/bin/sh\n${script}`, ...files }, { Depends: depends });
  return makeFound(source);
}

function output({ opt }: Made): string[] {
  const { status, stdout, stderr } = lambda(opt, ['rig'], host);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trimEnd().split('\n');
}

test.each<[string, string, Record<string, string>?]>([
  ['exported', `export LD_LIBRARY_PATH=${LIB}:/usr/lib\nouter\ninner\n`],
  ['set for one command', `LD_LIBRARY_PATH="$LD_LIBRARY_PATH:${LIB}" outer\ninner\n`],
  ['set by way of another variable', `libraries=${LIB}\nexport LD_LIBRARY_PATH="\${libraries}:/usr/lib"\nouter\ninner\n`],
  [
    'set as the default of a variable with a prefix',
    `: \${RIG_LD_LIBRARY_PATH=/opt/none:${LIB}}\nLD_LIBRARY_PATH=\${RIG_LD_LIBRARY_PATH}:/usr/lib\nexport LD_LIBRARY_PATH\nouter\ninner\n`,
  ],
  [
    'set through a configuration file',
    '. /usr/share/rig/environment\nexport LD_LIBRARY_PATH\nouter\ninner\n',
    { '/usr/share/rig/environment': `LD_LIBRARY_PATH=${LIB}\n` },
  ],
])(
  'with LD_LIBRARY_PATH set to %s, a host program loads the host\'s libraries, and a program of the layer the layer\'s',
  async (_, script, files = {}) => {
    expect(output(await layerOf(script, files))).toEqual(['of the host', 'of the layer']);
  },
);

test('LD_PRELOAD does not make a host program load files of the layer', async () => {
  expect(output(await layerOf(`LD_PRELOAD=${LIB}/libwhere.so.1 outer\ninner\n`))).toEqual(['of the host', 'of the layer']);
});

test('a C program that puts LD_LIBRARY_PATH into its environment does not make a host program load files of the layer', async () => {
  source.compile(
    '/usr/bin/rig',
    `#include <stdlib.h>\nint main(void) { putenv("LD_LIBRARY_PATH=${LIB}:/usr/lib"); return system("outer; inner"); }`,
  );
  source.install('rig', { '/usr/bin/rig': [] }, { Depends: 'libc6, inner' });
  host.copy('/bin/dash', '/bin/sh');
  expect(output(await makeFound(source, 'rig', { include: ['/usr/bin/inner'], binaries: ['rig', 'inner'] }))).toEqual([
    'of the host',
    'of the layer',
  ]);
});

describe('a directory of modules in an environment variable', () => {
  const SHOW = 'outer() { while read -r line; do echo "$line"; done < "$PYTHONPATH/name"; }\n';

  test('is that of the layer if only the package of the script uses it', async () => {
    const script = `export PYTHONPATH=/usr/share/rig\n${SHOW}outer\n`;
    host.write({ '/usr/share/rig/name': 'of the host\n' });
    expect(output(await layerOf(script, { '/usr/share/rig/name': 'of the layer\n' }))).toEqual(['of the layer']);
  });

  test('is that of the host if other packages have modules in it', async () => {
    const script = `export PYTHONPATH=/usr/lib/python3/dist-packages\n${SHOW}outer\n`;
    source.install('modules', { '/usr/lib/python3/dist-packages/name': 'of the layer\n' });
    host.write({ '/usr/lib/python3/dist-packages/name': 'of the host\n' });
    const layer = await layerOf(script, {}, 'dash, modules');
    expect(fs.existsSync(path.join(layer.mirrored, 'usr/lib/python3/dist-packages/name'))).toBe(true);
    expect(output(layer)).toEqual(['of the host']);
  });
});

test('bytecode keeps the paths that its source file puts into the environment', async () => {
  const module = `import os\nos.environ['LD_LIBRARY_PATH'] = '${LIB}'\nDATA = '/usr/share/rig/table'\n`;
  const source64 = Buffer.from(`\xa7\x0d\x0d\x0a${'\0'.repeat(12)}\xda\x19${LIB}\xda\x14/usr/share/rig/table`, 'latin1');
  const module_ = '/usr/share/rig/m.py';
  source.write({ [module_]: module });
  const { mtimeMs, size } = fs.statSync(source.locate(module_));
  source64.writeUInt32LE(Math.floor(mtimeMs / 1000), 8);
  source64.writeUInt32LE(size, 12);
  source.write({ '/usr/share/rig/__pycache__/m.cpython-311.pyc': source64 });
  const layer = await layerOf('exec inner /usr/share/rig/m.py\n', {
    [module_]: [] as never,
    '/usr/share/rig/table': 'x',
    '/usr/share/rig/__pycache__/m.cpython-311.pyc': [] as never,
  });
  for (const file of ['m.py', '__pycache__/m.cpython-311.pyc']) {
    const bytes = fs.readFileSync(path.join(layer.mirrored, 'usr/share/rig', file), 'latin1');
    expect([bytes.includes(LIB), bytes.includes('/usr/share/rig/table'), bytes.includes('/rig/table')]).toEqual([true, false, true]);
  }
});
