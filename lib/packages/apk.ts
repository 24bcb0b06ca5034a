/**
 * Alpine's package database: `/lib/apk/db/installed`, with a stanza for each package and a letter for each field
 * (apk-package(5), apk-installed-db).
 */
import { type Installed, InstalledPackages } from './installed';
import { type Checksum, type PackageDatabase, valueOf } from './package';
import { checkLimit, LIMITS } from '../limits';
import type { Root } from '../root/root';

/** The second path is used if `/lib` is merged into `/usr/lib`. */
const PLACES = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'];

/** @returns `undefined` if there is none */
export function apkDatabase(root: Root): PackageDatabase | undefined {
  const place = PLACES.map((listed) => root.file(listed)).find((file) => file !== undefined);
  if (place === undefined) return undefined;
  const texts = root.read(place, LIMITS.packageStatus).toString('utf8').split('\n\n');
  checkLimit(LIMITS.packages, texts.length, place);
  const stanzas = texts.map(parse).filter(({ name }) => name !== '');
  const together = new Map<string, string[]>();
  for (const { name, installIf } of stanzas) for (const trigger of installIf) valueOf(together, trigger, () => []).push(name);
  return new InstalledPackages(root, 'apk', stanzas.map((stanza) => ({ ...stanza, recommends: together.get(stanza.name) ?? [] })));
}

interface Stanza extends Omit<Installed, 'recommends'> {
  /** apk installs the package automatically if all of these are installed */
  readonly installIf: readonly string[];
}

function parse(stanza: string): Stanza {
  const [fields, files, checksums]: [Record<string, string>, string[], Map<string, Checksum>] = [{}, [], new Map()];
  let directory = '';
  for (const line of stanza.split('\n')) {
    const value = line.slice(2);
    if (line[1] !== ':') continue;
    if (line[0] === 'F') directory = value === '' ? '' : `/${value}`;
    if (line[0] === 'F' && directory !== '') files.push(directory);
    else if (line[0] === 'R') files.push(`${directory}/${value}`);
    else if (line[0] === 'Z') addChecksum(checksums, files.at(-1), value);
    else fields[line[0]] = value;
  }
  const { P: name = '', V: version = '', A: architecture = '', o: source = name, D = '', p = '', i = '' } = fields;
  return { name, source, version, architecture, requires: namesIn(D), provides: namesIn(p), installIf: namesIn(i), files, checksums };
}

/** `Z:Q1` and a SHA-1 in base64: of the content of the last file before this line, or of its target if it is a link. */
function addChecksum(checksums: Map<string, Checksum>, file: string | undefined, value: string): void {
  const digest = Buffer.from(value.startsWith('Q1') ? value.slice(2) : '', 'base64');
  if (file !== undefined && digest.length === 20) checksums.set(file, `sha1:${digest.toString('hex')}`);
}

/** The names in `so:libz.so.1 cmd:sh>=1.2 pc:x~3 name@repository !conflict`, without versions and conflicts. */
function namesIn(relations: string): string[] {
  return relations
    .split(' ')
    .filter((relation) => relation !== '' && !relation.startsWith('!'))
    .map((relation) => relation.replace(/[<>=~@].*/, ''));
}
