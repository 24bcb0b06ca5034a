/**
 * A layer as an asset: its hash, and its zip.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import { packing, stages } from './on-demand';
import { Planning } from './planning';
import { ZipCache } from './zip-cache';
import type { Machine } from '../elf';
import type { LayerRequest } from '../plan/plan-layer';
import { ownFile, PACK } from '../process/own-file';
import { putInPlace, uniqueUnfinished } from '../process/whole-file';
import type { Trial } from '../sandbox/trial';
import type { OpenedSource } from '../source/source';
import { megabytes } from '../text/megabytes';
import { printable } from '../text/printable';
import type { Workload } from '../workload/workload';

export interface LayerAssetOptions {
  /** the workload of a slim layer @default - the layer is not slim */
  readonly workload?: Workload;
  /** the test that the layer must pass before it is accepted */
  readonly trial?: Trial;
  /** true to print each packed and skipped file with the reason */
  readonly verbose?: boolean;
}

export class LayerAsset {
  private readonly started = performance.now();
  private readonly planning: Planning;
  private readonly trial?: Trial;
  private readonly cache: ZipCache;

  /**
   * @param label the layer's name in messages
   * @throws Error if the layer cannot be made; nothing is written
   */
  constructor(private readonly label: string, source: OpenedSource, request: LayerRequest, options: LayerAssetOptions = {}) {
    const { trial, verbose = false, workload } = options;
    ownFile(PACK); // so that every synth fails if this file is missing, not only one that packs the layer
    this.trial = trial;
    this.planning = new Planning(source, request, verbose, {
      progress: (line) => verbose && this.print([line]),
      notice: (line) => this.print([line]),
    }, workload);
    this.cache = new ZipCache(this.hash);
    const { made } = this.planning;
    this.print(made?.notices ?? []);
    if (made && verbose) this.print(stages().reports().report(made));
  }

  public get machine(): Machine {
    return this.planning.fingerprint.machine;
  }

  /** Bytes of `/tmp` that the layer's compressed files take in a function. */
  public get temporaryBytes(): number {
    return this.planning.fingerprint.temporaryBytes;
  }

  /**
   * The hash of the layer's content and of its test command. The command changes no byte of the layer, but a layer that passed
   * another test must be tested again.
   */
  public get hash(): string {
    const { fingerprint } = this.planning.fingerprint;
    return this.trial ? createHash('sha256').update(JSON.stringify([fingerprint, this.trial.command])).digest('hex') : fingerprint;
  }

  /** True if a file is the layer's zip, complete and unchanged. */
  public isAt(file: string): boolean {
    return this.cache.matches(file);
  }

  /** Records that the written zip was renamed to `file`. */
  public renamed(file: string): void {
    this.cache.renamed(file);
  }

  /** True if the layer must pass a test before it is accepted. */
  public get isTested(): boolean {
    return this.trial !== undefined;
  }

  /**
   * Writes the layer's zip to a path: the one in the cache, or else one that is packed and tested now.
   *
   * @throws Error if the layer cannot be packed, does not pass its test, or cannot be written
   */
  public write(file: string): void {
    if (!this.restore(file)) this.pack(file)(file);
  }

  /** Links or copies the cached zip to a path. @returns false if there is no cached zip, or it cannot be written there */
  public restore(file: string): boolean {
    return this.cache.restore(file);
  }

  /**
   * Starts to pack the layer.
   *
   * @param beside a path in the directory of the zip
   * @returns a function that waits for the zip, tests it, and moves it to a path. If this fails, it throws an Error and leaves no file
   * @throws Error if the layer cannot be planned, or if this machine cannot run its test
   */
  public pack(beside: string): (file: string) => void {
    if (this.trial) {
      stages().trials().checkMachine(this.machine);
      stages().trials().checkSandbox();
    }
    const { plan, summary, saving } = this.planning.plan();
    const untried = uniqueUnfinished(beside, '.untried');
    const zip = new (packing().StartedZip)(plan, untried);
    const planned = performance.now() - this.started;
    return (file) => {
      const waiting = performance.now();
      try {
        const { bytes, zipBytes, sha256 } = zip.wait();
        if (this.trial) stages().trials().tryLayer(untried, Object.keys(plan.programs), this.trial);
        // before the zip is moved: another process that finds the zip at `file` must be able to recognize it
        this.cache.add(untried, { bytes: zipBytes, sha256: sha256! });
        putInPlace(untried, file);
        this.cache.renamed(file);
        const seconds = ((planned + performance.now() - waiting) / 1000).toFixed(1);
        const content = saving ? stages().savings().savingInWords(saving) : `${stages().reports().inWords(summary)}, ${megabytes(bytes)}`;
        this.print([`${content} (${megabytes(zipBytes)} zipped) in ${seconds} s`]);
      } catch (error) {
        fs.rmSync(untried, { force: true });
        throw error;
      }
    };
  }

  private print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    process.stderr.write(lines.map((line) => `BinaryLayer ${this.label}: ${printable(line)}\n`).join(''));
  }
}
