/**
 * Objects that build paths at run time from a prefix they were configured with. Such an object has `/usr` and `lib/rig`, or `/etc` and
 * `rig.ini`, as separate strings. Scripts use a variable: `prefix=/usr` and `${prefix}/lib/rig`.
 */
import * as path from 'path';
import { stringsOf } from '../../elf';
import { type Package, valueOf } from '../../packages/package';
import type { Root } from '../../root/root';
import { isStandardDirectory, unitOf } from '../../root/standard';
import { isCode } from '../commands/command-words';
import { isMachineSpecific } from '../kinds/machine-specific';
import { isNonRuntime } from '../kinds/non-runtime';
import { cacheByRoot } from '../selection/cache-by-root';
import type { Context } from '../selection/context';
import type { RequestedPackages } from '../selection/requested-packages';
import { dependenciesOf, isNamedAfter } from '../selection/requested-packages';
import type { CurrentSelection } from '../selection/selection';

const PREFIX = '/usr';
const CONFIGURATION = '/etc';

/** Strings that follow the prefix, and how long they may be. */
const BEHIND = /^\/?(?:lib|libexec|share)\/[\w.+-]+(?:\/[\w.+-]+)*\/?$/;
const MOST_CHARACTERS = 200;
const DOT = '.'.charCodeAt(0);

/**
 * Paths that an object may build from the prefix and its other strings. If the object's package is not requested, as for Python's library,
 * the result also includes the data directories of the package's direct dependencies from the same source package: the object's data is in
 * these directories.
 *
 * @returns paths that exist
 */
export function behindPrefix(
  file: string,
  owner: Package | undefined,
  requested: RequestedPackages,
  { root, packages, packageFiles }: Context,
): readonly string[] {
  const { elf, mentions } = root.content(file);
  if (elf === undefined || !mentions.some(({ kind }) => kind === 'prefix')) return [];
  const inEtc = configurationFiles(file, root);
  if (!hasPrefix(file, PREFIX, root)) return inEtc;
  const strings = [...root.scan(file, (bytes) => stringsOf(bytes, elf, MOST_CHARACTERS, mayBeBehind))];
  const found = strings.filter((text) => BEHIND.test(text)).map((text) => path.posix.join(PREFIX, text));
  const dependencies = owner === undefined || requested.has(owner) ? [] : dependenciesOf(owner, packages);
  const siblings = dependencies.filter(({ source }) => source === owner?.source);
  const units = new Set(siblings.flatMap((one) => packageFiles.data(one).map(unitOf)).filter((unit) => root.isDirectory(unit)));
  const isOfUse = (candidate: string) => !isStandardDirectory(candidate) && !isNonRuntime(`${candidate}/`);
  return [...inEtc, ...found, ...units].filter((candidate) => root.real(candidate) !== undefined && isOfUse(candidate));
}

/** A fast test of the first character, which rejects most strings that `BEHIND` does not match. */
function mayBeBehind(bytes: Buffer, start: number): boolean {
  return '/ls'.includes(String.fromCharCode(bytes[start]));
}

function hasPrefix(file: string, prefix: string, root: Root): boolean {
  const { kind, mentions } = root.content(file);
  const isModule = kind === 'text' && prefix === PREFIX && isCode(file);
  return (kind === 'elf' || kind === 'script' || isModule)
    && mentions.some((mention) => mention.kind === 'prefix' && mention.path === prefix);
}

/**
 * The names that occur in some bytes. Each name contains a dot. One pass over the dots finds all names: there may be hundreds of names
 * and megabytes of bytes.
 */
function namesIn(bytes: Buffer, names: readonly string[]): string[] {
  /** the byte after the first dot, -1 for none → names, each with the offset of that dot */
  const byNext = new Map<number, { readonly name: string; readonly text: Buffer; readonly dot: number }[]>();
  for (const name of names) {
    const text = Buffer.from(name);
    const dot = text.indexOf(DOT);
    valueOf(byNext, text[dot + 1] ?? -1, () => []).push({ name, text, dot });
  }
  const found = new Set<string>();
  const see = (at: number, next: number) => {
    for (const { name, text, dot } of byNext.get(next) ?? []) {
      const start = at - dot;
      if (start >= 0 && text.compare(bytes, start, Math.min(start + text.length, bytes.length)) === 0) found.add(name);
    }
  };
  for (let at = bytes.indexOf(DOT); at >= 0; at = bytes.indexOf(DOT, at + 1)) {
    see(at, bytes[at + 1]);
    see(at, -1);
  }
  return names.filter((name) => found.has(name));
}

/** Cached, because the same object is searched several times, and a search takes long. */
const configuration = cacheByRoot<readonly string[]>();

