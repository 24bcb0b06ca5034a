import * as fs from 'fs';
import * as path from 'path';
import { lambda, make } from './make';
import { elfFile, Fixture, noise } from '../fixture';

const root = new Fixture();
const LICENCE = 'Permission is granted.\n'.repeat(100);
const DATA = Buffer.concat([Buffer.alloc(16), noise(2000, 1)]);

beforeAll(() => {
  root.write({
    '/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }),
    '/usr/bin/prog': elfFile({ interpreter: '/lib64/ld-linux-x86-64.so.2' }),
    '/usr/share/doc/a/copyright': LICENCE,
    '/usr/share/doc/b/copyright': LICENCE,
    '/usr/share/doc/c/copyright': `${LICENCE}.`,
    '/usr/share/x/1.bin': DATA,
    '/usr/share/x/deep/2.bin': DATA,
    '/usr/share/x/small-1.bin': Buffer.alloc(1000),
    '/usr/share/x/small-2.bin': Buffer.alloc(1000),
    '/usr/share/x/module-1.js': LICENCE,
    '/usr/share/x/module-2.js': LICENCE,
    '/usr/share/x/script-1': `#!/bin/sh\n${LICENCE}`,
    '/usr/share/x/script-2': `#!/bin/sh\n${LICENCE}`,
    '/usr/share/x/1.jar': Buffer.concat([Buffer.from('PK\x03\x04'), DATA]),
    '/usr/share/x/2.jar': Buffer.concat([Buffer.from('PK\x03\x04'), DATA]),
    '/usr/share/x/1.so': elfFile({ text: LICENCE }),
    '/usr/share/x/2.so': elfFile({ text: LICENCE }),
    '/usr/share/x/mentions-1.bin': Buffer.concat([DATA, Buffer.from('\0/usr/share/x/1.bin\0')]),
    '/usr/share/x/mentions-2.bin': Buffer.concat([DATA, Buffer.from('\0/usr/share/x/1.bin\0')]),
  });
  fs.chmodSync(root.locate('/usr/bin/prog'), 0o755);
});

test('licences and binary data with the same content are stored once; code, archives and edited files are not linked', async () => {
  const layer = await make(root, 'prog', { include: ['/usr/share'] });
  const links = layer.plan.entries.flatMap((entry) => (entry.kind === 'link' ? [[entry.path, entry.target]] : []));
  expect(links).toEqual([
    ['/usr/share/doc/b/copyright', '../a/copyright'],
    ['/usr/share/x/deep/2.bin', '../1.bin'],
  ]);
  for (const [link] of links) {
    expect(fs.readFileSync(path.join(layer.mirrored, link)).equals(fs.readFileSync(root.locate(link)))).toBe(true);
  }
});

test('a file that became a link still has its package and its reason in the layer\'s record', async () => {
  const layer = await make(root, 'prog', { include: ['/usr/share'] });
  const { files } = JSON.parse(fs.readFileSync(path.join(layer.mirrored, 'contents.json'), 'utf8')) as { files: Record<string, unknown> };
  expect(Object.keys(files)).toEqual(expect.arrayContaining(['/usr/share/doc/a/copyright', '/usr/share/doc/b/copyright']));
});

test('a program opens such a link like the file', async () => {
  const source = new Fixture().debian().libc();
  source.compile('/usr/bin/prog', `
    #include <stdio.h>
    int main(void) {
      for (const char *name = "/usr/share/prog/1.bin";; name = "/usr/share/prog/2.bin") {
        FILE *file = fopen(name, "rb");
        if (!file) return 1;
        fseek(file, 0, SEEK_END);
        printf("%ld\\n", ftell(file));
        if (name[16] == '2') return 0;
      }
    }`);
  source.write({ '/usr/share/prog/1.bin': DATA, '/usr/share/prog/2.bin': DATA });
  const layer = await make(source, 'prog', { include: ['/usr/share/prog'] });
  expect(lambda(layer.opt, ['prog'])).toMatchObject({ status: 0, stdout: `${DATA.length}\n${DATA.length}\n` });
});
