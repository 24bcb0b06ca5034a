/**
 * HTTPS from the layer: curl and git of this machine verify a server only by the CA bundle in the layer.
 */
import type { ChildProcess } from 'child_process';
import { execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { type PlannedLayer, planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { Fixture, temporaryDirectory } from '../fixture';
import { lambda, written } from '../plan/make';
import { request } from '../plan/request';

const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** Serves the files of a directory in a separate process, because the tests block this one. */
const SERVER = `
  const [directory, key, cert] = process.argv.slice(1);
  const fs = require('fs');
  const server = require('https').createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (request, response) => {
    const file = directory + request.url.replace(/[?].*/, '');
    const found = fs.existsSync(file) && fs.statSync(file).isFile();
    response.writeHead(found ? 200 : 404).end(found ? fs.readFileSync(file) : '');
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;

const work = temporaryDirectory();
const inWork = (name: string) => path.join(work, name);
let server: ChildProcess;
let port: string;

const openssl = (...command: string[]) => execFileSync('openssl', command, { cwd: work, stdio: 'pipe' });

function authority(name: string): void {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  );
}

beforeAll(async () => {
  authority('known');
  authority('unknown');
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
  );
  fs.writeFileSync(inWork('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:false\nextendedKeyUsage=serverAuth\n');
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'known.pem',
    '-CAkey',
    'known.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'names',
    '-out',
    'server.pem',
  );

  fs.mkdirSync(inWork('site'));
  fs.writeFileSync(inWork('site/greeting'), 'hello\n');
  const git = (...command: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...command], { cwd: work, stdio: 'pipe' });
  git('init', '-q', '-b', 'main', 'repository');
  git('-C', 'repository', 'commit', '-q', '--allow-empty', '-m', 'first');
  git('clone', '-q', '--bare', 'repository', 'site/repository.git');
  git('-C', 'site/repository.git', 'update-server-info');

  server = spawn(process.execPath, ['-e', SERVER, inWork('site'), inWork('server.key'), inWork('server.pem')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  port = await new Promise((resolve) => server.stdout!.once('data', (data: Buffer) => resolve(data.toString().trim())));
});

afterAll(() => {
  server?.kill();
});

const root = new DirectoryRoot('/');
const [curlLayer, gitLayer] = ['curl', 'git'].map((binary) => planLayer(root, request(binary, { detectData: true })));

/** A layer of this machine's program, whose CA bundle has one more authority. */
async function layerOf(planned: PlannedLayer): Promise<(known: string, command: readonly string[]) => ReturnType<typeof lambda>> {
  const opt = await written(planned);
  const bundle = path.join(opt, 'elf', planned.plan.key, BUNDLE);
  const authorities = fs.readFileSync(bundle, 'utf8');
  // a host that trusts the server: the layer must not use its bundle
  const host = new Fixture();
  host.write({ [BUNDLE]: fs.readFileSync(inWork('known.pem')), '/usr/lib/ssl/cert.pem': fs.readFileSync(inWork('known.pem')) });
  return (known, command) => {
    fs.writeFileSync(bundle, authorities + fs.readFileSync(inWork(`${known}.pem`), 'utf8'));
    return lambda(opt, command, host);
  };
}

test('the bundle of certificates that curl and git use is a complete copy of the source\'s', () => {
  for (const { plan } of [curlLayer, gitLayer]) {
    const bundle = plan.entries.find((entry) => entry.path === BUNDLE);
    expect(bundle).toMatchObject({ kind: 'file', real: BUNDLE, size: fs.statSync(BUNDLE).size });
  }
});

test('curl gets a page from a server if the layer has the certificate of its authority, and not otherwise', async () => {
  const run = await layerOf(curlLayer);
  const command = ['curl', '-sS', '--max-time', '20', `https://localhost:${port}/greeting`];
  expect(run('known', command)).toMatchObject({ status: 0, stdout: 'hello\n', stderr: '' });
  expect(run('unknown', command)).toMatchObject({ status: 60, stdout: '' });
});

test('git lists the branches of a server if the layer has the certificate of its authority, and not otherwise', async () => {
  const run = await layerOf(gitLayer);
  const command = ['git', 'ls-remote', `https://localhost:${port}/repository.git`];
  expect(run('known', command)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^[0-9a-f]{40}\trefs\/heads\/main$/m) });
  expect(run('unknown', command)).toMatchObject({ status: 128, stderr: expect.stringMatching(/certificate/) });
});
