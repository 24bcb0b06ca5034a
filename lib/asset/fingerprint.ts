/**
 * The fingerprint of a layer's plan, kept with every look at the file system that it depends on. While each of them
 * would still see the same, nothing is parsed and planned again.
 *
 * A fingerprint that cannot be read or written is computed again.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import type { Machine } from '../elf';
import { MACHINES } from '../loader/machine';
import { RULES_VERSION } from '../plan/plan';
import type { LayerRequest } from '../plan/plan-layer';
import { cacheDirectory, makeCacheDirectory, readCached } from '../process/cache-directory';
import { writeWhole } from '../process/whole-file';
import { type Looks, unchanged } from '../root/looks';
import type { Opened, Trace } from '../trace/log';

export interface Fingerprint {
  /** of the plan: 64 hexadecimal digits */
  readonly fingerprint: string;
  readonly machine: Machine;
  /** what the trace commands opened: they are not run again while the looks see the same */
  readonly traced: Trace;
  readonly looks: Looks;
}

/** The directory of the kept fingerprints, below the cache directory. */
export const FINGERPRINTS = 'fingerprint';

export class FingerprintCache {
  private readonly file: string;

  constructor(private readonly root: string, request: LayerRequest) {
    const name = createHash('sha256').update(JSON.stringify([RULES_VERSION, root, request])).digest('hex').slice(0, 32);
    this.file = path.join(cacheDirectory(), FINGERPRINTS, `${name}.json`);
  }

  /** The kept fingerprint, if the source has not changed. */
  public read(): Fingerprint | undefined {
    try {
      const known = JSON.parse(readCached(this.file) ?? 'null');
      return isFingerprint(known) && unchanged(this.root, known.looks) ? known : undefined;
    } catch {
      return undefined;
    }
  }

  public clear(): void {
    fs.rmSync(this.file, { force: true });
  }

  public write(fingerprint: Fingerprint): void {
    try {
      makeCacheDirectory(path.dirname(this.file));
      writeWhole(this.file, JSON.stringify(fingerprint));
    } catch {
      // the next synth computes it again
    }
  }
}

/** The file may have been cut off or edited. */
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
