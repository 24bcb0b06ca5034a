/**
 * The linker of this machine, as it is and with the texts that a layer overwrites.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { confineLinker } from '../../lib/plan/edits/confine-linker';
import { inspect } from '../../lib/root/content';
import { gcc, temporaryDirectory } from '../fixture';

const LINKER = fs.realpathSync('/usr/bin/ld.bfd');

const textsFor = (bytes: Buffer) => confineLinker(inspect(bytes).mentions, () => bytes);

test('a linker does not find the libraries that a library needs in LD_LIBRARY_PATH, and names no configuration of the host', () => {
  const directory = temporaryDirectory();
  const [host, confined] = [path.join(directory, 'host'), path.join(directory, 'ld')];
  fs.mkdirSync(host);
  gcc(path.join(host, 'libneeded.so.1'), 'int needed(void) { return 1; }', ['-shared', '-fPIC', '-Wl,-soname,libneeded.so.1']);
  const library = path.join(directory, 'librig.so');
  gcc(library, 'int needed(void); int rig(void) { return needed(); }', ['-shared', '-fPIC', path.join(host, 'libneeded.so.1')]);
  const object = path.join(directory, 'main.o');
  gcc(object, 'int rig(void); void _start(void) { rig(); }', ['-c']);
  const bytes = fs.readFileSync(LINKER);
  const texts = textsFor(bytes);
  for (const [offset, text] of texts) bytes.write(text, offset, 'latin1');
  fs.writeFileSync(confined, bytes, { mode: 0o755 });
  expect(texts).toHaveLength(2);
  expect(bytes.includes('\0/etc/ld.so.conf\0')).toBe(false);
  const link = (linker: string) => spawnSync(linker, ['-o', path.join(directory, 'out'), object, library], {
    encoding: 'utf8', env: { LD_LIBRARY_PATH: host },
  });
  expect(link(LINKER)).toMatchObject({ status: 0, stderr: '' });
  const { status, stderr } = link(confined);
  expect(status).toBe(1);
  expect(stderr).toContain('libneeded.so.1, needed by');
});

test.each([
  ['sets LD_LIBRARY_PATH for others', '\0/etc/ld.so.conf\0LD_LIBRARY_PATH\0'],
  ['reads LD_RUN_PATH only', '\0/etc/ld.so.conf\0LD_RUN_PATH\0'],
  ['does not read the configuration', '\0LD_LIBRARY_PATH\0LD_RUN_PATH\0'],
])('a program that %s is not a linker', (_, text) => {
  expect(textsFor(Buffer.from(text))).toEqual([]);
});
