/**
 * The software bill of materials of a layer: CycloneDX 1.6, as JSON.
 *
 * The packages are the components, the files are in these, with the hashes of what is in the layer: files that were
 * edited to run from `/opt` have others than at their source. What depends on what comes from the files as well: a
 * package depends on another if a file of it needs one of the other's, or brought it in. The same layer gives the same
 * bytes: there is no time in it, and its serial number comes from the content.
 */
import { createHash } from 'crypto';
import * as path from 'path';
import type * as Enums from '@cyclonedx/cyclonedx-library/Enums';
import type * as Models from '@cyclonedx/cyclonedx-library/Models';
import type * as Serialize from '@cyclonedx/cyclonedx-library/Serialize';
import type * as Spdx from '@cyclonedx/cyclonedx-library/SPDX';
import type * as Spec from '@cyclonedx/cyclonedx-library/Spec';
import type { Contents, ContentsFile } from './contents';
import { licencesIn, spdxOf } from './copyright';
import type { Distribution, RecordedPackage } from '../plan/record';

/** Loaded when it is needed: it takes a tenth of a second, which no synth without one is to spend. */
function library() {
  /* eslint-disable @typescript-eslint/no-require-imports */
  return {
    ...require('@cyclonedx/cyclonedx-library/Enums') as typeof Enums,
    ...require('@cyclonedx/cyclonedx-library/Models') as typeof Models,
    ...require('@cyclonedx/cyclonedx-library/Serialize') as typeof Serialize,
    ...require('@cyclonedx/cyclonedx-library/SPDX') as typeof Spdx,
    ...require('@cyclonedx/cyclonedx-library/Spec') as typeof Spec,
  };
  /* eslint-enable @typescript-eslint/no-require-imports */
}

/** What makes it, as it names itself in it. */
const TOOL = 'cdk-binary-layer';

/** Whether a text is a whole bill of materials, made by this version of the library. */
export function isOwnSbom(text: string): boolean {
  try {
    const { bomFormat, metadata } = JSON.parse(text);
    return bomFormat === 'CycloneDX' && metadata.tools.components.some(({ name, version }: Models.Component) => name === TOOL && version === ownVersion());
  } catch {
    return false;
  }
}

/** @returns JSON, which ends with a line feed */
export function sbomOf(contents: Contents): string {
  const lib = library();
  const layer = new lib.Component(lib.ComponentType.Application, contents.programs.map(({ name }) => name).join(', '), {
    bomRef: 'layer',
    version: contents.key,
    description: `AWS Lambda layer for ${contents.machine}`,
  });
  const bom = new lib.Bom({ serialNumber: `urn:uuid:${uuidOf(contents)}`, metadata: new lib.Metadata({ component: layer }) });
  bom.metadata.tools.components.add(new lib.Component(lib.ComponentType.Application, TOOL, { version: ownVersion() }));

  const packages = new Map(contents.packages.map((one) => {
    const component = new lib.Component(lib.ComponentType.Library, one.name, { bomRef: `package:${one.name}`, version: one.version, purl: purlOf(one, contents.distribution) });
    component.properties.add(new lib.Property('cdk-binary-layer:source-package', one.source));
    for (const licence of licencesOf(one, contents) ?? []) component.licenses.add(licenceOf(licence, lib));
    bom.components.add(component);
    return [one.name, component];
  }));
  const holders = new Map(contents.files.map((file) => {
    const component = new lib.Component(lib.ComponentType.File, file.path, { bomRef: `file:${file.path}` });
    component.hashes.set(lib.HashAlgorithm['SHA-256'], file.sha256);
    const owner = packages.get(file.package ?? '');
    (owner?.components ?? bom.components).add(component);
    return [file.path, owner ?? component];
  }));
  for (const file of contents.files) {
    const holder = holders.get(file.path)!;
    const depend = (one: Models.Component, other: string) => {
      const on = holders.get(other);
      if (on && on !== one) one.dependencies.add(on.bomRef);
    };
    for (const need of file.needs) depend(holder, need);
    const through = file.through === undefined ? undefined : holders.get(file.through);
    depend(through ?? layer, file.path);
  }
  const serializer = new lib.JsonSerializer(new lib.JSON.Normalize.Factory(lib.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 1 })}\n`;
}

/**
 * A package URL, by the types `deb`, `apk` and `rpm` of the specification: the version of an rpm has its epoch apart.
 */
export function purlOf({ name, version, architecture, type }: RecordedPackage, distribution?: Distribution): string {
  const [, epoch, rest] = type === 'rpm' ? /^(?:(\d+):)?(.*)$/.exec(version)! : [undefined, undefined, version];
  const qualifiers = {
    arch: architecture,
    distro: distribution && [distribution.id, distribution.version].filter(Boolean).join('-'),
    epoch,
  };
  const said = Object.entries(qualifiers).filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${encoded(value!)}`);
  return `pkg:${type}/${[distribution?.id, name].filter((one) => one !== undefined).map(encoded).join('/')}@${encoded(rest)}?${said.join('&')}`;
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':');
}

/** Of the copyright file, which Debian's packages have; `undefined` where it is not in the layer, or cannot be read by machines. */
function licencesOf({ name }: RecordedPackage, contents: Contents): string[] | undefined {
  const text = contents.text(`/usr/share/doc/${name}/copyright`);
  return text === undefined ? undefined : licencesIn(text);
}

function licenceOf(name: string, { fixupSpdxId, SpdxLicense, NamedLicense }: ReturnType<typeof library>): Models.License {
  const identifier = spdxOf(name, fixupSpdxId);
  return identifier === undefined ? new NamedLicense(name) : new SpdxLicense(identifier);
}

/** RFC 9562: version 8 leaves all bits but those of version and variant to whoever makes it. */
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
