/**
 * The software bill of materials of a layer: CycloneDX 1.6, as JSON (https://cyclonedx.org/docs/1.6/json/).
 *
 * Packages are components and contain their files. A file's hash is that of the content that programs see in the function. It
 * differs from the hash of the file in the source if the file was edited for the layer. Package A depends on package B if a file of A
 * needs a file of B, or is the reason why a file of B is packed. The same layer gives the same bytes: the text states no time, the
 * serial number is a hash, and all lists are sorted.
 */
import { createHash } from 'crypto';
import * as path from 'path';
import type { Contents, ContentsFile } from './contents';
import { licencesIn, spdxOf } from './copyright';
import type { Distribution, RecordedPackage } from '../plan/record';

/** The name of this library in `metadata.tools`. */
const TOOL = 'cdk-binary-layer';

/** The parts of CycloneDX's `component` that are used, in the order in which they are written. */
interface Component {
  readonly 'type': 'application' | 'file' | 'library';
  readonly 'name': string;
  readonly 'version'?: string;
  readonly 'bom-ref'?: string;
  readonly 'description'?: string;
  readonly 'hashes'?: ReadonlyArray<{ readonly alg: 'SHA-256'; readonly content: string }>;
  readonly 'licenses'?: ReadonlyArray<{ readonly license: { readonly id: string } | { readonly name: string } }>;
  readonly 'purl'?: string;
  readonly 'properties'?: ReadonlyArray<{ readonly name: string; readonly value: string }>;
  readonly 'components'?: readonly Component[];
}

/** True for a complete bill of materials that this version of the library wrote. */
export function isOwnSbom(text: string): boolean {
  try {
    const { bomFormat, metadata } = JSON.parse(text);
    return bomFormat === 'CycloneDX' &&
      metadata.tools.components.some(({ name, version }: Component) => name === TOOL && version === ownVersion());
  } catch {
    return false;
  }
}

/** The bill of materials as JSON text that ends with a line feed. */
export function sbomOf(contents: Contents): string {
  const layer: Component = {
    'type': 'application',
    'name': contents.programs.map(({ name }) => name).join(', '),
    'version': contents.key,
    'bom-ref': 'layer',
    'description': `AWS Lambda layer for ${contents.machine}`,
  };
  const names = new Set(contents.packages.map(({ name }) => name));
  const ownerOf = (file: ContentsFile) => (file.package !== undefined && names.has(file.package) ? file.package : undefined);
  const filesOf = (owner?: string) => contents.files.filter((file) => ownerOf(file) === owner).map(fileComponent);
  const packages = contents.packages.map((recorded) => packageComponent(recorded, contents, filesOf(recorded.name)));
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    serialNumber: `urn:uuid:${uuidOf(contents)}`,
    metadata: { tools: { components: [{ type: 'application', name: TOOL, version: ownVersion() }] }, component: layer },
    components: sorted([...packages, ...filesOf()]),
    dependencies: dependenciesOf(contents, (file) => referenceOf(file, ownerOf(file))),
  };
  return `${JSON.stringify(bom, undefined, 1)}\n`;
}

function fileComponent(file: ContentsFile): Component {
  return {
    'type': 'file',
    'name': file.path,
    'bom-ref': referenceOf(file),
    'hashes': [{ alg: 'SHA-256', content: file.sha256 }],
  };
}

function packageComponent(recorded: RecordedPackage, contents: Contents, files: readonly Component[]): Component {
  const licences = licencesOf(recorded, contents)?.map((name) => ({ id: spdxOf(name), name })) ?? [];
  licences.sort((a, b) => compare(a.id ?? a.name, b.id ?? b.name));
  return {
    'type': 'library',
    'name': recorded.name,
    'version': recorded.version,
    'bom-ref': `package:${recorded.name}`,
    'licenses': licences.length > 0 ? licences.map(({ id, name }) => ({ license: id === undefined ? { name } : { id } })) : undefined,
    'purl': purlOf(recorded, contents.distribution),
    'properties': [{ name: 'cdk-binary-layer:source-package', value: recorded.source }],
    'components': files.length > 0 ? sorted(files) : undefined,
  };
}

/** The `bom-ref` that represents a file in dependencies: that of the file's package if it has one, or else the file's own. */
function referenceOf(file: ContentsFile, owner?: string): string {
  return owner === undefined ? `file:${file.path}` : `package:${owner}`;
}

function dependenciesOf(contents: Contents, reference: (file: ContentsFile) => string) {
  const references = new Map(contents.files.map((file) => [file.path, reference(file)]));
  const dependencies = new Map<string, Set<string>>([['layer', new Set()]]);
  for (const { name } of contents.packages) dependencies.set(`package:${name}`, new Set());
  for (const file of contents.files) dependencies.set(`file:${file.path}`, new Set());
  const depend = (from: string, to: string | undefined) => {
    if (to !== undefined && to !== from) dependencies.get(from)!.add(to);
  };
  for (const file of contents.files) {
    for (const need of file.needs) depend(reference(file), references.get(need));
    depend(references.get(file.through ?? '') ?? 'layer', reference(file));
  }
  return [...dependencies].sort(([a], [b]) => compare(a, b))
    .map(([ref, on]) => ({ ref, dependsOn: on.size > 0 ? [...on].sort(compare) : undefined }));
}

function sorted(components: readonly Component[]): Component[] {
  return [...components].sort((a, b) => compare(a['bom-ref']!, b['bom-ref']!));
}

/** Order by UTF-16 code units, which no locale changes. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** A package URL of type `deb`, `apk` or `rpm`. An rpm's epoch is a qualifier, not part of the version (purl-spec, "rpm"). */
export function purlOf({ name, version, architecture, type }: RecordedPackage, distribution?: Distribution): string {
  const [, epoch, rest] = type === 'rpm' ? /^(?:(\d+):)?(.*)$/.exec(version)! : [undefined, undefined, version];
  const qualifiers = {
    arch: architecture,
    distro: distribution && [distribution.id, distribution.version].filter(Boolean).join('-'),
    epoch,
  };
  const present = Object.entries(qualifiers).filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${encoded(value!)}`);
  const namespaced = [distribution?.id, name].filter((part) => part !== undefined).map(encoded).join('/');
  return `pkg:${type}/${namespaced}@${encoded(rest)}?${present.join('&')}`;
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':');
}

/** The licences in a Debian package's copyright file. Undefined if the layer has no such file, or it is not machine-readable. */
function licencesOf({ name }: RecordedPackage, contents: Contents): string[] | undefined {
  const text = contents.text(`/usr/share/doc/${name}/copyright`);
  return text === undefined ? undefined : licencesIn(text);
}

/** A UUID of version 8: all bits except those of version and variant are free for use (RFC 9562). */
function uuidOf({ key, files }: { key: string; files: readonly ContentsFile[] }): string {
  const hash = createHash('sha256').update(JSON.stringify([key, files.map((file) => [file.path, file.sha256])])).digest();
  hash[6] = 0x80 | (hash[6] & 0x0f);
  hash[8] = 0x80 | (hash[8] & 0x3f);
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function ownVersion(): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (require(path.join(__dirname, '../../package.json')) as { version: string }).version;
}
