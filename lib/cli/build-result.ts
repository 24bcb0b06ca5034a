/**
 * The result of `binary-layer build`, as one line of text or as JSON.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import type { Packed } from '../pack/zip';
import type { PlannedLayer } from '../plan/plan-layer';
import { inWords } from '../plan/report';
import { megabytes } from '../text/megabytes';
import { savingInWords } from '../workload/saving';
import type { SlimLayer } from '../workload/slim';

/** The JSON of `--json`. Fields may be added in later versions. */
export interface BuildResult {
  /** the output as named on the command line, or its default name */
  readonly path: string;
  /** SHA-256 of the output, hexadecimal; null for a directory */
  readonly sha256: string | null;
  /** SHA-256 of everything that the layer's bytes depend on, hexadecimal */
  readonly fingerprint: string;
  readonly architecture: string;
  /** unpacked, in bytes: Lambda's quota is 262144000 */
  readonly size: number;
  /** size of the output in bytes */
  readonly packedSize: number;
  /** name → path in the function */
  readonly programs: Readonly<Record<string, string>>;
  /** paths in the source, links resolved, sorted */
  readonly libraries: readonly string[];
  readonly dataFiles: number;
  /** messages about data that the layer may lack */
  readonly notices: readonly string[];
}

export function resultOf(output: string, planned: PlannedLayer, { bytes, zipBytes }: Packed): BuildResult {
  const { plan, machine, summary, libraries, notices } = planned;
  const isDirectory = fs.statSync(output).isDirectory();
  return {
    path: output,
    sha256: isDirectory ? null : createHash('sha256').update(fs.readFileSync(output)).digest('hex'),
    fingerprint: plan.fingerprint,
    architecture: machine === 'aarch64' ? 'arm64' : machine,
    size: bytes,
    packedSize: zipBytes,
    programs: Object.fromEntries(summary.programs.map((name) => [name, `/opt/bin/${name}`])),
    libraries,
    dataFiles: summary.dataFiles,
    notices,
  };
}

/** `rig and 5 libraries, 21 data files, 5.9 MB (2.4 MB packed) in 1.1 s` */
export function resultInWords(
  { summary, saving }: PlannedLayer & Partial<SlimLayer>,
  { bytes, zipBytes }: Packed,
  milliseconds: number,
): string {
  const content = saving ? savingInWords(saving) : `${inWords(summary)}, ${megabytes(bytes)}`;
  const packed = zipBytes === bytes ? '' : ` (${megabytes(zipBytes)} packed)`;
  return `${content}${packed} in ${(milliseconds / 1000).toFixed(1)} s`;
}
