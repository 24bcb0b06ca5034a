import { findMentions } from '../../lib/root/mentions';

const paths = (text: string) => findMentions(Buffer.from(text, 'latin1')).map(({ path }) => path);

describe('a path is a mention', () => {
  test.each([
    ['at the very beginning and end', '/usr/share/rig', ['/usr/share/rig']],
    ['between NULs', 'x\0/usr/share/rig\0y', ['/usr/share/rig']],
    ['between quotes', '"/usr/share/rig"', ['/usr/share/rig']],
    ['after =', 'DIR=/usr/share/rig', ['/usr/share/rig']],
    ['after an option', '--dir=/usr/share/rig', ['/usr/share/rig']],
    ['on a #! line', '#!/usr/bin/perl -w', ['/usr/bin/perl']],
    ['in a URL of a file', 'file:///usr/share/rig', ['/usr/share/rig']],
    ['with more than one / in front', '"//usr/share/rig"', ['/usr/share/rig']],
    ['with the / behind it', ' /usr/share/rig/ ', ['/usr/share/rig/']],
    ['with all that names may have', ' /usr/lib/g++-12/a_b.c,d~@x ', ['/usr/lib/g++-12/a_b.c,d~@x']],
  ])('%s', (_, text, expected) => {
    expect(paths(text)).toEqual(expected);
  });

  test('at its offset', () => {
    expect(findMentions(Buffer.from('ab\0/usr/x\0\0/usr/y'))).toEqual([
      { kind: 'whole', offset: 3, path: '/usr/x' },
      { kind: 'whole', offset: 11, path: '/usr/y' },
    ]);
  });

  test('in each part of a list that is separated by : or ; or a blank', () => {
    expect(paths('/usr/share/a:/usr/share/b;/usr/share/c /usr/share/d,')).toEqual([
      '/usr/share/a',
      '/usr/share/b',
      '/usr/share/c',
      '/usr/share/d,',
    ]);
    expect(paths('/usr/share/a::/usr/share/b:')).toEqual(['/usr/share/a', '/usr/share/b']);
  });

  test('whatever bytes are around it', () => {
    expect(findMentions(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('/usr/x'), Buffer.from([0xc3])]))).toEqual([
      { kind: 'whole', offset: 2, path: '/usr/x' },
    ]);
  });
});

describe('a path behind a constant is a mention, although the last byte of the constant is a character of words', () => {
  const double = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return bytes;
  };
  const single = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return bytes;
  };
  const behind = (...before: Buffer[]) => findMentions(Buffer.concat([...before, Buffer.from('/etc/paper\0')])).map(({ path }) => path);

  test.each([
    ['72.0 in double precision', double(72)],
    ['0.1 in double precision', double(0.1)],
    ['0.5 in single precision', Buffer.concat([Buffer.from('abc\0'), single(0.5)])],
  ])('%s', (_, constant) => {
    expect(behind(constant)).toEqual(['/etc/paper']);
  });

  test('but not behind a text that ends with such a character', () => {
    expect(behind(Buffer.from('is this@'))).toEqual([]);
    expect(behind(Buffer.from('is that?'))).toEqual([]);
  });

  test('but not where a compiler would not place a constant', () => {
    expect(behind(Buffer.from('\0'), double(72))).toEqual([]);
  });
});

describe('words that a script joins are a mention', () => {
  test.each([
    ['of Ruby', "File.join('/', 'var', 'lib', 'gems', version)", '/var/lib/gems', [16, 23, 30]],
    ['of Python', 'os.path.join("/","usr", "share")', '/usr/share', [18, 25]],
  ])('%s', (_, text, expected, words) => {
    expect(findMentions(Buffer.from(text))).toEqual([{ kind: 'words', offset: text.indexOf('/'), path: expected, words }]);
  });

  test.each(["join('/', 'var')", "split('/', x, 'y')", "['/' 'var', 'lib']", "'a/', 'var', 'lib'", '\'/\', "var", "lib"'])(
    'but not in %s',
    (text) => {
      expect(findMentions(Buffer.from(text))).toEqual([]);
    },
  );
});

test('bytecode of Python contains a mention whatever the bytes of its length look like', () => {
  const path = `/usr/share/${'x'.repeat(60)}`;
  const string = (type: string, length: number) =>
    Buffer.concat([Buffer.from(type, 'latin1'), Buffer.from([length]), Buffer.from(path), Buffer.alloc(99)]);
  const header = Buffer.from([0xa7, 0x0d, 0x0d, 0x0a, ...Buffer.alloc(12)]);
  expect(String.fromCharCode(path.length)).toBe('G');
  expect(findMentions(Buffer.concat([header, string('z', path.length)])).map(({ offset }) => offset)).toEqual([18]);
  expect(findMentions(Buffer.concat([header, string('\xda', path.length)])).map(({ offset }) => offset)).toEqual([18]);
  expect(findMentions(Buffer.concat([header, string('z', path.length + 9)]))).toEqual([]);
  expect(findMentions(string('z', path.length))).toEqual([]);
});

