/**
 * A registry of images for tests, in a separate process, because the tested code blocks this one.
 */
import { type ChildProcess, spawn } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryDirectory } from '../../fixture';

/** Serves files by the part of the distribution specification that pulling needs. */
const SERVER = `
  const fs = require('fs'), [directory] = process.argv.slice(1);
  require('http').createServer(({ url, method }, answer) => {
    fs.appendFileSync(directory + '/log', method + ' ' + url + '\\n');
    const [, kind, name] = /^\\/v2\\/image\\/(manifests|blobs)\\/([\\w:]+)$/.exec(url) ?? [];
    const file = directory + '/' + kind + '/' + name;
    if (url === '/v2/') return answer.end('{}');
    if (!fs.existsSync(file)) return answer.writeHead(404).end();
    const bytes = fs.readFileSync(file);
    const type = kind === 'manifests' ? JSON.parse(bytes).mediaType : 'application/octet-stream';
    answer.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length }).end(method === 'HEAD' ? undefined : bytes);
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

export class Registry {
  private readonly directory = temporaryDirectory();
  private server?: ChildProcess;
  /** of its images, without tag */
  public name = '';

  public async start(): Promise<void> {
    for (const kind of ['manifests', 'blobs']) fs.mkdirSync(path.join(this.directory, kind));
    this.server = spawn(process.execPath, ['-e', SERVER, this.directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await new Promise((resolve) => this.server!.stdout!.once('data', (text) => resolve(String(text).trim())));
    this.name = `127.0.0.1:${port}/image`;
  }

  public stop(): void {
    this.server?.kill();
  }

  /** The number of requests for the manifest of a name. */
  public pulls(tag: string): number {
    return fs
      .readFileSync(path.join(this.directory, 'log'), 'utf8')
      .split('\n')
      .filter((line) => line.endsWith(` /v2/image/manifests/${tag}`)).length;
  }

  /** Images for several platforms with one name, each with one layer. */
  public push(tag: string, layers: Readonly<Record<string, Buffer>>): void {
    const manifests = Object.entries(layers).map(([architecture, layer]) => ({
      ...this.pushOne(architecture, layer),
      platform: { os: 'linux', architecture },
    }));
    const type = 'application/vnd.oci.image.index.v1+json';
    this.tag(tag, this.add('manifests', { schemaVersion: 2, mediaType: type, manifests }, type));
  }

  /** An image for one platform, which is returned for every requested platform. */
  public pushAlone(tag: string, architecture: string, layer: Buffer): void {
    this.tag(tag, this.pushOne(architecture, layer));
  }

  private tag(tag: string, { digest }: { digest: string }): void {
    fs.copyFileSync(path.join(this.directory, 'manifests', digest), path.join(this.directory, 'manifests', tag));
  }

  private pushOne(architecture: string, layer: Buffer) {
    const pushed = this.add('blobs', layer, 'application/vnd.oci.image.layer.v1.tar');
    const description = { architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [pushed.digest] } };
    const config = this.add('blobs', description, 'application/vnd.oci.image.config.v1+json');
    const type = 'application/vnd.oci.image.manifest.v1+json';
    return this.add('manifests', { schemaVersion: 2, mediaType: type, config, layers: [pushed] }, type);
  }

  private add(kind: 'manifests' | 'blobs', content: Buffer | object, mediaType: string) {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    fs.writeFileSync(path.join(this.directory, kind, digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }
}