/** Files in `/etc`, such as `odbcinst.ini`, whose names occur in a file that also contains `/etc`. Only names with a dot are searched. */
function configurationFiles(file: string, root: Root): readonly string[] {
  if (!hasPrefix(file, CONFIGURATION, root)) return [];
  return configuration(root, file, () => {
    const names = root.scan(file, (bytes) =>
      namesIn(
        bytes,
        root.names(root.real(CONFIGURATION) ?? CONFIGURATION).filter((name) => name.includes('.')),
      ),
    );
    const inEtc = names.map((name) => path.posix.join(CONFIGURATION, name));
    return inEtc.filter((real) => root.status(real)?.type === 'file' && !isMachineSpecific(real));
  });
}

/** Assignments of the prefix to a variable. */
const ASSIGNMENT = /(\b[a-z_]\w{0,63})[ \t]{0,16}=[ \t]*(["']?)\\?\/usr\2(?=[\s;,)]|$)/gim;

/** What code may have between a variable and a path: `$prefix/x`, `${prefix}/x`, `#{prefix}/x`, `$prefix . "/x"`, `prefix + '/x'`. */
const BETWEEN = ['', '}', ' . "', ' . \'', ' + "', ' + \''];

/** The directories of `units` whose paths a script builds from a variable: `$prefix/lib/rig` for `/usr/lib/rig`. */
function builtBy(script: string, units: readonly string[], root: Root): readonly string[] {
  return root.scan(script, (bytes) => {
    const text = bytes.toString('latin1');
    // `prefix` always counts, because a shell script may derive its value from `exec_prefix`
    const variables = new Set(['prefix', ...[...text.matchAll(ASSIGNMENT)].map(([, variable]) => variable)]);
    const beginnings = [...variables].flatMap((variable) => BETWEEN.map((between) => variable + between));
    return units.filter((unit) => beginnings.some((beginning) => text.includes(beginning + unit.slice(PREFIX.length))));
  });
}

/**
 * The packed objects and scripts that build paths from a prefix.
 *
 * @returns resolved path of an object or script → paths that the file may build. For the prefix `/usr`, these are directories of the file's
 *   source package or, if its package is requested, of all requested packages. A directory is left out if an object of these packages
 *   mentions its whole path, or a path below it. Directories of other packages that are named after a package of the file's source count,
 *   too: a program that embeds Python finds installed modules in `lib/python3/dist-packages` below the prefix (`getsitepackages` in
 *   Debian's site.py). For the prefix `/etc`, these are packed files in `/etc` that the file names
 */
export function prefixed(selection: CurrentSelection, { root, packages }: Context): Map<string, readonly string[]> {
  const { requested } = selection;
  const files = [...selection.files.keys()];
  const users = files.filter((real) => hasPrefix(real, PREFIX, root));
  const ofRequested = files.filter((real) => requested.has(packages.ownerOf(real)!));
  const isData = (unit: string) => unit.startsWith(`${PREFIX}/`) && root.isDirectory(unit) && !isNonRuntime(`${unit}/`);
  const namedAfter = (source: string) => {
    const siblings = packages.builtFrom(source);
    return [...new Set(files.map(unitOf))].filter((unit) => siblings.some((one) => isNamedAfter(unit, one)) && isData(unit));
  };
  const unsaidOf = (siblings: readonly string[]) => {
    const objects = siblings.filter((real) => root.content(real).kind === 'elf');
    const mentioned = new Set(objects.flatMap((real) => root.content(real).mentions.map((mention) => unitOf(mention.path))));
    return [...new Set(siblings.map(unitOf))].filter((unit) => isData(unit) && !mentioned.has(unit));
  };
  /** by source package; `requested` for the requested packages together */
  const unsaid = new Map<string, readonly string[]>();
  const units = new Map<string, readonly string[]>();
  for (const user of users) {
    const owner = packages.ownerOf(user);
    if (owner === undefined) continue;
    const isRequested = requested.has(owner);
    const key = isRequested ? 'requested' : `source ${owner.source}`;
    const ofSource = () => files.filter((real) => packages.ownerOf(real)?.source === owner.source);
    const found = unsaid.get(key) ?? (isRequested ? unsaidOf(ofRequested) : [...unsaidOf(ofSource()), ...namedAfter(owner.source)]);
    unsaid.set(key, found);
    const used = root.content(user).kind === 'elf' ? found : builtBy(user, found, root);
    if (used.length > 0) units.set(user, used);
  }
  for (const file of files) {
    const packed = configurationFiles(file, root).filter((real) => selection.files.has(real));
    if (packed.length > 0) units.set(file, [...(units.get(file) ?? []), ...packed]);
  }
  return units;
}
