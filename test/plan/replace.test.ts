import * as fs from 'fs';
import * as path from 'path';
import { lambda, type Made } from './make';
import { LIB, makeFound, Packaged } from '../collect/packaged';
import { Fixture } from '../fixture';

/**
 * Programs that build paths from constants. The host has different files at the same paths.
 */
const SHOW = `
  #include <stdio.h>
  #include <string.h>
  static void show(const char *name) {
    char line[4096] = "nothing\\n";
    FILE *file = fopen(name, "r");
    if (file) fgets(line, sizeof line, file);
    fputs(line, stdout);
  }`;

const FILES = [
  '/usr/share/rig/names',
  '/usr/share/rigging/names',
  '/usr/lib/rig/table',
  '/etc/fonts/list',
  '/etc/rig/rig.conf',
  '/usr/share/misc/rig.mgc',
  '/usr/share/other/names',
  '/usr/libexec/rig/help.txt',
];

let root: Packaged;
const host = new Fixture();

beforeEach(() => {
  root = new Packaged().debian().libc() as Packaged;
  root.install('libc6', { [`${LIB}/libc.so.6`]: [], [`${LIB}/ld-linux-x86-64.so.2`]: [] }, { Source: 'glibc' });
  host.write(Object.fromEntries(FILES.map((file) => [file, 'of the host\n'])));
});

/** The layer of a program whose package has the files. */
async function layerOf(source: string, files: readonly string[], options: readonly string[] = []): Promise<Made> {
  root.compile('/usr/bin/rig', SHOW + source, ['-O2', ...options]);
  root.install(
    'rig',
    { '/usr/bin/rig': [], ...Object.fromEntries(files.map((file) => [file, `of the layer: ${path.basename(file)}\n`])) },
    { Depends: 'libc6' },
  );
  return makeFound(root);
}

/** The lines that it prints. */
function output({ opt }: Made, command = ['rig']): string[] {
  const { status, stdout, stderr } = lambda(opt, command, host);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trimEnd().split('\n');
}

test('a program that uses the end of a path as another word has both words unchanged', async () => {
  const source = `
    volatile int zero;
    const char *words[] = { "fonts", "rig" };
    int main(void) {
      puts(words[zero]);
      puts(&"rig/rig.conf"[zero]);
      char name[99];
      snprintf(name, sizeof name, "%s/%s", &"/etc/fonts"[zero], "list");
      show(name);
      show("/etc/rig/rig.conf");
    }`;
  const layer = await layerOf(source, ['/etc/fonts/list', '/etc/rig/rig.conf'], ['-Wl,-O1']);
  const bytes = fs.readFileSync(root.locate('/usr/bin/rig'));
  expect([bytes.indexOf('fonts\0') - bytes.indexOf('/etc/fonts\0'), bytes.indexOf('fonts\0', bytes.indexOf('fonts\0') + 1)]).toEqual([
    5, -1,
  ]);
  expect(output(layer)).toEqual(['fonts', 'rig/rig.conf', 'of the layer: list', 'of the layer: rig.conf']);
});

test('a program at a fixed address has both words unchanged, too', async () => {
  const source =
    'volatile int zero; int main(void) { puts(&"fonts"[zero]); char name[99]; snprintf(name, sizeof name, "%s/%s", ' +
    '&"/etc/fonts"[zero], "list"); show(name); }';
  const layer = await layerOf(source, ['/etc/fonts/list'], ['-Wl,-O1', '-no-pie', '-fno-pie']);
  expect(output(layer)).toEqual(['fonts', 'of the layer: list']);
});

// Known limit: the linker merges the "r" of fopen with the end of "/usr", which is therefore not replaced.
test.failing('a program that adds a rest of a path to the prefix /usr reads the layer\'s file', async () => {
  const source =
    'const char *volatile prefix = "/usr"; int main(void) { char name[99]; snprintf(name, sizeof name, "%s/%s/rig/names", prefix, ' +
    '"share"); show(name); show("/usr/lib/rig/table"); }';
  expect(output(await layerOf(source, ['/usr/share/rig/names', '/usr/lib/rig/table']))).toEqual([
    'of the layer: names',
    'of the layer: table',
  ]);
});

