/**
 * Layers with compressed files, written byte by byte, and sandboxes in which their launcher runs.
 */
import { spawn, type SpawnSyncReturns, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { crc32, deflateRawSync } from 'zlib';
import { temporaryDirectory } from '../fixture';

export const KEY = '0123abcd';
export const TREE = `/tmp/elf-${KEY}`;

export interface Compressed {
  readonly content: Buffer;
  readonly mode?: number;
  readonly deflate?: (chunk: Buffer) => Buffer;
  readonly chunkSize?: number;
}

/** A compressed file, by the description of the format in lib/pack/compressed.ts. */
export function compressedFile({
  content,
  mode = 0o644,
  deflate = (chunk) => deflateRawSync(chunk),
  chunkSize = 65_536,
}: Compressed): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < content.length; at += chunkSize) chunks.push(content.subarray(at, at + chunkSize));
  const packed = chunks.map(deflate);
  const numbers = [
    mode,
    chunkSize,
    chunks.length,
    content.length,
    0,
    ...chunks.flatMap((chunk, index) => [packed[index].length, crc32(chunk)]),
  ];
  const described = Buffer.from(new Uint32Array(numbers).buffer);
  const crc = Buffer.from(new Uint32Array([crc32(described)]).buffer);
  return Buffer.concat([Buffer.from('elfpack1'), crc, described, ...packed]);
}

/** A layer for `/opt`, and a directory for `/tmp`. */
export class CompressedLayer {
  public readonly opt = temporaryDirectory();
  public readonly tmp = temporaryDirectory();
  private readonly directories = new Set<string>();
  private readonly records = new Map<string, string>();

  /** @param machine of the launcher */
  constructor(private readonly machine = 'x86_64') {}

  public locate(file: string): string {
    return path.join(this.opt, 'elf', KEY, file);
  }

  /** Adds a file; call it for a compressed one first, so that the others in its directory are listed. */
  public file(file: string, content: Buffer | string, mode = 0o755): void {
    this.write(file, content, mode);
    let top = file;
    while (path.dirname(top) !== '.' && !this.directories.has(path.dirname(top))) top = path.dirname(top);
    this.records.set(top, this.records.get(top) ?? `l ${top}`);
  }

  public compressed(file: string, compressed: Compressed): void {
    for (let at = path.dirname(file); at !== '.'; at = path.dirname(at)) {
      this.directories.add(at);
      this.records.set(at, `d ${at}`);
    }
    this.records.set(file, `f ${file}`);
    this.write(`compressed/${file}`, compressedFile(compressed), 0o644);
    this.link(file, `${TREE}/${file}`);
  }

  /** Makes the launcher start a program. */
  public start(program: string): void {
    const launcher = path.join(path.dirname(program), `.start-${path.basename(program)}`);
    this.write(launcher, fs.readFileSync(path.join(__dirname, '..', '..', 'launcher', `launcher-${this.machine}`)), 0o755);
    fs.mkdirSync(path.join(this.opt, 'bin'), { recursive: true });
    fs.symlinkSync(`../elf/${KEY}/${launcher}`, path.join(this.opt, 'bin', path.basename(program)));
    const list = [...this.records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => `${record}\0`);
    this.write('compressed/list', list.join(''), 0o644);
  }

  /** The files in `/tmp`, or in a directory below it. */
  public inTmp(directory = '.'): string[] {
    return fs.readdirSync(path.join(this.tmp, directory)).sort();
  }

  /** Runs a shell command with the layer. */
  public run(command: string, tmp: readonly string[] = ['--bind', this.tmp, '/tmp']): SpawnSyncReturns<string> {
    const ended = spawnSync('bwrap', [...this.options(tmp), 'bash', '-c', command], { encoding: 'utf8' });
    if (ended.error) throw ended.error;
    return ended;
  }

  /** Starts a shell command with the layer, without waiting for its end. */
  public runAlong(command: string): Promise<string> {
    const child = spawn('bwrap', [...this.options(['--bind', this.tmp, '/tmp']), 'bash', '-c', command]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => resolve(output));
    });
  }

  private options(tmp: readonly string[]): string[] {
    const system = ['--unshare-user', '--uid', '993', '--gid', '990', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'];
    return [...system, '--ro-bind', this.opt, '/opt', ...tmp, '--chdir', '/tmp', '--die-with-parent'];
  }

  private write(file: string, content: Buffer | string, mode: number): void {
    fs.mkdirSync(path.dirname(this.locate(file)), { recursive: true });
    fs.writeFileSync(this.locate(file), content);
    fs.chmodSync(this.locate(file), mode);
  }

  private link(file: string, target: string): void {
    fs.mkdirSync(path.dirname(this.locate(file)), { recursive: true });
    fs.symlinkSync(target, this.locate(file));
  }
}
