import { find, Packaged, programWith } from '../collect/packaged';
import { plan } from '../plan/make';

const KEY = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith() });
  root.write({
    '/srv/app/main.py': 'print()',
    '/srv/app/.git/config': '[remote]',
    '/srv/app/.env': 'A=b',
    '/srv/app/.env.local': 'A=b',
    '/srv/app/.npmrc': '_authToken=x',
    '/srv/app/.netrc': 'machine x',
    '/srv/app/.aws/credentials': '[default]',
    '/srv/app/tls.pem': KEY,
    '/srv/app/id_ed25519': 'x',
    '/srv/app/id_ed25519.pub': 'x',
    '/srv/app/store.p12': 'x',
    '/srv/app/cert.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  });
});

const request = (...include: string[]) => ({ detectData: true, include, cwd: '/srv/app' });
const PUBLIC = ['cert.pem', 'id_ed25519.pub', 'main.py'];

/** The files of the project in the layer, relative to its directory. */
function project(...include: string[]): string[] {
  return find(root, 'rig', request(...include))
    .data.filter((file) => file !== '/usr/bin/rig')
    .map((file) => file.replace(/^.*\/app\//, ''));
}

test.each(['.', '/srv/app', '/srv', '*', '**'])(
  "credentials and private keys are skipped in what include: ['%s'] names, with a warning",
  (pattern) => {
    expect(project(pattern)).toEqual(PUBLIC);
    const { notices } = plan(root, 'rig', request(pattern));
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/^files that may hold credentials are skipped: .*; list a file individually in include to pack it$/);
    for (const name of ['.git', '.env', '.env.local', '.npmrc', '.netrc', '.aws', 'id_ed25519', 'store.p12']) {
      expect(notices[0]).toContain(`/srv/app/${name} (${name} often holds credentials)`);
    }
    expect(notices[0]).toContain('/srv/app/tls.pem (it contains a private key)');
  },
);

test('a glob does not enter a directory with credentials', () => {
  expect(project('**/{con*,main*}')).toEqual(['main.py']);
});

test.each([['.env', '.env'], ['tls.pem', 'tls.pem'], ['.aws', '.aws/credentials'], ['.git/config', '.git/config']])(
  '%s is packed if include lists it individually', (name, packed) => {
    expect(project(name)).toEqual([packed]);
    expect(project('.', name)).toEqual([...PUBLIC, packed].sort());
    expect(plan(root, 'rig', request('.', name)).notices[0]).not.toContain(`/srv/app/${name} `);
  });

test('a glob that matches only credentials is an error that says how to pack them', () => {
  expect(() => find(root, 'rig', request('.env*'))).toThrow(
    /^include '\.env\*' matches only files that may hold credentials \(\/srv\/app\/\.env, \/srv\/app\/\.env\.local\): list them individually to pack them$/,
  );
});