test('a program that adds the name of a configuration file to the directory /etc reads the layer\'s file', async () => {
  const source =
    'const char *volatile etc = "/etc"; int main(void) { char name[99]; snprintf(name, sizeof name, "%s/%s", etc, "rig.ini"); ' +
    'show(name); show("/etc/hostname"); }';
  host.write({ '/etc/rig.ini': 'of the host\n', '/etc/hostname': 'of the host\n' });
  expect(output(await layerOf(source, ['/etc/rig.ini']))).toEqual(['of the layer: rig.ini', 'of the host']);
});

test('a program that mentions /etc but has no configuration file of its own reads the files of the host', async () => {
  const source =
    'const char *volatile etc = "/etc"; int main(void) { char name[99]; snprintf(name, sizeof name, "%s/%s", etc, "other.ini"); ' +
    'show(name); }';
  host.write({ '/etc/other.ini': 'of the host\n' });
  expect(output(await layerOf(source, ['/usr/share/rig/names']))).toEqual(['of the host']);
});

test('a program that adds an extension to a path reads the layer\'s file', async () => {
  const source =
    'const char *volatile base = "/usr/share/misc/rig"; int main(void) { char name[99]; snprintf(name, sizeof name, "%s.%s", base, ' +
    '"mgc"); show(name); }';
  expect(output(await layerOf(source, ['/usr/share/misc/rig.mgc']))).toEqual(['of the layer: rig.mgc']);
});

test('a program that derives other directories from the directory of commands reads the layer\'s files', async () => {
  const source = `
    const char *volatile bin = "/usr/bin/", *volatile helpers = "/usr/libexec/rig";
    int main(void) {
      int same = 0;
      while (bin[same] == helpers[same]) same++;
      char name[99];
      snprintf(name, sizeof name, "%s/help.txt", helpers);
      show(name);
      puts(same >= 5 ? "shared" : "apart");
    }`;
  expect(output(await layerOf(source, ['/usr/libexec/rig/help.txt']))).toEqual(['of the layer: help.txt', 'shared']);
});

test('a program that takes the directory of a path, or its parent, reads the layer\'s files', async () => {
  const source =
    'const char *volatile file = "/usr/share/rig/names"; int main(void) { char name[99]; strcpy(name, file); strcpy(strrchr(name, ' +
    '47), "/../rigging/names"); show(name); }';
  expect(output(await layerOf(source, ['/usr/share/rig/names', '/usr/share/rigging/names']))).toEqual(['of the layer: names']);
});

test('a program reads a path of the host that it gets as an argument', async () => {
  const layer = await layerOf('int main(int argc, char **argv) { show(argv[1]); show("/usr/share/rig/names"); }', ['/usr/share/rig/names']);
  expect(output(layer, ['rig', '/usr/share/rig/names'])).toEqual(['of the host', 'of the layer: names']);
});

test('replacing text changes no sizes, and only the text', async () => {
  const text = 'see /usr/share/rig/names, /usr/share/rigging/names:/usr/share/rig and /usr/bin/rig\n';
  root.install(
    'rig-text',
    { '/usr/share/rig/text': text, '/usr/share/rig/index': `\0\x01${text}`, '/usr/share/rig/script': `#!/bin/sh\n${text}` },
    { Depends: 'rig' },
  );
  root.compile('/usr/lib/rig/plugin.so', 'const char *where(void) { return "/usr/share/rigging/names"; }', [
    '-shared',
    '-nostdlib',
    '-fPIC',
  ]);
  root.install('rig-plug-in', { '/usr/lib/rig/plugin.so': [] }, { Depends: 'rig' });
  const layer = await layerOf('int main(void) { show("/usr/share/rig/names"); }', [
    '/usr/share/rig/names',
    '/usr/share/rigging/names',
    '/usr/lib/rig/table',
  ]);
  let replaced = 0;
  for (const entry of layer.plan.entries) {
    if (entry.kind !== 'file' || entry.edits?.interpreter !== undefined || entry.edits?.rpath !== undefined) continue;
    const [before, after] = [root.locate(entry.real), path.join(layer.mirrored, entry.path)].map((file) => fs.readFileSync(file));
    expect([entry.path, after.length]).toEqual([entry.path, before.length]);
    const edits = entry.edits?.aliases ?? [];
    replaced += edits.length;
    for (const [offset, written] of entry.edits?.texts ?? []) after.set(before.subarray(offset, offset + written.length), offset);
    for (const [offset, index] of edits) after.set(before.subarray(offset, offset + layer.plan.aliases[index].base.length), offset);
    expect(after.equals(before)).toBe(true);
  }
  expect(replaced).toBeGreaterThanOrEqual(9);
});

