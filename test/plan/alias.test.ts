import * as fs from 'fs';
import * as path from 'path';
import { make, type Made, plan } from './make';
import { RESERVED_NAMES } from '../../lib/lambda';
import { nameAliases } from '../../lib/plan/layout/alias';
import { elfFile, Fixture } from '../fixture';

let root: Fixture;
beforeEach(() => {
  root = new Fixture();
  root.write({
    '/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }),
    '/usr/share/rig/names': 'names',
    '/usr/share/rig/deep/streets': 'streets',
    '/usr/share/rigged/other': 'other',
  });
});

/** Makes a layer of a program that contains a text, with included files. */
async function withText(text: string, include = ['/usr/share/rig']): Promise<Made> {
  root.write({ '/usr/bin/prog': elfFile({ interpreter: '/lib64/ld-linux-x86-64.so.2', text }) });
  fs.chmodSync(root.locate('/usr/bin/prog'), 0o755);
  return make(root, 'prog', { include });
}

/** The text of a file in the layer. */
const became = ({ mirrored }: Made, inside: string) => fs.readFileSync(path.join(mirrored, inside), 'latin1');

/** The target of a path in a file of the layer: `/opt` is the directory where it is unpacked. */
function read({ opt }: Made, wanted: string): string {
  expect(wanted).toMatch(/^\/opt\//);
  return fs.readFileSync(path.join(opt, wanted.slice('/opt/'.length)), 'utf8');
}

describe('a path mention', () => {
  test('becomes a path of the same length that leads to the same file', async () => {
    const layer = await withText('DIR=/usr/share/rig/names;');
    const [, replaced] = became(layer, 'usr/bin/prog').match(/DIR=(\/opt\/[^;]*);/)!;
    expect(replaced).toHaveLength('/usr/share/rig/names'.length);
    expect(read(layer, replaced)).toBe('names');
    expect(became(layer, 'usr/bin/prog')).not.toContain('/usr/share/rig');
  });

  test('of a directory becomes one alias in a file, with or without / at its end, and with paths below it', async () => {
    const layer = await withText('</usr/share/rig></usr/share/rig/></usr/share/rig/deep/streets></usr/share/rig/gone>');
    const found = [...became(layer, 'usr/bin/prog').matchAll(/<(\/opt\/[^>]*)>/g)].map(([, replaced]) => replaced);
    expect(found).toHaveLength(4);
    const [first] = found;
    expect(found).toEqual([first, `${first}/`, `${first}/deep/streets`, `${first}/gone`]);
    expect(read(layer, found[2])).toBe('streets');
  });

  test('is replaced in each part of a list', async () => {
    const layer = await withText('X=/usr/share/rig/names:/usr/share/rig/deep/streets:/usr/share/none:');
    const [, list] = became(layer, 'usr/bin/prog').match(/X=([^\0]*)/)!;
    const [names, streets, none] = list.split(':');
    expect([read(layer, names), read(layer, streets), none]).toEqual(['names', 'streets', expect.any(String)]);
  });

  test('of a directory in a format string is replaced', async () => {
    const layer = await withText('[/usr/share/rig/%s.txt]');
    const [, replaced] = became(layer, 'usr/bin/prog').match(/\[(\/opt\/[^\]]*\/)%s\.txt\]/)!;
    expect(replaced).toHaveLength('/usr/share/rig/'.length);
    expect(read(layer, `${replaced}names`)).toBe('names');
  });

  test('is replaced in a script, a text, an ELF file and an index alike', async () => {
    root.write({
      '/usr/share/rig/script': '#!/bin/sh\ncat /usr/share/rig/names\n',
      '/usr/share/rig/text': 'see /usr/share/rig/names.\n',
      '/usr/share/rig/data': '\0 /usr/share/rig/names\0',
      '/usr/share/rig/plugin.so': elfFile({ soname: 'plugin.so', text: '/usr/share/rig/names' }),
    });
    const layer = await withText('');
    const [, inScript] = became(layer, 'usr/share/rig/script').match(/^#!\/bin\/sh\ncat (\S{20})\n$/)!;
    const [, inText] = became(layer, 'usr/share/rig/text').match(/^see (\S{20})\.\n$/)!;
    expect([read(layer, inScript), read(layer, inText)]).toEqual(['names', 'names']);
    expect(became(layer, 'usr/share/rig/data')).toMatch(/^\0 \/opt\/\S{15}\0$/);
    expect(became(layer, 'usr/share/rig/plugin.so')).not.toContain('/usr/share/rig');
  });

  test('is not replaced in a longer name, or in the middle of a word', async () => {
    root.write({ '/usr/share/rig/text': 'x/usr/share/rig/names ${DESTDIR}/usr/share/rig http://host/usr/share/rig\n', '/usr/share/rig/begins': '/usr/share/rigged/other' });
    const layer = await withText('');
    expect(became(layer, 'usr/share/rig/text')).toBe('x/usr/share/rig/names ${DESTDIR}/usr/share/rig http://host/usr/share/rig\n');
    const other = became(layer, 'usr/share/rig/begins');
    expect(other).toMatch(/^\/opt\/\w{5}\/rigged\/other$/);
    expect(() => read(layer, other)).toThrow('ENOENT');
  });

  test.each(['/usr/local/share/rig/names', '/usr/local/lib/rig', '/var/lib/rig/names', '/usr/share/other/names'])(
    'of a file that the layer lacks leads nowhere from a module or configuration: %s',
    async (lacked) => {
      root.write({ [lacked]: '', '/usr/share/rig/text': `<${lacked}>` });
      const [, replaced] = became(await withText(''), 'usr/share/rig/text').match(/^<(\/opt\/.*)>$/)!;
      expect(replaced).toHaveLength(lacked.length);
      expect(replaced.endsWith(lacked.slice('/usr/local'.length))).toBe(true);
    },
  );

  test.each(['/usr/share/zoneinfo/Europe/Rome', '/var/lib/dpkg/status', '/usr/local/bin/rig'])(
    'of a file on the host is not replaced: %s',
    async (hosts) => {
      root.write({ '/usr/share/rig/text': `<${hosts}>` });
      const layer = await withText(`<${hosts}>`);
      expect(became(layer, 'usr/share/rig/text')).toBe(`<${hosts}>`);
      expect(became(layer, 'usr/bin/prog')).toContain(`<${hosts}>`);
    },
  );

  test('of a file that the layer lacks is not replaced in a requested script and in the user\'s own files', async () => {
    const text = '/usr/local/share/rig/names /usr/share/other/names\n';
    root.write({ '/usr/bin/script': `#!/usr/bin/prog\n${text}`, '/work/tool/module': text });
    const layer = await withText('', ['/usr/share/rig', '/usr/bin/script', '/work/tool']);
    expect(became(layer, 'usr/bin/script')).toContain(text);
    expect(became(layer, 'app/tool/module')).toBe(text);
  });

  test('of the beginning of a name in the layer is replaced in a requested script, if it ends with a separator', async () => {
    const text = "'/usr/share/rig-' . VERSION '/usr/share/ri' '/usr/share/other-' . VERSION\n";
    root.write({ '/usr/share/rig-1.0/names': 'names', '/usr/bin/script': `#!/usr/bin/prog\n${text}`, '/usr/share/other-1.0/x': '' });
    const layer = await withText('', ['/usr/share/rig-1.0', '/usr/bin/script']);
    const [, replaced, rest] = became(layer, 'usr/bin/script').match(/\n'(\S+)' \. VERSION (.*\n)/)!;
    expect(read(layer, `${replaced}1.0/names`)).toBe('names');
    expect(rest).toBe("'/usr/share/ri' '/usr/share/other-' . VERSION\n");
  });

  test('that a script joins from words is replaced in each word', async () => {
    root.write({ '/usr/share/rig/text': "join('/', 'usr', 'share', 'rig', 'names'); join('/', 'etc', 'rig')" });
    const layer = await withText('');
    const [, ...words] = became(layer, 'usr/share/rig/text').match(
      /^join\('\/', '(opt)', '(\w{5})', '(rig)', '(names)'\); join\('\/', 'etc', 'rig'\)$/,
    )!;
    expect(read(layer, `/${words.join('/')}`)).toBe('names');
  });

  test('is not replaced if a text removes the end of its own path from it', async () => {
    root.write({
      '/lib': { link: 'usr/lib' },
      '/usr/lib/rig/1.0/module': 'dirname.chomp("/lib/rig/1.0") </lib/rig/1.0/module> </lib/rig/1.0/other>',
      '/usr/lib/rig/1.0/other': '',
    });
    const layer = await withText('', ['/usr/lib/rig']);
    expect(became(layer, 'usr/lib/rig/1.0/module')).toMatch(
      /^dirname\.chomp\("\/lib\/rig\/1\.0"\) <\/lib\/rig\/1.0\/module> <\/opt\/\w+\/1.0\/other>$/,
    );
  });

  test('of a command is not replaced: only requested commands have a name in the layer', async () => {
    root.write({ '/usr/share/rig/text': '/usr/bin /usr/bin/sh\n' });
    expect(became(await withText(''), 'usr/share/rig/text')).toBe('/usr/bin /usr/bin/sh\n');
  });

  test('of a link leads to the link\'s target', async () => {
    root.write({ '/usr/share/rig-link': { link: 'rig' } });
    const layer = await withText('<//usr/share/rig-link/names>', ['/usr/share/rig', '/usr/share/rig-link']);
    const [, replaced] = became(layer, 'usr/bin/prog').match(/<\/(\/opt\/[^>]*)>/)!;
    expect(read(layer, replaced)).toBe('names');
  });

  test('that is too short for an alias of 3 characters is not replaced, and reported', async () => {
    root.write({ '/r/names': 'names', '/q/x': 'x', '/usr/share/rig/text': '/r/names /q/x\n' });
    const layer = await withText('', ['/usr/share/rig', '/r', '/q']);
    expect(layer.skipped.get('/q/x')).toBe('in the layer, but mentioned by a path too short to be replaced');
    const [long, short] = became(layer, 'usr/share/rig/text').trim().split(' ');
    expect(short).toBe('/q/x');
    expect(read(layer, long)).toBe('names');
  });
});

describe('the name of an alias', () => {
  const bases = (count: number, length: number) =>
    Array.from({ length: count }, (_, index) => ({ base: `/${index.toString().padStart(length - 1, 'x')}` }));

  test('is as long as its path, and unique', () => {
    const aliases = bases(20_000, 8);
    const names = nameAliases('01234567', aliases);
    expect(names.every((name) => /^\/opt\/[A-Za-z0-9]{3}$/.test(name))).toBe(true);
    expect(new Set(names).size).toBe(20_000);
  });

  test.each(['elf', ...RESERVED_NAMES])('is never %s, which has a meaning for Lambda or the library', (reserved) => {
    // an alias that replaces 6 characters has one of the 62 letters and digits before the rest of its path
    const alias = { base: `/usr/a${reserved.slice(1)}`, replaced: 6 };
    const names = new Set(Array.from({ length: 2000 }, (_, key) => nameAliases(`${key}`, [alias])[0]));
    expect(names.size).toBe(61);
    expect(names).not.toContain(`/opt/${reserved}`);
  });

  test('differs between layers: two layers of a function never collide', () => {
    const [one] = nameAliases('00000000', [{ base: '/usr/share/rig' }]);
    const [other] = nameAliases('00000001', [{ base: '/usr/share/rig' }]);
    expect(one).not.toBe(other);
    expect(one).toBe(nameAliases('00000000', [{ base: '/usr/share/rig' }])[0]);
  });

  test('has at most as many characters as a file name may have', () => {
    const long = (length: number) => `/${'d'.repeat(length - 1)}`;
    expect(nameAliases('0', [{ base: long(260) }])[0]).toMatch(/^\/opt\/[A-Za-z0-9]{255}$/);
  });
});

test('a path of more than 255 characters is replaced from a directory above it', async () => {
  const deep = `/usr/share/rig/${'d'.repeat(200)}/${'e'.repeat(200)}`;
  root.write({ [`${deep}/file`]: 'deep' });
  const layer = await withText(`<${deep}/file>`);
  const [, replaced] = became(layer, 'usr/bin/prog').match(/<(\/opt\/[^>]*)>/)!;
  expect(replaced).toHaveLength(deep.length + 5);
  expect(read(layer, replaced)).toBe('deep');
});

test('two layers of one source with different content share nothing but bin/', async () => {
  const one = await withText('/usr/share/rig/names');
  const other = await withText('/usr/share/rig/names!');
  const names = (layer: Made) => fs.readdirSync(layer.opt).filter((name) => name !== 'bin');
  expect(names(one).filter((name) => name !== 'elf' && names(other).includes(name))).toEqual([]);
  expect(one.plan.key).not.toBe(other.plan.key);
});

test('the key depends on the content: the same files give the same key', () => {
  const text = '/usr/share/rig/names';
  root.write({ '/usr/bin/prog': elfFile({ interpreter: '/lib64/ld-linux-x86-64.so.2', text }) });
  fs.chmodSync(root.locate('/usr/bin/prog'), 0o755);
  const { key } = plan(root, 'prog', { include: ['/usr/share/rig'] }).plan;
  fs.utimesSync(root.locate('/usr/share/rig/names'), 1, 1);
  fs.chmodSync(root.locate('/usr/share/rig/names'), 0o666);
  expect(plan(root, 'prog', { include: ['/usr/share/rig'] }).plan.key).toBe(key);
  root.write({ '/usr/share/rig/names': 'other' });
  expect(plan(root, 'prog', { include: ['/usr/share/rig'] }).plan.key).not.toBe(key);
});
