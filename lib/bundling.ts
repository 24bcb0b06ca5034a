/**
 * The bundling hook. Its first half, `Bundling.of`, resolves and plans, so that errors are thrown as ours and
 * the asset hash is known; CDK calls the second, `tryBundle`, only when the asset is not there.
 */
import * as fs from 'fs';
import * as path from 'path';
import { BundlingOptions, ILocalBundling } from 'aws-cdk-lib';
import * as execa from 'execa';
import { Fingerprint, FingerprintCache } from './fingerprint-cache';
import { LayerRequest, planLayer, Summary } from './layer/layer';
import type { Plan } from './layer/plan';
import { megabytes } from './layer/proof';
import type { Packed } from './layer/zip';
import { Root } from './root/root';

/** Beside the compiled library, from the sources as well: the process runs JavaScript. */
const PACK = path.join(__dirname, '..', 'build', 'layer', 'pack.js');

/** Unpacked or not, a plan is text of some kilobytes; what is packed is answered in one line. */
const MOST_OUTPUT = 1024 * 1024;

export class Bundling implements ILocalBundling {
  /**
   * @param label what the layer goes by in messages
   * @throws when the layer cannot be made; nothing has been written then
   */
  public static of(label: string, request: LayerRequest): Bundling {
    const started = performance.now();
    const cache = new FingerprintCache('/', request);
    const known = cache.read();
    if (known) return new Bundling(label, request, known, undefined, started);
    const { fingerprint, planned } = resolve(request);
    cache.write(fingerprint);
    return new Bundling(label, request, fingerprint, planned, started);
  }

  // Private fields, which are not enumerable: CDK's asset hash takes in those that are.
  readonly #label: string;
  readonly #request: LayerRequest;
  readonly #fingerprint: Fingerprint;
  readonly #started: number;
  #planned?: Planned;

  private constructor(label: string, request: LayerRequest, fingerprint: Fingerprint, planned: Planned | undefined, started: number) {
    this.#label = label;
    this.#request = request;
    this.#fingerprint = fingerprint;
    this.#planned = planned;
    this.#started = started;
  }

  /** What the layer is, as far as an unchanged source lets it be known without looking at it again. */
  public get fingerprint(): Fingerprint {
    return this.#fingerprint;
  }

  public tryBundle(outputDir: string, _options: BundlingOptions): boolean {
    this.pack(path.join(outputDir, 'layer.zip'));
    return true;
  }

  /** Writes the zip, and says so on standard error: standard output is the app's. */
  public pack(file: string): void {
    this.#planned ??= resolve(this.#request).planned;
    const { plan, summary } = this.#planned;
    const options = { input: JSON.stringify(plan), reject: false, maxBuffer: MOST_OUTPUT };
    const { exitCode, stdout, stderr } = execa.sync(process.execPath, [PACK, file], options);
    if (exitCode !== 0) {
      fs.rmSync(file, { force: true });
      throw new Error(`BinaryLayer ${this.#label}: packing failed, nothing was written: ${stderr || `the packing process ended with ${exitCode ?? 'a signal'}`}`);
    }
    const { bytes, zipBytes } = JSON.parse(stdout) as Packed;
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    process.stderr.write(`BinaryLayer ${this.#label}: ${describe(summary)}, ${megabytes(bytes)} (${megabytes(zipBytes)} zipped) in ${seconds} s\n`);
  }
}

interface Planned {
  readonly plan: Plan;
  readonly summary: Summary;
}

function resolve(request: LayerRequest): { fingerprint: Fingerprint; planned: Planned } {
  const root = new Root('/');
  const { plan, machine, summary } = planLayer(root, request);
  return { fingerprint: { fingerprint: plan.fingerprint, machine, looks: root.looks() }, planned: { plan, summary } };
}

function describe({ programs, libraries, dataFiles }: Summary): string {
  const count = (number: number, one: string, more: string) => (number === 1 ? `1 ${one}` : `${number} ${more}`);
  const files = dataFiles > 0 ? `, ${count(dataFiles, 'data file', 'data files')}` : '';
  return `${programs.join(', ')} and ${count(libraries, 'library', 'libraries')}${files}`;
}
