/**
 * The record of a layer, `/opt/elf/KEY/contents.json`: the package of each file and the reason for it. `binary-layer inspect` and
 * scanners read it.
 *
 * It is part of the layer and of its fingerprint, so it does not name the machine that made it, the time, or the original
 * directories of the user's own files.
 */
import type { Machine } from '../elf';
import { LayerError } from '../error';
import type { Entry, FileEntry, TextEntry } from './layout/plan';
import type { Setting } from '../loader/search';
import type { Package, PackageDatabase } from '../packages/package';
import { layerPath } from '../root/paths';
import type { Root } from '../root/root';
import { printableName } from '../text/printable';

/** Path of the record below the mirrored root. No file of the source gets this path: only files in system directories keep theirs. */
export const RECORD = '/contents.json';

/** The reason for a text that the plan itself contains, such as a starter. */
export const OWN = 'of the layer\'s own';

/** Version of the record's format. */
const VERSION = 1;

export interface RecordedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** the source package that it was built from */
  readonly source: string;
  readonly type: NonNullable<Package['type']>;
}

/** The distribution, as os-release(5) names it. */
export interface Distribution {
  readonly id: string;
  /** `''` for none */
  readonly version: string;
}

export interface RecordedFile {
  /** the name of a package; none for the user's own files and for generated files */
  readonly package?: string;
  /** the reason, in words */
  readonly why: string;
  /** the place of the file that led to it */
  readonly through?: string;
  /** whether it is a stub: a library without code, in the place of one that the workload does not call */
  readonly stub?: true;
  /** whether it is stored compressed */
  readonly compressed?: true;
}

export interface LayerRecord {
  readonly machine: Machine;
  /** the distribution that the packages are from; undefined if there are none */
  readonly distribution?: Distribution;
  readonly packages: readonly RecordedPackage[];
  /** by place below the mirrored root */
  readonly files: ReadonlyMap<string, RecordedFile>;
}

/** A text that is not a valid record. */
export class RecordError extends LayerError {}

export interface RecordOptions {
  readonly root: Root;
  readonly packages: PackageDatabase;
  readonly setting: Setting;
}

/**
 * The entry for the record of all other entries.
 *
 * @param stored the same entries as the layer stores them, some compressed
 */
export function recordOf(entries: readonly Entry[], stored: readonly Entry[], { root, packages, setting }: RecordOptions): TextEntry {
  const placeOf = new Map(entries.flatMap((entry) => (entry.kind === 'file' ? [[entry.real, entry.path]] : [])));
  const compressed = new Set(stored.flatMap((entry) => (entry.kind === 'file' && entry.compressed !== undefined ? [entry.path] : [])));
  const owners = new Map<string, RecordedPackage>();
  const fileOf = ({ real, path, why, stub }: FileEntry): RecordedFile => {
    // a stub contains nothing from a package
    const owner = stub === undefined ? recorded(packages.ownerOf(real)) : undefined;
    if (owner) owners.set(owner.name, owner);
    const through = why.through === undefined ? undefined : placeOf.get(why.through);
    // omits the rule by which a library was found: it differs between machines with the same files
    const reason = why.reason.replace(/ \[[^\]]*\]$/, '');
    if (stub !== undefined) return { why: `stub, ${reason}`, through, stub: true };
    return { package: owner?.name, why: reason, through, compressed: compressed.has(path) ? true : undefined };
  };
  const files = entries.flatMap((entry): [string, RecordedFile][] => {
    switch (entry.kind) {
      case 'file': return [[entry.path, fileOf(entry)]];
      case 'text': return [[entry.path, { why: OWN }]];
      default: return [];
    }
  });
  const record = {
    version: VERSION,
    machine: setting.machine,
    distribution: owners.size === 0 ? undefined : distributionOf(root),
    packages: [...owners.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    files: Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return { kind: 'text', path: layerPath(RECORD), text: `${JSON.stringify(record)}\n` };
}

function recorded(owner: Package | undefined): RecordedPackage | undefined {
  if (owner?.type === undefined) return undefined;
  const { name, version, architecture, source, type } = owner;
  return { name, version, architecture, source, type };
}

/** os-release(5): `/etc/os-release`, or else `/usr/lib/os-release`. */
function distributionOf(root: Root): Distribution | undefined {
  const file = ['/etc/os-release', '/usr/lib/os-release'].find((candidate) => root.isFile(candidate));
  if (file === undefined) return undefined;
  const fields = new Map<string, string>();
  const lines = root.read(root.real(file)!).toString('utf8').matchAll(/^(ID|VERSION_ID|VERSION_CODENAME)=["']?([\w.+-]*)["']?\s*$/gm);
  for (const [, name, value] of lines) fields.set(name, value);
  const id = fields.get('ID');
  return id ? { id, version: fields.get('VERSION_ID') ?? fields.get('VERSION_CODENAME') ?? '' } : undefined;
}

/**
 * Reads a record, which is not trusted.
 *
 * @throws RecordError
 */
export function readRecord(text: string): LayerRecord {
  const record = parse(text);
  const refuse = (problem: string): never => {
    throw new RecordError(`${problem}, expected a record of version ${VERSION}`);
  };
  if (!isObject(record)) return refuse('its record has no fields');
  if (record.version !== VERSION) return refuse(`its record has version ${printableName(JSON.stringify(record.version) ?? 'none')}`);
  const { machine, distribution, packages, files } = record;
  if (machine !== 'x86_64' && machine !== 'aarch64') return refuse('its record names no valid architecture');
  if (distribution !== undefined && !isDistribution(distribution)) return refuse('its record names no valid distribution');
  if (!Array.isArray(packages) || !packages.every(isPackage)) {
    return refuse('its record has a package without name, version, architecture, source or type');
  }
  if (!isObject(files) || !Object.values(files).every(isFile)) return refuse('its record has a file without a reason');
  return { machine, distribution, packages, files: new Map(Object.entries(files as Record<string, RecordedFile>)) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RecordError('its record is not JSON');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isDistribution(value: unknown): value is Distribution {
  return isObject(value) && isText(value.id) && isText(value.version);
}

function isPackage(value: unknown): value is RecordedPackage {
  if (!isObject(value)) return false;
  const { name, version, architecture, source, type } = value;
  return [name, version, architecture, source].every(isText) && ['deb', 'apk', 'rpm'].includes(type as string);
}

function isFile(value: unknown): value is RecordedFile {
  return isObject(value) && isText(value.why) && [value.package, value.through].every((field) => field === undefined || isText(field)) &&
    [value.stub, value.compressed].every((field) => field === undefined || field === true);
}
