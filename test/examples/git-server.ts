/**
 * An HTTPS server with one Git repository and its own certificate authority.
 */
import { execFileSync, spawn } from 'child_process';
import { once } from 'events';
import * as fs from 'fs';
import type { IncomingMessage, ServerResponse } from 'http';
import * as https from 'https';
import type { AddressInfo } from 'net';
import * as path from 'path';

export class GitServer {
  /**
   * @param directory an empty directory, in which `authority.pem` is written
   * @param files the files of the only commit, on the branch main
   */
  public static async start(directory: string, files: Record<string, string>): Promise<GitServer> {
    const run = (command: string, ...options: string[]) => execFileSync(command, options, { cwd: directory, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    run('openssl', 'req', '-x509', ...key, '-days', '2', '-subj', '/CN=Test', '-keyout', 'authority.key', '-out', 'authority.pem');
    run('openssl', 'req', ...key, '-subj', '/CN=127.0.0.1', '-keyout', 'server.key', '-out', 'server.csr');
    fs.writeFileSync(path.join(directory, 'names'), 'subjectAltName=IP:127.0.0.1\n');
    run('openssl', 'x509', '-req', '-in', 'server.csr', '-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-days', '2',
      '-extfile', 'names', '-out', 'server.pem');

    const git = (...options: string[]) => run('git', '-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...options);
    git('init', '-q', '-b', 'main', 'work');
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(directory, 'work', name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, content);
    }
    git('-C', 'work', 'add', '.');
    git('-C', 'work', 'commit', '-q', '-m', 'First commit');
    git('clone', '-q', '--bare', 'work', 'repository.git');

    const read = (name: string) => fs.readFileSync(path.join(directory, name));
    const server = https.createServer({ key: read('server.key'), cert: read('server.pem') }, (request, response) => {
      backend(directory, request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new GitServer(server, path.join(directory, 'authority.pem'));
  }

  private constructor(private readonly server: https.Server, public readonly authority: string) {}

  public get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}/repository.git`;
  }

  public stop(): void {
    this.server.close();
  }
}

/** Answers with the output of `git http-backend`, a CGI program (RFC 3875). */
function backend(directory: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url!, 'https://127.0.0.1');
  const cgi = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
    },
  });
  request.pipe(cgi.stdin);
  const output: Buffer[] = [];
  cgi.stdout.on('data', (data) => output.push(data));
  cgi.on('close', () => {
    const answer = Buffer.concat(output);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer.subarray(0, end).toString().split('\r\n').map((line) => line.split(': ') as [string, string]);
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
    response
      .writeHead(parseInt(status, 10), Object.fromEntries(headers.filter(([name]) => name !== 'Status')))
      .end(answer.subarray(end + 4));
  });
}
