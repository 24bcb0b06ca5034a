import * as fs from 'fs';
import * as path from 'path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { world } from './world';
import { readContents } from '../../lib/inspect/contents';
import { licencesIn, spdxOf } from '../../lib/inspect/copyright';
import { purlOf, sbomOf } from '../../lib/inspect/sbom';
import { LIB } from '../collect/packaged';
import { elfFile, Fixture } from '../fixture';
import { makeZip } from '../plan/make';

let sbom: string;
let bom: any;
beforeAll(async () => {
  sbom = sbomOf(readContents((await makeZip(world(), 'rig', { detectData: true })).zip));
  bom = JSON.parse(sbom);
});

const component = (name: string) => bom.components.find((one: { name: string }) => one.name === name);
const problems = (text: string) => new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);

test('the bill of materials conforms to the schema of CycloneDX 1.6', async () => {
  expect(await problems(sbom)).toBeNull();
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
  expect(await problems(JSON.stringify({ ...bom, serialNumber: 'x' }))).not.toBeNull();
});

test('a package has its version, its package URL and its source package', () => {
  expect(component('libx1')).toMatchObject({
    type: 'library',
    version: '2:1.2~rc1-3',
    purl: 'pkg:deb/debian/libx1@2:1.2~rc1-3?arch=amd64&distro=debian-12',
    properties: [{ name: 'cdk-binary-layer:source-package', value: 'x' }],
  });
  expect(component('rig').purl).toBe('pkg:deb/debian/rig@1.11-1%2Bb1?arch=amd64&distro=debian-12');
  expect(component('liby2').purl).toBe('pkg:deb/debian/liby2@3-1?arch=all&distro=debian-12');
});

test('a package has licences if its copyright file is machine-readable', () => {
  expect(component('rig').licenses).toEqual([{ license: { name: 'Expat or Sundry' } }, { license: { id: 'GPL-2.0-or-later' } }]);
  expect(component('liby2').licenses).toEqual([{ license: { id: 'MIT' } }]);
  expect(component('libx1').licenses).toBeUndefined();
});

test('a package contains its files, with the hashes that they have in the layer', async () => {
  const { files } = readContents((await makeZip(world(), 'rig', { detectData: true })).zip);
  const { sha256 } = files.find((file) => file.path === `${LIB}/libx.so.1.2`)!;
  expect(component('libx1').components).toContainEqual({
    'type': 'file', 'name': `${LIB}/libx.so.1.2`, 'bom-ref': `file:${LIB}/libx.so.1.2`, 'hashes': [{ alg: 'SHA-256', content: sha256 }],
  });
});

test('a package depends on the packages of the files that its files need', () => {
  const on = Object.fromEntries(bom.dependencies.map(({ ref, dependsOn = [] }: { ref: string; dependsOn?: string[] }) => [ref, dependsOn]));
  expect(on['package:rig']).toContain('package:libx1');
  expect(on['package:libx1']).toEqual(['package:liby2']);
  expect(on['package:liby2']).toEqual([]);
  expect(on.layer).toContain('package:rig');
});

test('the same layer gives the same bytes, without a time, and another layer has another serial number', async () => {
  const other = await makeZip(world(), 'rig', { detectData: true });
  expect(sbomOf(readContents(other.zip))).toBe(sbom);
  expect(sbom).not.toMatch(/timestamp|20\d\d-\d\d-\d\d/);
  const less = await makeZip(world(), 'rig');
  expect(JSON.parse(sbomOf(readContents(less.zip))).serialNumber).not.toBe(bom.serialNumber);
  expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a program that no package owns is a file', async () => {
  const root = new Fixture();
  root.write({
    '/work/tool': elfFile({ interpreter: '/lib64/ld-linux-x86-64.so.2' }),
    '/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }),
  });
  fs.chmodSync(root.locate('/work/tool'), 0o755);
  const text = sbomOf(readContents((await makeZip(root, '/work/tool')).zip));
  expect(await problems(text)).toBeNull();
  expect(JSON.parse(text).components.map(({ name, type }: { name: string; type: string }) => [type, name])).toContainEqual([
    'file',
    '/app/work/tool',
  ]);
});

describe('a package URL', () => {
  const one = { name: 'a+b', version: '1:2-3', architecture: 'x86_64', source: 'a' };

  test('contains the type, the distribution and its version', () => {
    expect(purlOf({ ...one, type: 'apk' }, { id: 'alpine', version: '3.19.1' })).toBe(
      'pkg:apk/alpine/a%2Bb@1:2-3?arch=x86_64&distro=alpine-3.19.1',
    );
    expect(purlOf({ ...one, type: 'deb' })).toBe('pkg:deb/a%2Bb@1:2-3?arch=x86_64');
  });

  test('has the epoch of an rpm as a qualifier', () => {
    expect(purlOf({ ...one, type: 'rpm' }, { id: 'fedora', version: '40' })).toBe(
      'pkg:rpm/fedora/a%2Bb@2-3?arch=x86_64&distro=fedora-40&epoch=1',
    );
  });
});

describe('licences', () => {
  test.each([
    ['GPL-2+', 'GPL-2.0-or-later'],
    ['GPLv2+', 'GPL-2.0-or-later'],
    ['LGPL-2.1', 'LGPL-2.1-only'],
    ['Expat', 'MIT'],
    ['BSD-3-clause', 'BSD-3-Clause'],
    ['GPL-2+ or Artistic', undefined],
    ['public-domain', undefined],
    ['GPL', undefined],
  ])('%s is %s', (name, identifier) => {
    expect(spdxOf(name)).toBe(identifier);
  });

  test('have SPDX identifiers, whatever their case', () => {
    const schema = path.join(
      path.dirname(require.resolve('@cyclonedx/cyclonedx-library/package.json')),
      'res/schema/spdx.SNAPSHOT.schema.json',
    );
    const { enum: known } = JSON.parse(fs.readFileSync(schema, 'utf8'));
    const identifiers = known.map((identifier: string) => spdxOf(identifier.toUpperCase())).filter(Boolean);
    expect(identifiers.length).toBeGreaterThan(600);
    expect(identifiers.filter((identifier: string) => !known.includes(identifier))).toEqual([]);
  });

  test('are listed once each, and only from machine-readable files', () => {
    const format = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/';
    expect(licencesIn(`${format}\n\nFiles: *\nLicense: Expat\n some text\n\nLicense:\tExpat\n\nLicense: a  b\n`)).toEqual(['Expat', 'a b']);
    expect(licencesIn(`${format}\n\nLicense: Expat\n\nLicense: a${' '.repeat(200_000)}b\n`)).toEqual(['Expat', 'a b']);
    expect(licencesIn('This is free.\n\nLicense: Expat\n')).toBeUndefined();
  });
});
