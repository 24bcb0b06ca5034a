/**
 * A local S3 (s3rver) and a local webhook, for functions that run in the sandbox with this machine's network.
 */
import { type ChildProcess, spawn } from 'child_process';
import { once } from 'events';
import * as fs from 'fs';
import * as http from 'http';
import type { AddressInfo } from 'net';
import * as path from 'path';

const S3RVER = path.join(__dirname, '..', '..', 'node_modules', 's3rver', 'bin', 's3rver.js');

export class LocalS3 {
  /** Starts a server with one empty bucket, whose objects are kept in a directory. */
  public static async start(directory: string, bucket: string): Promise<LocalS3> {
    const options = ['--directory', directory, '--address', '127.0.0.1', '--port', '0', '--silent', '--configure-bucket', bucket];
    const server = spawn(process.execPath, [S3RVER, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    for await (const text of server.stdout) {
      printed += text;
      const address = /127\.0\.0\.1:\d+/.exec(printed);
      if (address) return new LocalS3(server, `http://${address[0]}`, bucket);
    }
    throw new Error(`s3rver ended and printed '${printed.trim()}', expected its address`);
  }

  /** Variables by which the AWS SDKs use this server. */
  public readonly environment: Record<string, string>;

  private constructor(private readonly server: ChildProcess, endpoint: string, private readonly bucket: string) {
    this.environment = {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
      // s3rver stores the chunks of checksums as part of the object
      AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
    };
  }

  public async put(key: string, body: Buffer): Promise<void> {
    const response = await fetch(this.url(key), { method: 'PUT', body: new Uint8Array(body) });
    if (!response.ok) throw new Error(`PUT ${key}: ${response.status} ${await response.text()}`);
  }

  /** The content of an object and its type; undefined if there is none. */
  public async get(key: string): Promise<{ body: Buffer; type: string | null } | undefined> {
    const response = await fetch(this.url(key));
    if (response.status === 404) return undefined;
    return { body: Buffer.from(await response.arrayBuffer()), type: response.headers.get('content-type') };
  }

  /** The keys in the bucket, sorted. */
  public async keys(): Promise<string[]> {
    const xml = await (await fetch(this.url(''))).text();
    return [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key);
  }

  /** Deletes all objects. */
  public async clear(): Promise<void> {
    for (const key of await this.keys()) {
      const response = await fetch(this.url(key), { method: 'DELETE' });
      if (!response.ok) throw new Error(`DELETE ${key}: ${response.status} ${await response.text()}`);
    }
  }

  public async stop(): Promise<void> {
    this.server.kill();
    await once(this.server, 'exit');
  }

  private url(key: string): string {
    return `${this.environment.AWS_ENDPOINT_URL_S3}/${this.bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  }
}

/** The event that S3 sends when an object is created, as in "Event message structure" of the S3 User Guide. */
export function createdEvent(bucket: string, key: string, size: number): object {
  const encoded = key.split('/').map((part) => encodeURIComponent(part).replace(/%20/g, '+')).join('/');
  return {
    Records: [{
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: 'us-east-1',
      eventName: 'ObjectCreated:Put',
      s3: {
        s3SchemaVersion: '1.0',
        bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
        object: { key: encoded, size, sequencer: '0055AED6DCD90281E5' },
      },
    }],
  };
}

export interface WebhookRequest {
  readonly method?: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: any;
}

/** Keeps the requests that it receives. Answers with `status`. */
export class Webhook {
  public static async start(): Promise<Webhook> {
    const webhook = new Webhook();
    webhook.server.listen(0, '127.0.0.1');
    await once(webhook.server, 'listening');
    return webhook;
  }

  public status = 200;
  public requests: WebhookRequest[] = [];

  private readonly server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      this.requests.push({ method: request.method, headers: request.headers, body: JSON.parse(Buffer.concat(parts).toString()) });
      response.writeHead(this.status).end();
    });
  });

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  public stop(): void {
    this.server.close();
  }
}

/** An empty directory for a server's files. */
export function emptyDirectory(parent: string, name: string): string {
  const directory = path.join(parent, name);
  fs.mkdirSync(directory);
  return directory;
}
