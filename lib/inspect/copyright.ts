/**
 * The licences that a machine-readable Debian copyright file names: the short names in the `License` fields of its paragraphs
 * (copyright-format 1.0), and their SPDX identifiers.
 */
import { spdxIdentifier } from './spdx';
import { paragraphs } from '../packages/deb822';

const FORMATS = new Set(['http', 'https'].map((protocol) => `${protocol}://www.debian.org/doc/packaging-manuals/copyright-format/1.0`));

/** Debian's short names that differ from SPDX's in more than the case (copyright-format 1.0, "License specification"). */
const BY_DEBIAN = new Map([
  ['expat', 'MIT'], ['mit/x11', 'MIT'], ['cc0', 'CC0-1.0'], ['apache-2', 'Apache-2.0'], ['bsl', 'BSL-1.0'], ['zpl', 'ZPL-2.1'],
  ['artistic', 'Artistic-1.0-Perl'], ['bsd-2', 'BSD-2-Clause'], ['bsd-3', 'BSD-3-Clause'], ['wtfpl-2', 'WTFPL'], ['psf-2', 'PSF-2.0'],
]);

/** `GPL-2+`, `LGPLv2.1+`, `GFDL-1.3`, `AGPL-3.0` */
const GNU = /^(A?GPL|LGPL|GFDL)-?v?(\d)(?:\.(\d))?(\+?)$/i;

/** The short names of licences, each once, in the order of the file. Undefined if the file is not machine-readable. */
export function licencesIn(text: string): string[] | undefined {
  const [header, ...rest] = [...paragraphs(text)];
  if (!FORMATS.has(header?.get('format')?.replace(/\/$/, '') ?? '')) return undefined;
  const names = [header, ...rest].map((fields) => fields.get('license')?.split('\n', 1)[0].split(/\s+/).join(' '));
  return [...new Set(names.filter((name) => name))] as string[];
}

/** The SPDX identifier of a Debian short name, or undefined if it has none. */
export function spdxOf(name: string): string | undefined {
  const [, family, major, minor = '0', later] = GNU.exec(name) ?? [];
  const identifier = family !== undefined
    ? `${family}-${major}.${minor}-${later ? 'or-later' : 'only'}`
    : BY_DEBIAN.get(name.toLowerCase()) ?? name;
  return spdxIdentifier(identifier);
}
