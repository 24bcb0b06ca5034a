/**
 * Character sets that are named in texts and objects of a requested package. Examples: `(set-port-encoding! port "latin1")` in a module for
 * Guile, whose library calls iconv(3), and `ISO_8859-15` in a program that converts with a library for Unicode. glibc has a module for
 * each character set. The file `gconv-modules` lists them (glibc iconv/gconv_conf.c).
 *
 * If a program or library of a requested package calls iconv(3) itself, many modules are packed: see opened-by-glibc.ts. This rule then
 * adds named modules that are not among them, such as those for code pages of mainframes. But the rule is mainly for processes in which
 * only a library of another package calls iconv(3). Most such libraries never convert anything, so only the named modules are packed.
 */
import * as path from 'path';
import { isFollowed } from './path-mentions';
import { valueOf } from '../../packages/package';
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';
import { withoutTrailing } from '../../text/trailing';
import { shortStrings } from '../commands/short-strings';
import { addFound } from '../programs/add-files';
import { converts, FROM_C_LIBRARY, libcOf } from '../programs/opened-by-glibc';
import { takeFile } from '../programs/processes';
import { cacheByRoot } from '../selection/cache-by-root';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Maximum size of a text, in bytes. Larger texts are not written by people. */
const MOST_BYTES = 1024 * 1024;
const QUOTED = /["']([\w.:-]{4,24})["']/g;
const WORD = /^[\w.:-]{4,24}$/;
/** Names without a digit or a separator, such as `GREEK` and `ARABIC`, do not count: they are also ordinary words. */
const NAME = /^(?=.*[\d_-])[A-Za-z]/;

export function addNamedConversions(
  { real: file, program }: Pending, selection: CurrentSelection, context: Context,
): Selection | undefined {
  const { root, packages } = context;
  const owner = packages.ownerOf(file);
  const process = program === undefined ? undefined : selection.processes.get(program);
  if (owner === undefined || process === undefined || !selection.requested.has(owner)) return undefined;
  const libc = libcOf(process);
  if (libc === undefined || !converts(process) || !isFollowed(file, selection, context)) return undefined;
  const gconv = root.real(path.posix.join(path.posix.dirname(libc.path), 'gconv'));
  if (gconv === undefined) return undefined;
  const delta = selection.fork();
  const modules = modulesIn(gconv, root);
  for (const name of namesIn(file, context)) {
    for (const module of modules.get(name.toUpperCase()) ?? []) {
      const why = { reason: `for the character set ${name}, which ${path.posix.basename(file)} names`, through: file };
      for (const real of addFound(path.posix.join(gconv, module), why, delta, context)) takeFile(real, program, delta, context);
      const lists = { reason: FROM_C_LIBRARY, through: libc.real };
      for (const list of [...listsIn(gconv, root), path.posix.join(gconv, 'gconv-modules.cache')]) addFound(list, lists, delta, context);
    }
  }
  return delta;
}

/** Names in quotes in a text, and strings of an object. */
function namesIn(file: string, { root }: Context): Set<string> {
  const { kind, size, elf } = root.content(file);
  if (elf) {
    const strings = shortStrings(elf, (use) => root.scan(file, use));
    return new Set([...strings].filter((text) => WORD.test(text) && NAME.test(text)));
  }
  if (size > MOST_BYTES || (kind !== 'text' && kind !== 'script')) return new Set();
  const text = root.scan(file, (bytes) => bytes.toString('latin1'));
  return new Set([...text.matchAll(QUOTED)].map(([, name]) => name).filter((name) => NAME.test(name)));
}

/** Files that list modules. */
function listsIn(gconv: RootPath, root: Root): RootPath[] {
  const more = path.posix.join(gconv, 'gconv-modules.d');
  const lists = root.names(more).filter((name) => name.endsWith('.conf')).map((name) => path.posix.join(more, name));
  return [path.posix.join(gconv, 'gconv-modules'), ...lists].filter((list) => root.isFile(list));
}

const modulesByDirectory = cacheByRoot<ReadonlyMap<string, readonly string[]>>();

/** The modules of each character set: name or alias, in capitals → file names. */
function modulesIn(gconv: RootPath, root: Root): ReadonlyMap<string, readonly string[]> {
  return modulesByDirectory(root, gconv, () => {
    const files = new Map<string, string[]>();
    const aliases: [alias: string, name: string][] = [];
    for (const line of listsIn(gconv, root).flatMap((list) => root.read(list).toString('latin1').split('\n'))) {
      const [keyword, from, to, module] = line.split('#', 1)[0].trim().split(/\s+/) as (string | undefined)[];
      if (from === undefined || to === undefined) continue;
      if (keyword === 'alias') aliases.push([nameOf(from), nameOf(to)]);
      if (keyword !== 'module' || module === undefined) continue;
      for (const name of [from, to].map(nameOf)) if (name !== 'INTERNAL') valueOf(files, name, () => []).push(`${module}.so`);
    }
    for (const [alias, name] of aliases) if (files.has(name)) files.set(alias, files.get(name)!);
    return new Map([...files].map(([name, modules]) => [name, [...new Set(modules)]]));
  });
}

/** `LATIN1//` in a list is the character set LATIN1. */
function nameOf(written: string): string {
  return withoutTrailing(written, '/').toUpperCase();
}