test('a path in bytecode of Python ends with its length, whatever byte follows it', () => {
  const header = Buffer.from([0xa7, 0x0d, 0x0d, 0x0a, ...Buffer.alloc(12)]);
  for (const following of ['r', 'N', '/', '%', '*']) {
    const bytes = Buffer.concat([header, Buffer.from(`\xfa\x0d/etc/asciidoc${following}\x05`, 'latin1')]);
    expect(findMentions(bytes).map(({ path }) => path)).toEqual(['/etc/asciidoc']);
  }
});

describe('a path with an unknown end is a mention of its directory', () => {
  test.each([
    ['/usr/share/rig/%s', ['/usr/share/rig/']],
    ['/usr/lib/x/lib%s.so', ['/usr/lib/x/']],
    ['/usr/share/fonts/*.ttf', ['/usr/share/fonts/']],
    ['/usr/share/${NAME}/file', ['/usr/share/']],
    ['/usr/share/x/a?c', ['/usr/share/x/']],
    ['/usr/share/x/[a-z]', ['/usr/share/x/']],
    ['/usr/share/x/a\\b', ['/usr/share/x/']],
    ['/usr/%s/x', ['/usr/']],
  ])('%s', (text, expected) => {
    expect(paths(text)).toEqual(expected);
  });
});

describe('there is no mention in', () => {
  test.each([
    ['a name of one component', '/usr'],
    ['a lone slash', 'a / b'],
    ['the rest of a relative path', 'share/rig/names'],
    ['one that goes up', '../lib/x'],
    ['what stands behind a variable', '${DESTDIR}/usr/lib $(prefix)/usr/lib $HOME/x/y'],
    ['a URL', 'https://example.org/path/to'],
    ['what stands behind ~', '~/x/y'],
    ['a comment of C', '*/usr/lib /*/usr/lib'],
    ['what a format puts something before', '%s/usr/lib'],
    ['a regular expression', 's\\/usr\\/lib'],
    ['the end of a path in PHP', "__DIR__ . '/../../../Psr/x'"],
    ['the end of a path in JavaScript', "__dirname + '/./lib/x'"],
    ['the end of a path in Ruby', '"#{dir}" + "/.."'],
    ['words joined to the end of a path', "join('/', '..', 'lib', 'x')"],
  ])('%s', (_, text) => {
    expect(paths(text)).toEqual([]);
  });
});

test('a mentioned path may begin with a hidden directory', () => {
  expect(paths('"/.x/y" "/..x/y" "/.../y"')).toEqual(['/.x/y', '/..x/y', '/.../y']);
});

describe('a prefix is a mention', () => {
  const prefixes = (...parts: (string | readonly number[])[]) => {
    const bytes = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));
    return findMentions(bytes).filter(({ kind }) => kind === 'prefix').map(({ offset, path }) => [offset, path]);
  };

  test('as a string of its own', () => {
    expect(prefixes('\0/usr\0x\0/etc\0')).toEqual([[1, '/usr'], [8, '/etc']]);
  });

  test('as the value of a setting', () => {
    expect(prefixes('qt_prfxpath=/usr\0')).toEqual([[12, '/usr']]);
  });

  test('after a byte that is not ASCII, which is not part of a word', () => {
    expect(prefixes([0xbf], '/usr\0', [0xff], '/etc\0')).toEqual([[1, '/usr'], [7, '/etc']]);
  });

  test.each([
    ['to a register', [0xbf]],
    ['to a place relative to the instruction', [0xc7, 0x05, 1, 2, 3, 4]],
    ['to the stack', [0xc7, 0x44, 0x24, 0x10]],
  ])('as a number in an instruction: %s', (_, code) => {
    expect(prefixes([0x90], code, '/etc', [0xc6])).toEqual([[1 + code.length, '/etc']]);
  });

  test.each([
    ['in Perl', 'our $dir="/usr";'],
    ['in Ruby', "PREFIX = '/usr'"],
    ['with an escaped slash', 'our $dir = "\\/usr";'],
  ])('as the whole value of a variable: %s', (_, text) => {
    expect(prefixes(text)).toEqual([[text.indexOf('/'), '/usr']]);
  });

  test.each(['$dir eq "/usr"', 'dirs = ["/usr"]', '$dir = "/usr\'', '$dir = "\\/etc"'])('but not in %s', (text) => {
    expect(prefixes(text)).toEqual([]);
  });

  test('but not in a longer word or path, or without a terminator', () => {
    expect(prefixes('\0a/usr\0', '\0/usr/x\0', '\0/usr ', '/etc')).toEqual([]);
  });
});

test('a mentioned path is not longer than PATH_MAX', () => {
  for (const { path } of findMentions(Buffer.from(`/usr/${'x'.repeat(9000)}`))) expect(path.length).toBeLessThanOrEqual(4096);
});

test('a megabyte of slashes is searched in linear time', () => {
  expect(findMentions(Buffer.alloc(1 << 20, '/')).length).toBeLessThanOrEqual(256);
});
