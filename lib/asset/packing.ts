/**
 * Packs plans in a process of its own, and waits for it: a construct is synchronous, and compression is not.
 *
 * One process packs all layers that an app makes in a row. It is started before the first layer is planned. While a layer is planned,
 * it compresses files that the layer may contain.
 */
import * as path from 'path';
import { setImmediate } from 'timers';
import type { Answer, FilesAhead, PackedZip, Packing } from '../pack/process';
import type { Plan } from '../plan/layout/plan';
import { AnsweringChild, EndedError } from '../process/answering-child';
import { nodeEnvironment } from '../process/environment';
import { ownFile, PACK } from '../process/own-file';
import type { RootPath } from '../root/paths';

let packer: AnsweringChild | undefined;
/** Paths on this machine of the files that the packing process compresses ahead. */
let foreseen = new Set<string>();

/** Starts the packing process unless it is running. It is ended when the event loop continues, after all layers that are made in a row. */
export function startPacking(): AnsweringChild {
  if (packer) return packer;
  packer = new AnsweringChild([ownFile(PACK)], nodeEnvironment());
  setImmediate(endPacking).unref();
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
 * @param root the location of their root: see `openRoot`
 * @param files their resolved paths in it
 */
export function foresee(root: string, files: readonly RootPath[]): void {
  const ahead = files.filter((real) => !foreseen.has(path.join(root, real)));
  if (ahead.length === 0) return;
  for (const real of ahead) foreseen.add(path.join(root, real));
  startPacking().tell(JSON.stringify({ ahead, root } satisfies FilesAhead));
}

/**
 * @param file where the zip is written, complete or not at all
 * @throws Error if packing fails
 */
export function packZip(plan: Plan, file: string): PackedZip {
  const { packed, problem } = answerTo({ plan, file: path.resolve(file) });
  if (packed) return packed;
  throw new Error(`packing failed, nothing was written: ${problem}`);
}

function answerTo(packing: Packing): Answer {
  try {
    return JSON.parse(startPacking().ask(JSON.stringify(packing))) as Answer;
  } catch (error) {
    if (!(error instanceof EndedError)) throw error;
    endPacking(); // the next layer gets a new process
    return { problem: `the packing process ended${error.message && `: ${error.message.trim()}`}` };
  }
}
