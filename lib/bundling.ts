/**
 * The bundling hook. Its first half, `Bundling.of`, resolves and plans, so that errors are thrown as ours and
 * the asset hash is known; CDK calls the second, `tryBundle`, only when the asset is not there.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { BundlingOptions, ILocalBundling } from 'aws-cdk-lib';
import { Fingerprint, FingerprintCache } from './fingerprint-cache';
import type { Packed } from './pack/zip';
import { LayerRequest, PlannedLayer, planLayer, Summary } from './plan/plan-layer';
import { inWords, report } from './plan/report';
import { runChild } from './process/child';
import { nodeEnvironment } from './process/environment';
import { ownFile } from './process/own-file';
import { unfinished } from './process/whole-file';
import { Root } from './root/root';
import { checkMachine, checkSandbox, Trial, tryLayer } from './sandbox/trial';
import { OpenedSource } from './source/source';
import { megabytes } from './text/megabytes';
import type { Trace } from './trace/log';

/** The packing process: see `ownFile`. */
const PACK = 'pack/process.js';

/** Unpacked or not, a plan is text of some kilobytes; what is packed is answered in one line. */
const MOST_OUTPUT = 1024 * 1024;

export interface Checks {
  /** what the layer has to pass before it is accepted */
  readonly trial?: Trial;
  /** whether to say what is in the layer and what is not */
  readonly verbose?: boolean;
}

export class Bundling implements ILocalBundling {
  /**
   * @param label what the layer goes by in messages
   * @throws when the layer cannot be made; nothing has been written then
   */
  public static of(label: string, source: OpenedSource, request: LayerRequest, { trial, verbose }: Checks = {}): Bundling {
    const started = performance.now();
    ownFile(PACK); // fails at every synth rather than only when the layer has to be packed
    const cache = new FingerprintCache(source.directory, request);
    const known = cache.read();
    if (known && !verbose) return new Bundling(label, source, request, trial, known, undefined, started);
    const { fingerprint, planned } = resolve(source, request, known?.traced);
    if (!planned.isProvisional) cache.write(fingerprint);
    for (const notice of planned.notices) process.stderr.write(`BinaryLayer ${label}: ${notice}\n`);
    if (verbose) process.stderr.write(report(planned).map((line) => `BinaryLayer ${label}: ${line}\n`).join(''));
    return new Bundling(label, source, request, trial, fingerprint, planned, started);
  }

  // Private fields, which are not enumerable: CDK's asset hash takes in those that are.
  readonly #label: string;
  readonly #source: OpenedSource;
  readonly #request: LayerRequest;
  readonly #trial?: Trial;
  readonly #fingerprint: Fingerprint;
  readonly #started: number;
  #planned?: PlannedLayer;
  #failure?: unknown;

  private constructor(
    label: string, source: OpenedSource, request: LayerRequest, trial: Trial | undefined, fingerprint: Fingerprint, planned: PlannedLayer | undefined,
    started: number,
  ) {
    this.#label = label;
    this.#source = source;
    this.#request = request;
    this.#trial = trial;
    this.#fingerprint = fingerprint;
    this.#planned = planned;
    this.#started = started;
  }

  /** What the layer is, as far as an unchanged source lets it be known without looking at it again. */
  public get fingerprint(): Fingerprint {
    return this.#fingerprint;
  }

  /**
   * The command line that the layer is tried with takes part, though not a byte depends on it: a layer that was accepted
   * by another one has to be packed and tried again, and CDK asks for that only where the hash is new.
   */
  public get assetHash(): string {
    const { fingerprint } = this.#fingerprint;
    return this.#trial ? createHash('sha256').update(JSON.stringify([fingerprint, this.#trial.command])).digest('hex') : fingerprint;
  }

  public tryBundle(outputDir: string, _options: BundlingOptions): boolean {
    try {
      this.pack(path.join(outputDir, 'layer.zip'));
    } catch (error) {
      fs.rmSync(outputDir, { recursive: true, force: true });
      this.#failure = error;
      throw error;
    }
    return true;
  }

  /** CDK wraps what `tryBundle` throws, and says where the output is, which is nowhere: this is the error itself. */
  public unwrapped(thrown: unknown): unknown {
    return this.#failure ?? thrown;
  }

  /** Writes the zip, and says so on standard error: standard output is the app's. */
  public pack(file: string): void {
    try {
      const { summary, bytes, zipBytes } = this.accept(file);
      const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
      process.stderr.write(`BinaryLayer ${this.#label}: ${inWords(summary)}, ${megabytes(bytes)} (${megabytes(zipBytes)} zipped) in ${seconds} s\n`);
    } catch (error) {
      throw new Error(`BinaryLayer ${this.#label}: ${(error as Error).message}`);
    }
  }

  /** Packs and tries the layer. */
  private accept(file: string): Packed & { readonly summary: Summary } {
    if (this.#trial) {
      checkMachine(this.#fingerprint.machine);
      checkSandbox();
    }
    this.#planned ??= resolve(this.#source, this.#request, this.#fingerprint.traced).planned;
    const { plan, summary } = this.#planned;
    if (plan.fingerprint !== this.#fingerprint.fingerprint) {
      new FingerprintCache(this.#source.directory, this.#request).clear();
      throw new Error(`${this.#source.name} changed while the layer was made, nothing was written: run synth again when nothing writes to it`);
    }
    const written = this.#trial ? unfinished(file, '.untried') : file;
    try {
      const options = { input: JSON.stringify(plan), mostOutput: MOST_OUTPUT, environment: nodeEnvironment() };
      const { exitCode, stdout, stderr } = runChild(process.execPath, [ownFile(PACK), written], options);
      if (exitCode !== 0) throw new Error(`packing failed, nothing was written: ${stderr || `the packing process ended with ${exitCode ?? 'a signal'}`}`);
      if (this.#trial) tryLayer(written, Object.keys(plan.programs), this.#trial);
      fs.renameSync(written, file);
      return { summary, ...JSON.parse(stdout) as Packed };
    } catch (error) {
      fs.rmSync(written, { force: true });
      throw error;
    }
  }
}

function resolve(source: OpenedSource, request: LayerRequest, traced?: Trace): { fingerprint: Fingerprint; planned: PlannedLayer } {
  const root = new Root(source.directory);
  const planned = planLayer(root, request, traced);
  return { fingerprint: { fingerprint: planned.plan.fingerprint, machine: planned.machine, traced: planned.traced, looks: root.looks() }, planned };
}
