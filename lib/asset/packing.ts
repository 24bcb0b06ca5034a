/**
 * Packs plans in a separate process, because a construct is synchronous and compression is not. Meanwhile, the app makes other constructs.
 *
 * One process packs all layers that an app makes in a row. It is started before the first layer is planned. While a layer is planned,
 * the process compresses files that the layer may contain.
 */
import * as path from 'path';
import { setImmediate } from 'timers';
import type { Answer, FilesAhead, PackedZip, Packing } from '../pack/process';
import { packedPlan, type Plan } from '../plan/layout/plan';
import { AnsweringChild, EndedError } from '../process/answering-child';
import { nodeEnvironment } from '../process/environment';
import { ownFile, PACK } from '../process/own-file';
import type { RootPath } from '../root/paths';

let packer: AnsweringChild | undefined;
/** Paths on this machine of the files that the packing process compresses ahead. */
let foreseen = new Set<string>();

/**
 * Starts the packing process unless it is running. Layers that the app makes without returning to the event loop share it. When the
 * event loop continues, this process waits for their zips and then ends the packing process.
 */
export function startPacking(): AnsweringChild {
  if (packer) return packer;
  packer = new AnsweringChild([ownFile(PACK)], nodeEnvironment());
  setImmediate(() => {
    StartedZip.waitForAll();
    endPacking();
  }).unref();
  return packer;
}

function endPacking(): void {
  packer?.end();
  packer = undefined;
  foreseen = new Set();
}

/**
 * Lets the packing process compress files that the next layer may contain.
 *
 * @param root the location of the root that contains the files: see `openRoot`
 * @param files resolved paths of the files in this root
 */
export function foresee(root: string, files: readonly RootPath[]): void {
  const ahead = files.filter((real) => !foreseen.has(path.join(root, real)));
  if (ahead.length === 0) return;
  for (const real of ahead) foreseen.add(path.join(root, real));
  startPacking().tell(JSON.stringify({ ahead, root } satisfies FilesAhead));
}

/** A zip that the packing process writes while this thread continues. */
export class StartedZip {
  /** in the order in which the packing process writes them */
  private static readonly unanswered: StartedZip[] = [];

  /** Waits for all zips that the packing process still writes. */
  public static waitForAll(): void {
    StartedZip.unanswered.at(-1)?.answer();
  }

  private readonly line: string;
  private read: () => string;
  private answered?: Answer;

  /** @param file where the zip is written, complete or not at all */
  constructor(plan: Plan, file: string) {
    this.line = JSON.stringify({ plan: packedPlan(plan), file: path.resolve(file), isKept: true } satisfies Packing);
    this.read = startPacking().ask(this.line);
    StartedZip.unanswered.push(this);
  }

  /** Waits until the zip is complete. @throws Error if packing fails */
  public wait(): PackedZip {
    const { packed, problem } = this.answer();
    if (packed) return packed;
    throw new Error(`packing failed, nothing was written: ${problem}`);
  }

  private answer(): Answer {
    const { unanswered } = StartedZip;
    while (this.answered === undefined) unanswered.shift()!.readAnswer();
    return this.answered;
  }

  private readAnswer(): void {
    try {
      this.answered = JSON.parse(this.read()) as Answer;
    } catch (error) {
      if (!(error instanceof EndedError)) throw error;
      this.answered = { problem: `the packing process ended${error.message && `: ${error.message.trim()}`}` };
      endPacking();
      // a new process writes the zips that the ended one has not begun
      for (const zip of StartedZip.unanswered) zip.read = startPacking().ask(zip.line);
    }
  }
}
