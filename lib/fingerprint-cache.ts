/**
 * What an unchanged source is known to give: the fingerprint of a request's plan, with every look at the file
 * system that it rests on. As long as none of them would see anything else, nothing has to be parsed.
 *
 * The file is never needed for a right answer: what cannot be read or written is passed over.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import { homedir } from 'os';
import * as path from 'path';
import { Machine } from './elf';
import { LayerRequest } from './layer/layer';
import { RULES_VERSION } from './layer/plan';
import { Looks, Root } from './root/root';

export interface Fingerprint {
  /** of the plan */
  readonly fingerprint: string;
  readonly machine: Machine;
  readonly looks: Looks;
}

export class FingerprintCache {
  private readonly file: string;

  constructor(private readonly root: string, request: LayerRequest) {
    const name = createHash('sha256').update(JSON.stringify([RULES_VERSION, root, request])).digest('hex').slice(0, 32);
    this.file = path.join(cacheDirectory(), `${name}.json`);
  }

  /** What is known, if it still holds. */
  public read(): Fingerprint | undefined {
    let known: Fingerprint;
    try {
      known = JSON.parse(fs.readFileSync(this.file, 'utf8'));
    } catch {
      return undefined;
    }
    return Root.unchanged(this.root, known.looks) ? known : undefined;
  }

  public write(fingerprint: Fingerprint): void {
    const temporary = `${this.file}.${process.pid}`;
    try {
      fs.mkdirSync(path.dirname(this.file), { recursive: true });
      fs.writeFileSync(temporary, JSON.stringify(fingerprint));
      fs.renameSync(temporary, this.file);
    } catch {
      fs.rmSync(temporary, { force: true });
    }
  }
}

/** XDG Base Directory Specification; `~/Library/Caches` on macOS. */
function cacheDirectory(): string {
  const base = process.env.XDG_CACHE_HOME || (process.platform === 'darwin' ? path.join(homedir(), 'Library', 'Caches') : path.join(homedir(), '.cache'));
  return path.join(base, 'cdk-binary-layer');
}