test('a path whose first 16 bytes are between the pieces of other strings is replaced', async () => {
  const source = `
    __attribute__((noipa)) void copy(char *word, char *file) {
      memcpy(word, "./list-of-modules", 17);
      memcpy(file, "/etc/rig/modules.d/rig-modules.cfg", 35);
      memcpy(word + 50, "/etc/rig/one-directory.cfg", 27);
      memcpy(file + 50, "/etc/rig/two-directory.cfg", 27);
    }
    int main(void) {
      char word[99] = "", file[99];
      copy(word, file);
      puts(word);
      show(file);
      show(word + 50);
      show(file + 50);
    }`;
  const files = ['/etc/rig/modules.d/rig-modules.cfg', '/etc/rig/one-directory.cfg', '/etc/rig/two-directory.cfg'];
  const layer = await layerOf(source, files);
  const [, before] = /(.)\/etc\/rig\/module/.exec(fs.readFileSync(root.locate('/usr/bin/rig'), 'latin1'))!;
  expect(before).toMatch(/\w/);
  expect(output(layer)).toEqual(['./list-of-modules', ...files.map((file) => `of the layer: ${path.basename(file)}`)]);
});

test('a configuration file finds another one that it includes by its name', async () => {
  const source = `
    int main(void) {
      char line[4096], name[4096] = "/etc/rig.cfg";
      FILE *file = fopen(name, "r");
      if (!file || !fgets(line, sizeof line, file)) return 1;
      line[strcspn(line, "\\n")] = 0;
      strcpy(strrchr(name, '/') + 1, strchr(line, ' ') + 1);
      show(name);
    }`;
  root.compile('/usr/bin/rig', SHOW + source, ['-O2']);
  root.install('rig', {
    '/usr/bin/rig': [], '/etc/rig.cfg': 'Include: rig-site.cfg\n', '/etc/rig-site.cfg': 'of the layer\n', '/etc/rig-other.cfg': '',
  }, { Depends: 'libc6' });
  const layer = await makeFound(root);
  expect(output(layer)).toEqual(['of the layer']);
  expect(fs.readdirSync(layer.opt)).not.toContain('rig-other.cfg');
});

describe('a program that finds its configuration by its own path, except in /usr/bin', () => {
  const SOURCE = `
    #include <unistd.h>
    int main(void) {
      char name[4096] = "";
      readlink("/proc/self/exe", name, sizeof name - 1);
      for (int up = 0; up < 2; up++) strrchr(name, '/')[up] = 0;
      show(strcat(name, "etc/rig/rig.conf"));
    }`;

  test('has it in the layer', async () => {
    expect(output(await layerOf(SOURCE, ['/etc/rig/rig.conf']))).toEqual(['of the layer: rig.conf']);
  });

  test('has it if there are other files in /usr/etc, which are not in the layer', async () => {
    root.write({ '/usr/etc/other': '' });
    expect(output(await layerOf(SOURCE, ['/etc/rig/rig.conf']))).toEqual(['of the layer: rig.conf']);
  });

  test('has no link to it if its package has no configuration, or has files in /usr/etc', async () => {
    const isLinked = ({ plan: { entries } }: Made) => entries.some(({ kind, path: place }) => kind === 'link' && place === '/usr/etc');
    expect(isLinked(await layerOf(SOURCE, ['/usr/share/rig/names']))).toBe(false);
    expect(isLinked(await layerOf(SOURCE, ['/etc/rig/rig.conf', '/usr/etc/rig/rig.conf']))).toBe(false);
    expect(isLinked(await layerOf(SOURCE, ['/etc/rig/rig.conf']))).toBe(true);
  });
});

