import { createHash } from 'crypto';
import type { Fields } from '../collect/packaged';
import { find, Packaged, programWith } from '../collect/packaged';
import { plan } from '../plan/make';

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n';
const CATALOG =
  '<?xml version="1.0"?>\n<!DOCTYPE catalog PUBLIC "-//OASIS//DTD XML Catalogs V1.0//EN"\n  "file:///x">\n<catalog xmlns="urn:x"/>\n';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

/** A program that mentions paths. */
function rig(...mentioned: string[]): void {
  root.install('rig', { '/usr/bin/rig': programWith(mentioned.map((file) => `<${file}>`).join('')) }, { Depends: 'conf' });
}

/** A package with a configuration file, as dpkg records it. */
function conf(files: Record<string, string>, fields: Fields = {}): void {
  const conffiles = Object.entries(files).map(([file, text]) => `\n ${file} ${md5(text)}`).join('');
  root.install('conf', files, { ...fields, Conffiles: conffiles });
}

const notices = (include: string[] = []) => plan(root, 'rig', { detectData: true, include }).notices;

describe('configuration of the machine is skipped with a notice:', () => {
  test.each(['/etc/gitconfig', '/etc/odbc.ini', '/etc/mysql/conf.d/client.cnf', '/etc/krb5.conf', '/etc/ldap/ldap.conf'])(
    '%s, which no package owns',
    (file) => {
      rig(file);
      root.write({ [file]: 'password = secret\n' });
      expect(find(root).data).toEqual(['/usr/bin/rig']);
      expect(notices()).toEqual([
        `configuration of this machine is not packed: ${file} (no package owns it, and no known tool has generated it); name a file ` +
          'in include to pack it',
      ]);
    },
  );

  test('a file that no package owns, in a directory that a package owns and the program mentions', () => {
    rig('/etc/mysql/conf.d');
    conf({ '/etc/mysql/conf.d/mysql.cnf': '[mysql]\n' });
    root.write({ '/etc/mysql/conf.d/local.cnf': '[client]\npassword=secret\n' });
    expect(find(root).data).toEqual(['/etc/mysql/conf.d/mysql.cnf', '/usr/bin/rig']);
    expect(find(root).skipped.get('/etc/mysql/conf.d/local.cnf')).toBe(
      'configuration of this machine: no package owns it, and no known tool has generated it',
    );
  });

  test('a private key, even if it is among certificates and world-readable', () => {
    rig('/etc/ssl/site.key', '/etc/ssl/both.pem');
    root.write({ '/etc/ssl/site.key': KEY, '/etc/ssl/both.pem': CERTIFICATE + KEY });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
    expect(notices()).toEqual([expect.stringMatching(/\/etc\/ssl\/site\.key .*, \/etc\/ssl\/both\.pem /)]);
  });

  test('a conffile that was edited', () => {
    rig('/etc/wgetrc');
    conf({ '/etc/wgetrc': 'passive_ftp = on\n' });
    root.write({ '/etc/wgetrc': 'http_password = secret\n' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
    expect(notices()).toEqual([expect.stringContaining('/etc/wgetrc (changed since the package conf was installed)')]);
  });

  test('another file of a package that was edited', () => {
    rig('/etc/conf/one');
    root.install('conf', { '/etc/conf/one': 'edited\n' });
    root.write({ '/var/lib/dpkg/info/conf.md5sums': `${md5('original\n')}  etc/conf/one\n` });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test('but files that include names are packed, without a notice', () => {
    rig('/etc/gitconfig');
    root.write({ '/etc/gitconfig': '[user]\n' });
    expect(find(root, 'rig', { include: ['/etc/gitconfig'] }).data).toEqual(['/etc/gitconfig', '/usr/bin/rig']);
    expect(notices(['/etc/gitconfig'])).toEqual([]);
  });
});

test.each(['/var/lib/dbus/machine-id', '/var/lib/cloud/instance/user-data.txt', '/etc/machine-info', '/etc/ssh/ssh_host_rsa_key.pub'])(
  'the identity of the machine is not packed: %s', (file) => {
    rig(file);
    root.write({ [file]: 'b08dfa6083e7567a1921a715000001fb\n' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

describe('configuration that says nothing about the machine is packed:', () => {
  const isPacked = (file: string) => expect([find(root).data, notices()]).toEqual([expect.arrayContaining([file]), []]);

  test('a conffile with the checksum of its package, even if it is obsolete', () => {
    rig('/etc/conf/one', '/etc/conf/a b');
    root.install(
      'conf',
      { '/etc/conf/one': 'x\n', '/etc/conf/a b': 'y\n' },
      { Conffiles: `\n /etc/conf/one ${md5('x\n')} obsolete\n /etc/conf/a b ${md5('y\n')}` },
    );
    isPacked('/etc/conf/one');
  });

  test('another file with the checksum of its package', () => {
    rig('/etc/conf/one');
    root.install('conf', { '/etc/conf/one': 'x\n' });
    root.write({ '/var/lib/dpkg/info/conf.md5sums': `${md5('x\n')}  etc/conf/one\n` });
    isPacked('/etc/conf/one');
  });

  test('a file of a package that records no checksum', () => {
    rig('/etc/conf/one');
    root.install('conf', { '/etc/conf/one': 'x\n' });
    isPacked('/etc/conf/one');
  });

  test('a copy of a file of a package with the same name', () => {
    rig('/etc/profile');
    root.install('conf', { '/usr/share/conf/profile': 'umask 022\n' });
    root.write({ '/etc/profile': 'umask 022\n', '/var/lib/dpkg/info/conf.md5sums': `${md5('umask 022\n')}  usr/share/conf/profile\n` });
    isPacked('/etc/profile');
  });

  test('a copy of a file, with another name, of the package that owns the directory', () => {
    rig('/etc/conf/cli/conf.ini');
    root.install('conf', { '/etc/conf/cli/other': '', '/usr/lib/conf/conf.ini-production': 'a=b\n' });
    root.write({
      '/etc/conf/cli/conf.ini': 'a=b\n',
      '/var/lib/dpkg/info/conf.md5sums': `${md5('a=b\n')}  usr/lib/conf/conf.ini-production\n`,
    });
    isPacked('/etc/conf/cli/conf.ini');
  });

  test('a file that ucf has installed, with the recorded checksum', () => {
    rig('/etc/R/Renviron');
    root.write({ '/etc/R/Renviron': 'A=b\n', '/var/lib/ucf/hashfile': `${md5('A=b\n')}  /etc/R/Renviron\n` });
    isPacked('/etc/R/Renviron');
    root.write({ '/etc/R/Renviron': 'TOKEN=secret\n' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test.each([
    ['/etc/services', 'https 443/tcp\nrig 4711/udp local # our own\n'],
    ['/etc/protocols', 'ip 0 IP\n# comment\n\nhopopt\t0\tHOPOPT\t# IPv6\n'],
  ])('%s, even if no package owns it: it only lists numbers', (file, text) => {
    rig(file);
    root.write({ [file]: text });
    isPacked(file);
    root.write({ [file]: `${text}password = secret\n` });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test.each([
    ['a bundle of certificates', '/etc/ssl/certs/ca-certificates.crt', CERTIFICATE + CERTIFICATE],
    [
      'a bundle of certificates with their names',
      '/etc/pki/tls/certs/bundle.pem',
      `# Some Authority\n${CERTIFICATE}\n# Other Authority\n${CERTIFICATE}`,
    ],
    ['a Java key store with certificates', '/etc/ssl/certs/java/cacerts', '\xfe\xed\xfe\xed'],
    ['an XML catalog', '/etc/xml/catalog', CATALOG],
    [
      'the ODBC drivers that are installed',
      '/etc/odbcinst.ini',
      '[SQLite]\nDescription=SQLite ODBC Driver\nDriver=libsqliteodbc.so\nUsageCount=1\n',
    ],
    [
      'such a list with attributes of a driver',
      '/etc/odbcinst.ini',
      '[PostgreSQL Unicode]\nDriver=psqlodbcw.so\nSetup=libodbcpsqlS.so\nDebug=0\nCommLog=1\nUsageCount=1\n',
    ],
    [
      'the index of SAX parsers',
      '/etc/perl/XML/SAX/ParserDetails.ini',
      '[XML::SAX::PurePerl]\nhttp://xml.org/sax/features/namespaces = 1\n\n',
    ],
    ["TeX's configuration", '/etc/texmf/web2c/texmf.cnf', '%%% This file is automatically generated by update-texmf\nx = y\n'],
    ['the name of a paper size', '/etc/papersize', '# by paperconfig\na4\n'],
    ['an empty file', '/etc/empty', ''],
  ])('%s, in the form that its tool generates', (_, file, text) => {
    rig(file);
    root.write({ [file]: Buffer.from(text, 'latin1') });
    isPacked(file);
  });

  test('a link of update-alternatives to a file of a package', () => {
    rig('/etc/alternatives/tool.conf');
    conf({ '/etc/conf/tool.conf': 'x\n' });
    root.write({ '/etc/alternatives/tool.conf': { link: '/etc/conf/tool.conf' } });
    isPacked('/etc/conf/tool.conf');
  });
});

test.each(['Password=secret', 'Debug=a secret'])('a list of ODBC drivers that may contain a password is not packed: %s', (line) => {
  rig('/etc/odbcinst.ini');
  root.write({ '/etc/odbcinst.ini': `[PostgreSQL]\nDriver=psqlodbcw.so\n${line}\n` });
  expect(find(root).data).toEqual(['/usr/bin/rig']);
});
