/**
 * What an unchanged source is known to give: the fingerprint of a request's plan, with every look at the file
 * system that it rests on. As long as none of them would see anything else, nothing has to be parsed.
 *
 * The file is never needed for a right answer: what cannot be read or written is passed over.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { Machine } from './elf';
import { MACHINES } from './loader/machine';
import { RULES_VERSION } from './plan/plan';
import { LayerRequest } from './plan/plan-layer';
import { cacheDirectory, makeCacheDirectory, readCached } from './process/cache-directory';
import { writeWhole } from './process/whole-file';
import { Looks, Root } from './root/root';
import type { Opened, Trace } from './trace/log';

export interface Fingerprint {
  /** of the plan */
  readonly fingerprint: string;
  readonly machine: Machine;
  /** by the trace commands, which are not run again as long as it holds */
  readonly traced: Trace;
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
    try {
      const known = JSON.parse(readCached(this.file) ?? 'null');
      return isFingerprint(known) && Root.unchanged(this.root, known.looks) ? known : undefined;
    } catch {
      return undefined;
    }
  }

  /** Forgets what is known. */
  public clear(): void {
    fs.rmSync(this.file, { force: true });
  }

  public write(fingerprint: Fingerprint): void {
    try {
      makeCacheDirectory(path.dirname(this.file));
      writeWhole(this.file, JSON.stringify(fingerprint));
    } catch {
      // the next synth looks again
    }
  }
}

/** What is read back may be from anybody, or cut off. */
function isFingerprint(known: any): known is Fingerprint {
  return /^[0-9a-f]{64}$/.test(known?.fingerprint) && Object.hasOwn(MACHINES, known.machine) && isTrace(known.traced) &&
    typeof known.looks === 'object' && known.looks !== null && Object.keys(known.looks).length > 0 &&
    Object.values(known.looks).every((stamp) => typeof stamp === 'string');
}

function isTrace(traced: any): traced is Trace {
  const isTexts = (list: unknown) => Array.isArray(list) && list.every((text) => typeof text === 'string');
  return Array.isArray(traced?.opened) && traced.opened.every(isOpened) && isTexts(traced.looked) && isTexts(traced.listed);
}

function isOpened(one: any): one is Opened {
  return typeof one?.path === 'string' && ['string', 'undefined'].includes(typeof one.by);
}
