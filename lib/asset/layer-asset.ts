/**
 * A layer as an asset: its hash, and its zip in an output directory of the CDK.
 *
 * CDK's own bundling is not used. It works in a directory whose name is the same in every process, so that apps which
 * share an output directory remove each other's files; and it takes an asset for complete if that directory exists.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { PACK, packZip } from './packing';
import { Planning } from './planning';
import { ZipCache } from './zip-cache';
import type { Machine } from '../elf';
import type { LayerRequest } from '../plan/plan-layer';
import { inWords, report } from '../plan/report';
import { ownFile } from '../process/own-file';
import { putInPlace, uniqueUnfinished } from '../process/whole-file';
import type { Trial } from '../sandbox/trial';
import { checkMachine, checkSandbox, tryLayer } from '../sandbox/trial';
import type { OpenedSource } from '../source/source';
import { fileError } from '../text/file-error';
import { megabytes } from '../text/megabytes';
import { printable } from '../text/printable';

export interface Checks {
  /** the test that the layer must pass before it is accepted */
  readonly trial?: Trial;
  /** whether to print what is in the layer and what is not */
  readonly verbose?: boolean;
}

export class LayerAsset {
  private readonly started = performance.now();
  private readonly planning: Planning;
  private readonly trial?: Trial;

  /**
   * @param label the layer's name in messages
   * @throws Error if the layer cannot be made; nothing is written then
   */
  constructor(private readonly label: string, source: OpenedSource, request: LayerRequest, { trial, verbose = false }: Checks = {}) {
    ownFile(PACK); // fails at every synth rather than only when the layer has to be packed
    this.trial = trial;
    this.planning = new Planning(source, request, verbose);
    const { made } = this.planning;
    this.print(made?.notices ?? []);
    if (made && verbose) this.print(report(made));
  }

  public get machine(): Machine {
    return this.planning.fingerprint.machine;
  }

  /**
   * The hash of the layer's content and of its test command. No byte of the layer depends on the command, but a layer that
   * passed another test has to be tried again.
   */
  public get hash(): string {
    const { fingerprint } = this.planning.fingerprint;
    return this.trial ? createHash('sha256').update(JSON.stringify([fingerprint, this.trial.command])).digest('hex') : fingerprint;
  }

  /**
   * Makes sure that the output directory has the layer's zip, complete and correct.
   *
   * Processes that do so at the same time write under names of their own, and then replace the zip by an identical one.
   *
   * @returns its path
   * @throws Error if the layer cannot be packed, does not pass its test, or cannot be written
   */
  public writeTo(directory: string): string {
    // the name that CDK gives to an asset with this hash: where it is there, CDK copies nothing
    const file = path.join(directory, `asset.${createHash('sha256').update(this.hash).digest('hex')}.zip`);
    const cache = new ZipCache(this.hash);
    try {
      if (cache.matches(file) || cache.restore(file)) return file;
      this.pack(file, cache);
      return file;
    } catch (error) {
      throw fileError(error, 'cannot write', file, 'choose another output directory with cdk --output, or make room there');
    }
  }

  /** Packs and tries the layer. Messages go to standard error: standard output is the app's. */
  private pack(file: string, cache: ZipCache): void {
    if (this.trial) {
      checkMachine(this.machine);
      checkSandbox();
    }
    const { plan, summary } = this.planning.plan();
    const untried = uniqueUnfinished(file, '.untried');
    try {
      const { bytes, zipBytes, sha256 } = packZip(plan, untried);
      if (this.trial) tryLayer(untried, Object.keys(plan.programs), this.trial);
      putInPlace(untried, file);
      cache.add(file, { bytes: zipBytes, sha256 });
      const seconds = ((performance.now() - this.started) / 1000).toFixed(1);
      this.print([`${inWords(summary)}, ${megabytes(bytes)} (${megabytes(zipBytes)} zipped) in ${seconds} s`]);
    } catch (error) {
      fs.rmSync(untried, { force: true });
      throw error;
    }
  }

  private print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    process.stderr.write(lines.map((line) => `BinaryLayer ${this.label}: ${printable(line)}\n`).join(''));
  }
}