test('a program that finds its configuration by the path of its data has it in the layer', async () => {
  const source = `
    volatile int zero;
    int main(void) {
      char name[99];
      snprintf(name, sizeof name, "%s%s%s", &"/usr/share/rig"[zero], &"/../../etc"[zero], &"/rig/rig.conf"[zero]);
      show(name);
    }`;
  expect(output(await layerOf(source, ['/etc/rig/rig.conf', '/usr/share/rig/names']))).toEqual(['of the layer: rig.conf']);
});

describe('a requested script', () => {
  const INTERPRETER =
    'int main(int argc, char **argv) { for (int i = 1; i < argc; i++) puts(argv[i][0] == 47 ? strrchr(argv[i], 47) + 1 : argv[i]); ' +
    'show("/usr/share/other/names"); }';

  async function script(line: string): Promise<Made> {
    root.compile('/usr/bin/interp', SHOW + INTERPRETER, ['-O2']);
    root.install('interp', { '/usr/bin/interp': [], '/usr/share/other/names': 'of the layer: names\n' }, { Depends: 'libc6' });
    root.install('rig', { '/usr/bin/rig': `${line}\nwhatever it says\n` }, { Depends: 'interp' });
    return makeFound(root);
  }

  test.each([
    ['by a path', '#!/usr/bin/interp', []],
    ['by a path that is a link', '#!/bin/interp', []],
    ['with an argument', '#!/usr/bin/interp -x  y', ['-x  y']],
    ['through env', '#!/usr/bin/env interp', []],
    ['through env with arguments', '#!/usr/bin/env -S interp -x', ['-x']],
  ])('names its interpreter by its place in the layer: %s', async (_, line, before) => {
    const layer = await script(line);
    const [first, second] = fs.readFileSync(path.join(layer.mirrored, 'usr/bin/rig'), 'utf8').split('\n');
    expect(first).toMatch(new RegExp(`^#!/opt/elf/${layer.plan.key}/usr/bin/interp\\b`));
    expect(second).toBe('whatever it says');
    expect(output(layer)).toEqual([...before, 'rig', 'of the layer: names']);
  });

  test('is in a bin directory without other commands of the layer', async () => {
    expect(fs.readdirSync(path.join((await script('#!/usr/bin/interp')).opt, 'bin'))).toEqual(['rig']);
  });
});

test('if two paths would get the same alias, the first has it, and the other is reported', async () => {
  const program = (directory: string) => `${SHOW}
    volatile int zero;
    int main(void) {
      puts(&"foobar"[zero]);
      char name[99];
      snprintf(name, sizeof name, "%s/%s", &"${directory}"[zero], "list");
      show(name);
    }`;
  root.compile('/usr/bin/one', program('/etc/foobar'), ['-O2', '-Wl,-O1']);
  root.compile('/usr/bin/two', program('/srv/foobar'), ['-O2', '-Wl,-O1']);
  root.install(
    'rig',
    { '/usr/bin/one': [], '/usr/bin/two': [], '/etc/foobar/list': 'of the layer\n', '/srv/foobar/list': 'of the layer\n' },
    { Depends: 'libc6' },
  );
  const layer = await makeFound(root, 'one', { binaries: ['one', 'two'] });
  expect(output(layer, ['one'])).toEqual(['foobar', 'of the layer']);
  expect(output(layer, ['two'])).toEqual(['foobar', 'nothing']);
  expect(layer.skipped.get('/srv/foobar')).toBe(
    'in the layer, but the files that mention it do not find it: /opt/foobar stands for /etc/foobar',
  );
});
