import { readCache } from '../../lib/loader/ld-so-cache';
import { configuredDirectories } from '../../lib/loader/ld-so-conf';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { Fixture } from '../fixture';

/** Rule 18. Each test also runs `ldconfig`, which adds a library of each directory to the cache, in order. */
describe('ld.so.conf', () => {
  let root: Fixture;
  beforeEach(() => {
    root = new Fixture().debian();
    for (const letter of 'abcdef') root.library(`/${letter}/libx.so.1`, { soname: 'libx.so.1' });
  });

  function directories(): string[] {
    const answer = configuredDirectories(new DirectoryRoot(root.directory));
    root.ldconfig();
    const cache = readCache(new DirectoryRoot(root.directory).read('/etc/ld.so.cache'), 0x0303);
    expect((cache.get('libx.so.1') ?? []).map(({ path }) => path)).toEqual(answer.map((directory) => `${directory}/libx.so.1`));
    return answer;
  }

  test('has one directory per line', () => {
    root.write({ '/etc/ld.so.conf': '/c\n/a\n\n/b' });
    expect(directories()).toEqual(['/c', '/a', '/b']);
  });

  test('has each directory once, at its first place', () => {
    root.write({ '/etc/ld.so.conf': '/c\n/a\n/c/\n' });
    expect(directories()).toEqual(['/c', '/a']);
  });

  test('has no blanks around a directory, and no # comments', () => {
    root.write({ '/etc/ld.so.conf': '# /b\n  \t/c \t\n/a # first\n#\n   # \n' });
    expect(directories()).toEqual(['/c', '/a']);
  });

  test('hwcap lines are ignored', () => {
    root.write({ '/etc/ld.so.conf': 'hwcap 1 nosegneg\n/c\n' });
    expect(directories()).toEqual(['/c']);
  });

  test('may have a type after a directory, an old form', () => {
    root.write({ '/etc/ld.so.conf': '/c=libc6\n' });
    expect(directories()).toEqual(['/c']);
  });

  test('may include several globs, whose matches are sorted by name', () => {
    root.write({
      '/etc/ld.so.conf': '/a\ninclude /etc/ld.so.conf.d/*.conf /etc/more/[x-z].list\n/b\n',
      '/etc/ld.so.conf.d/20.conf': '/d\n',
      '/etc/ld.so.conf.d/10.conf': '/c\n',
      '/etc/ld.so.conf.d/README': '/f\n',
      '/etc/ld.so.conf.d/.hidden.conf': '/f\n',
      '/etc/more/y.list': '/e\n',
    });
    expect(directories()).toEqual(['/a', '/c', '/d', '/e', '/b']);
  });

  test('has patterns of glob(3): no braces, parentheses or bars, and negation only in brackets', () => {
    root.write({
      '/etc/ld.so.conf':
        'include /etc/{a,b}.conf /etc/(a|b).conf /etc/!(c).conf /etc/?(a).conf /etc/a.conf|b /etc/!a.conf /etc/[!b].conf ' +
          '/etc/[[:digit:]].conf\n',
      '/etc/a.conf': '/a\n',
      '/etc/b.conf': '/b\n',
      '/etc/!a.conf': '/c\n',
      '/etc/1.conf': '/e\n',
      '/etc/{a,b}.conf': '/d\n',
    });
    expect(directories()).toEqual(['/d', '/c', '/e', '/a']);
  });

  test('reads files once that includes reach in many ways', () => {
    root.write({
      '/etc/x/a': { link: '.' },
      '/etc/x/b': { link: '.' },
      '/etc/x/y.conf': '/a\n',
      '/etc/ld.so.conf': `include /etc/${'*/'.repeat(24)}*.conf\n`,
    });
    expect(configuredDirectories(new DirectoryRoot(root.directory))).toEqual(['/a']);
  });

  test('may have any number of slashes after a directory', () => {
    root.write({ '/etc/ld.so.conf': `/a///\n/${'/'.repeat(200_000)}b\n///\n` });
    expect(configuredDirectories(new DirectoryRoot(root.directory))).toEqual(['/a', `/${'/'.repeat(200_000)}b`, '/']);
  });

  test('resolves an include against the file that contains it', () => {
    root.write({
      '/etc/ld.so.conf': 'include sub/first.conf\n',
      '/etc/sub/first.conf': 'include second.conf\n/a\n',
      '/etc/sub/second.conf': '/b\n',
      '/etc/second.conf': '/f\n',
    });
    expect(directories()).toEqual(['/b', '/a']);
  });

  test('ignores an include that matches nothing', () => {
    root.write({ '/etc/ld.so.conf': 'include /nowhere/*.conf gone.conf\n/a\n' });
    expect(directories()).toEqual(['/a']);
  });

  test('may include itself', () => {
    root.write({ '/etc/ld.so.conf': '/a\ninclude ld.so.conf\n/b\n' });
    expect(configuredDirectories(new DirectoryRoot(root.directory))).toEqual(['/a', '/b']); // ldconfig reads until its stack overflows
  });

  test('may be absent', () => {
    expect(directories()).toEqual([]);
  });
});
