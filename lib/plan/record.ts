/**
 * The layer's record of itself, `/opt/elf/KEY/contents.json`: of each file the package that it is of, and why it is
 * there, so that a layer can be looked into wherever it is, by scanners as well as by `binary-layer inspect`.
 *
 * It is part of the layer and of its fingerprint: it says nothing of the machine that it was made on, of the time, or of
 * where a file of the user's own was taken from.
 */
import { Entry, FileEntry, TextEntry } from './plan';
import { Machine } from '../elf';
import { Setting } from '../loader/search';
import { Package, PackageDatabase } from '../packages/package';
import { Root } from '../root/root';
import { printableName } from '../text/printable';
import { LayerError } from '../error';

/** Below the mirrored root. No file of the source has that place: only those in system directories keep their paths. */
export const RECORD = '/contents.json';

/** Why a text is there that the source does not have. */
export const OWN = 'of the layer\'s own';

/** Version of the record's form. */
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
  /** `''` where it has none */
  readonly version: string;
}

export interface RecordedFile {
  /** the name of a package; the user's own have none, nor has what an installation made */
  readonly package?: string;
  /** in words */
  readonly why: string;
  /** the place of the file through which it came in */
  readonly through?: string;
}

export interface LayerRecord {
  readonly machine: Machine;
  /** where the packages are from; none without packages */
  readonly distribution?: Distribution;
  readonly packages: readonly RecordedPackage[];
  /** by place below the mirrored root */
  readonly files: ReadonlyMap<string, RecordedFile>;
}

/** A record that is none; the message says what is wrong with it. */
export class RecordError extends LayerError {}

export interface RecordOptions {
  readonly root: Root;
  readonly packages: PackageDatabase;
  readonly setting: Setting;
}

/** The entry that records the others. */
export function recordOf(entries: readonly Entry[], { root, packages, setting }: RecordOptions): TextEntry {
  const placeOf = new Map(entries.flatMap((entry) => (entry.kind === 'file' ? [[entry.real, entry.path]] : [])));
  const owners = new Map<string, RecordedPackage>();
  const fileOf = ({ real, why }: FileEntry): RecordedFile => {
    const owner = recorded(packages.ownerOf(real));
    if (owner) owners.set(owner.name, owner);
    const through = why.through === undefined ? undefined : placeOf.get(why.through);
    // by which rule a library was found differs between machines that have the same: it is of the search, not of the layer
    return { package: owner?.name, why: why.reason.replace(/ \[[^\]]*\]$/, ''), through };
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
  return { kind: 'text', path: RECORD, text: `${JSON.stringify(record)}\n` };
}

function recorded(owner: Package | undefined): RecordedPackage | undefined {
  if (owner?.type === undefined) return undefined;
  const { name, version, architecture, source, type } = owner;
  return { name, version, architecture, source, type };
}

/** os-release(5): `/etc/os-release`, or else `/usr/lib/os-release`. */
function distributionOf(root: Root): Distribution | undefined {
  const file = ['/etc/os-release', '/usr/lib/os-release'].find((one) => root.isFile(one));
  if (file === undefined) return undefined;
  const fields = new Map<string, string>();
  const lines = root.read(root.real(file)!).toString('utf8').matchAll(/^(ID|VERSION_ID|VERSION_CODENAME)=["']?([\w.+-]*)["']?\s*$/gm);
  for (const [, name, value] of lines) fields.set(name, value);
  const id = fields.get('ID');
  return id ? { id, version: fields.get('VERSION_ID') ?? fields.get('VERSION_CODENAME') ?? '' } : undefined;
}

/**
 * What a record says. It may be from anybody.
 *
 * @throws RecordError
 */
export function readRecord(text: string): LayerRecord {
  const record = parse(text);
  const refuse = (what: string): never => {
    throw new RecordError(`${what}, expected a record of version ${VERSION}`);
  };
  if (!isObject(record)) return refuse('its record has no fields');
  if (record.version !== VERSION) return refuse(`its record has version ${printableName(JSON.stringify(record.version) ?? 'none')}`);
  const { machine, distribution, packages, files } = record;
  if (machine !== 'x86_64' && machine !== 'aarch64') return refuse('its record names no machine');
  if (distribution !== undefined && !isDistribution(distribution)) return refuse('its record names no distribution');
  if (!Array.isArray(packages) || !packages.every(isPackage)) return refuse('its record has a package without name, version, architecture, source or type');
  if (!isObject(files) || !Object.values(files).every(isFile)) return refuse('its record has a file without a reason');
  return { machine, distribution, packages, files: new Map(Object.entries(files as Record<string, RecordedFile>)) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RecordError('its record is no JSON');
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
  return isObject(value) && [value.name, value.version, value.architecture, value.source].every(isText) && ['deb', 'apk', 'rpm'].includes(value.type as string);
}

function isFile(value: unknown): value is RecordedFile {
  return isObject(value) && isText(value.why) && [value.package, value.through].every((one) => one === undefined || isText(one));
}
