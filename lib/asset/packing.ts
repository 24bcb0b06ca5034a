/**
 * Packs a plan in a process of its own, and waits for it: a construct is synchronous, and compression is not.
 */
import type { PackedZip } from '../pack/process';
import type { Plan } from '../plan/plan';
import { runChild } from '../process/child';
import { nodeEnvironment } from '../process/environment';
import { ownFile, PACK } from '../process/own-file';

/** In bytes: the process answers in one line. */
const MOST_OUTPUT = 1024 * 1024;

/**
 * @param file where the zip is written, complete or not at all
 * @throws Error if packing fails
 */
export function packZip(plan: Plan, file: string): PackedZip {
  const options = { input: JSON.stringify(plan), mostOutput: MOST_OUTPUT, environment: nodeEnvironment() };
  const { exitCode, stdout, stderr } = runChild(process.execPath, [ownFile(PACK), file], options);
  if (exitCode === 0) return JSON.parse(stdout) as PackedZip;
  throw new Error(`packing failed, nothing was written: ${stderr || `the packing process ended with ${exitCode ?? 'a signal'}`}`);
}
