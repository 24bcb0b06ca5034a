/**
 * The fingerprint of a layer's plan, stored with every look at the file system that the plan depends on (see looks.ts). As long as
 * each look would still have the same result, nothing is parsed or planned again.
 *
 * If the file with the fingerprint cannot be read or written, the fingerprint is computed again.
 */
import * as fs from 'fs';
import * as path from 'path';
import { stages } from './on-demand';
import type { Machine } from '../elf';
import { MACHINES } from '../loader/machine';
import { RULES_VERSION } from '../plan/layout/plan';
import type { LayerRequest } from '../plan/plan-layer';
import { cachedFile, makeCacheDirectory, readCached } from '../process/cache-directory';
import { writeWhole } from '../process/whole-file';
import { type Looks, unchanged } from '../root/looks';
import type { Opened, Trace } from '../trace/log';
import type { KnownOutcome } from '../workload/slim';
import type { Workload } from '../workload/workload';

export interface Fingerprint {
  /** of the plan: 64 hexadecimal digits */
  readonly fingerprint: string;
  /** bytes of `/tmp` that the layer's compressed files take in a function */
  readonly temporaryBytes: number;
  readonly machine: Machine;
  /** files that the trace commands opened: the commands do not run again as long as `looks` are unchanged */
  readonly traced: Trace;
  readonly looks: Looks;
  /** only for a layer with a workload */
  readonly slim?: KnownSlim;
}

/** The inputs of a slim layer's fingerprint other than the source. */
export interface KnownSlim {
  /** the files that the commands use: the commands do not run again while this is valid; absent if a lock lists the files */
  readonly known?: KnownOutcome;
  /** the record of looks at the directory that is mounted at `/var/task` for the commands */
  readonly files: Looks;
  /** the text of the lock, `''` for none */
  readonly lock: string;
}

/** The directory of the kept fingerprints, below the cache directory. */
export const FINGERPRINTS = 'fingerprint';

export class FingerprintCache {
  private readonly file: string;

  constructor(private readonly root: string, request: LayerRequest, private readonly workload?: Workload) {
    const key = [RULES_VERSION, root, request, ...(workload ? [workload] : [])];
    this.file = `${cachedFile(FINGERPRINTS, JSON.stringify(key))}.json`;
  }

  /** The kept fingerprint, if the source, the files of the workload and the lock have not changed. */
  public read(): Fingerprint | undefined {
    const known = this.last();
    try {
      return known && unchanged(this.root, known.looks) && this.isSameWorkload(known) ? known : undefined;
    } catch {
      return undefined;
    }
  }

  /** The kept fingerprint, whatever has changed since. */
  public last(): Fingerprint | undefined {
    try {
      const known = JSON.parse(readCached(this.file) ?? 'null');
      return isFingerprint(known) ? known : undefined;
    } catch {
      return undefined;
    }
  }

  private isSameWorkload({ slim }: Fingerprint): boolean {
    const { workload } = this;
    if (workload === undefined) return true;
    if (slim === undefined || lockText(workload) !== slim.lock) return false;
    return workload.files === undefined || unchanged(workload.files, slim.files);
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

/** The present state of the inputs of a workload other than the source: its files and its lock. */
export function stateOf(workload: Workload): Omit<KnownSlim, 'known'> {
  return { files: workload.files === undefined ? {} : looksAt(workload.files), lock: lockText(workload) };
}

/** Looks at every file of a directory; links are not followed. */
function looksAt(directory: string): Looks {
  const root = stages().roots().openRoot(directory);
  const walk = (real: string) => {
    root.stamp(real);
    if (root.status(real)?.type !== 'directory') return;
    for (const name of root.names(real)) walk(path.posix.join(real, name));
  };
  walk('/');
  return root.looks();
}

function lockText({ lock }: Workload): string {
  return lock !== undefined && fs.existsSync(lock) ? fs.readFileSync(lock, 'utf8') : '';
}

/** Checks a fingerprint from a file, which may have been truncated or edited. */
function isFingerprint(known: any): known is Fingerprint {
  return /^[0-9a-f]{64}$/.test(known?.fingerprint) && Object.hasOwn(MACHINES, known.machine) && isTrace(known.traced) &&
    Number.isSafeInteger(known.temporaryBytes) &&
    typeof known.looks === 'object' && known.looks !== null && Object.keys(known.looks).length > 0 &&
    Object.values(known.looks).every((stamp) => typeof stamp === 'string') && (known.slim === undefined || isKnownSlim(known.slim));
}

function isKnownSlim({ known, files, lock }: any): boolean {
  const isTexts = (list: unknown) => Array.isArray(list) && list.every((text) => typeof text === 'string');
  const isOutcome = (outcome: any) => [outcome?.files, outcome?.unread, outcome?.directories].every(isTexts);
  return typeof lock === 'string' && typeof files === 'object' && files !== null && (known === undefined ||
    (typeof known.complete === 'string' && typeof known.workload === 'string' && isOutcome(known.outcome)));
}

function isTrace(traced: any): traced is Trace {
  const isTexts = (list: unknown) => Array.isArray(list) && list.every((text) => typeof text === 'string');
  return Array.isArray(traced?.opened) && traced.opened.every(isOpened) && isTexts(traced.looked) && isTexts(traced.listed);
}

function isOpened(one: any): one is Opened {
  return typeof one?.path === 'string' && ['string', 'undefined'].includes(typeof one.by);
}
