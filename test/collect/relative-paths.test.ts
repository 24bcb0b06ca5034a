import { find, LIB, libraryWith, Packaged, programWith } from './packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

const data = () => find(root).data;

describe('a path that begins with ../ in a program', () => {
  test('leads to data of a direct dependency, from the program\'s directory', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0../share/other\0') }, { Depends: 'other' });
    root.install('other', { '/usr/share/other/one': '' });
    expect(data()).toEqual(['/usr/bin/rig', '/usr/share/other/one']);
  });

  test('leads to an empty directory if it is one that all packages share: the program may check that it exists', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0../share/locale\0../share/none\0') });
    root.install('other', { '/usr/share/locale/de/other.mo': '' });
    expect(find(root).all.filter((place) => place.startsWith('/usr/share/'))).toEqual(['/usr/share/locale']);
  });

  test('leads to a command of a direct dependency', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0../lib/TARGET/bin/as\0') }, { Depends: 'tools' });
    root.install('tools', { '/usr/bin/TARGET-as': programWith(), '/usr/lib/TARGET/bin/as': { link: '../../../bin/TARGET-as' } });
    expect(data()).toEqual(['/usr/bin/TARGET-as', '/usr/bin/rig', '/usr/lib/TARGET/bin/as']);
  });

  test('leads to no file of an unrelated package', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0../share/stranger\0../share/stranger/tool\0') });
    root.install('stranger', { '/usr/share/stranger/tool': programWith() });
    expect(data()).toEqual(['/usr/bin/rig']);
  });

  test('counts for nothing in a package that is not requested', () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']) }, { Depends: 'liba' });
    root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '\0../../share/a\0') }, { Depends: 'a-data' });
    root.install('a-data', { '/usr/share/a/large': '' });
    expect(data()).toEqual(['/usr/bin/rig']);
  });
});

describe('files below include beside the directory of a program', () => {
  const install = (strings: string) => {
    root.install('rig', { '/usr/bin/rig': programWith(strings) }, { Recommends: 'librig-dev' });
    root.install('librig-dev', {
      '/usr/include/rig/std/base.idl': '',
      '/usr/include/rig/std/time.idl': '',
      '/usr/include/rig/std/base.h': '',
      '/usr/include/rig/std/base.inc': '',
    });
    root.install('other-dev', { '/usr/include/other/one.idl': '' });
  };

  test('are packed if the program names one that is not a header', () => {
    install('\0/include\0rig/std/base.idl\0other/one.idl\0');
    expect(data()).toEqual(['/usr/bin/rig', '/usr/include/rig/std/base.idl', '/usr/include/rig/std/time.idl']);
  });

  test('are not packed if the program names only headers, or no directory include', () => {
    install('\0/include\0rig/std/base.h\0');
    expect(data()).toEqual(['/usr/bin/rig']);
    root = new Packaged();
    install('\0rig/std/base.idl\0');
    expect(data()).toEqual(['/usr/bin/rig']);
  });
});

describe('a catalog of XML files', () => {
  const catalog = (...references: string[]) => `<?xml version="1.0"?>
<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
${references.map((reference) => `  <rewriteURI uriStartString="http://rig.test/" ${reference}/>`).join('\n')}
</catalog>
`;
  const styles = { '/usr/share/xml/rig/one.xsl': '', '/usr/share/xml/rig/html/two.xsl': '' };

  beforeEach(() => {
    root.write({ '/etc/xml/catalog': catalog('catalog="file:///usr/share/xml/rig/catalog.xml"') });
  });

  test('leads to the files beside a catalog that refers to its own directory', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0file:///etc/xml/catalog\0') });
    root.install('styles', { ...styles, '/usr/share/xml/rig/catalog.xml': catalog('rewritePrefix="./"') });
    expect(data()).toEqual(['/etc/xml/catalog', '/usr/bin/rig', '/usr/share/xml/rig/catalog.xml', ...Object.keys(styles).reverse()]);
  });

  test('leads to single files by relative references, and to nothing outside the package', () => {
    root.install('rig', { '/usr/bin/rig': programWith('\0file:///etc/xml/catalog\0') });
    root.install('stranger', { '/usr/share/stranger/three': '' });
    root.install('styles', { ...styles, '/usr/share/xml/rig/catalog.xml': catalog('uri=\'one.xsl\'', 'uri="../../stranger/three"', 'uri="http://rig.test/html/two.xsl"') });
    expect(data()).toEqual(['/etc/xml/catalog', '/usr/bin/rig', '/usr/share/xml/rig/catalog.xml', '/usr/share/xml/rig/one.xsl']);
  });

  test('does not lead to the files of other packages if only a library of another package mentions it', () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['libx.so.1']) }, { Depends: 'libx' });
    root.install('libx', { [`${LIB}/libx.so.1`]: libraryWith('libx.so.1', '\0file:///etc/xml/catalog\0') });
    root.install('styles', { ...styles, '/usr/share/xml/rig/catalog.xml': catalog('rewritePrefix="./"') });
    for (const file of Object.keys(styles)) expect(data()).not.toContain(file);
  });
});

test('files that configuration includes by a path relative to its own directory are packed', () => {
  const text = 'mode = all\n!include conf.d/*.conf\n  include extra/site.cfg\n# include other.d/*.conf\n';
  root.install('rig', { '/usr/bin/rig': programWith('</etc/rig/rig.conf>') }, { Depends: 'rig-config' });
  const files = ['conf.d/first.conf', 'extra/site.cfg', 'extra/unused.cfg', 'other.d/last.conf'].map((name) => `/etc/rig/${name}`);
  root.install('rig-config', { '/etc/rig/rig.conf': text, ...Object.fromEntries(files.map((file) => [file, ''])) }, { Source: 'config' });
  expect(data()).toEqual([...files.slice(0, 1), '/etc/rig/extra/site.cfg', '/etc/rig/rig.conf', '/usr/bin/rig']);
});
