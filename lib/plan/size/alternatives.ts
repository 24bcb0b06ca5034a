/**
 * Smaller alternatives of libraries for a layer that would be too large otherwise.
 *
 * update-alternatives(1) has one link for libraries with the same interface, such as `libblas.so.3`: OpenBLAS has 40 MB, the
 * reference implementation less than 1 MB. Alternatives are accepted if, with them, the libraries of the layer still define every symbol
 * that was imported from a replaced library, and every symbol version that is required.
 */
import * as path from 'path';
import type { Process } from '../../closure/closure';
import { load } from '../../closure/program';
import type { Collected } from '../../collect/collect';
import { lacksLess } from '../../collect/selection/module-distance';
import { type Need, NEEDS } from '../../collect/selection/size-budget';
import { readSymbols } from '../../elf';
import type { Setting } from '../../loader/search';
import type { Root } from '../../root/root';
import { megabytes } from '../../text/megabytes';

const STATE = '/var/lib/dpkg/alternatives';
const LINKS = '/etc/alternatives';

/** Maximum number of combinations of alternatives that are compared. */
const MOST_COMBINATIONS = 64;

/** A layer that was collected from a root. */
interface Gathered {
  readonly root: Root;
  readonly setting: Setting;
  readonly collected: Collected;
}

/** Path of a link → the library that it leads to. */
type Links = ReadonlyMap<string, string>;

/**
 * Collects a layer. If it is too large, or has no room for some data or add-ons, collects it again with smaller alternatives of its
 * libraries. Tries the combinations of alternatives that save the most bytes first.
 *
 * @returns the layer of the first combination that works, with a notice that lists the replaced libraries; otherwise the original layer
 */
export function withSmallerAlternatives(
  source: Root,
  settingOf: (root: Root) => Setting,
  collect: (root: Root, setting: Setting) => Collected,
  mostBytes: number,
): Gathered & { readonly replaced: readonly string[] } {
  const gather = (root: Root): Gathered => {
    const setting = settingOf(root);
    return { root, setting, collected: collect(root, setting) };
  };
  const chosen = gather(source);
  if (!isTooLarge(chosen, mostBytes)) return { ...chosen, replaced: [] };
  const choices = choicesOf(chosen);
  if (choices.size === 0) return { ...chosen, replaced: [] };
  const processes = processesOf(chosen.collected);
  const bytes = bytesOfObjects(processes, source, chosen.setting);
  const smaller = combinations(choices).flatMap((links) => {
    const root = source.withLinks(links);
    const sum = attempt(() => bytesOfObjects(processes, root, settingOf(root)));
    return sum !== undefined && sum < bytes ? [{ root, links, saved: bytes - sum }] : [];
  }).sort((a, b) => b.saved - a.saved);
  for (const { root, links, saved } of smaller) {
    const other = attempt(() => gather(root));
    if (other && lacksNoMore(other, chosen, mostBytes) && serves(chosen.collected, other.collected, root)) {
      return { ...other, replaced: [notice(links, source, saved)] };
    }
  }
  return { ...chosen, replaced: [] };
}

function isTooLarge(gathered: Gathered, mostBytes: number): boolean {
  return gathered.collected.isFull || gathered.collected.bytes > mostBytes;
}

/**
 * Whether another layer may replace the chosen one. It may if the chosen one is too large, or lacks more dependencies than the other.
 * Otherwise, the groups of files that the two layers lack are compared, one need after the other in the order of `NEEDS`: first `needed`
 * groups, then `mentioned` ones, and so on. If the other layer lacks a group that the chosen one has, it may not replace the chosen one.
 * If it lacks only some of the groups that the chosen one lacks, it may. If both lack the same groups, the next need decides. If they lack
 * the same groups of every need, the other layer may replace the chosen one.
 */
function lacksNoMore({ collected: { lacking, lackingDependencies } }: Gathered, chosen: Gathered, mostBytes: number): boolean {
  if (chosen.collected.bytes > mostBytes || lacksLess(lackingDependencies, chosen.collected.lackingDependencies)) return true;
  for (const need of NEEDS) {
    const keysOf = (groups: ReadonlyMap<string, Need>) => [...groups.keys()].filter((key) => groups.get(key) === need);
    const [before, after] = [keysOf(chosen.collected.lacking), keysOf(lacking)];
    if (!after.every((key) => before.includes(key))) return false;
    if (after.length < before.length) return true;
  }
  return true;
}

function notice(links: Links, source: Root, saved: number): string {
  const replaced = [...links].map(([link, library]) => `${library} as ${path.posix.basename(link)} instead of ${source.real(link)}`);
  return [
    `the layer has ${replaced.join(', and ')}: this saves ${megabytes(saved)} of a layer`,
    'that would be too large or lack add-ons otherwise.',
    'The program may be slower with the smaller libraries. To avoid this notice, select them in the source with update-alternatives,',
    'or take another source',
  ].join(' ');
}

/** @returns `undefined` if the action fails: with another library, a program may lack a symbol and not load */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/**
 * The processes of a layer. If there was no room for plug-ins whose libraries are alternatives, the processes with these plug-ins are
 * included, too.
 */
function processesOf({ processes, withoutRoom }: Collected): Process[] {
  const added = withoutRoom.filter(({ links }) => [...links.keys()].some(isAlternative));
  return [...processes.values(), ...added.flatMap((addition) => [...addition.processes.values()])];
}

function isAlternative(link: string): boolean {
  return link.startsWith(`${LINKS}/`);
}

/** Bytes of the programs, libraries and plug-ins that processes load from a root. */
function bytesOfObjects(processes: readonly Process[], root: Root, setting: Setting): number {
  const objects = new Set<string>();
  for (const { program, objects: loaded } of processes) {
    const process = load(program.real, program.elf, setting);
    for (const { real, reason } of loaded) if (reason === 'plug-in') process.openFile(real, process.program, reason);
    for (const { real } of process.objects) objects.add(real);
  }
  return [...objects].reduce((sum, real) => sum + root.status(real)!.size, 0);
}

/** The links in /etc/alternatives by which libraries of the layer were found → the other libraries that each link could lead to. */
function choicesOf({ collected, root }: Gathered): Map<string, readonly string[]> {
  const libraries = new Set(processesOf(collected).flatMap(({ objects }) => objects.map(({ real }) => real)));
  const links = new Set([collected.selection, ...collected.withoutRoom].flatMap((found) => [...found.links.keys()]));
  const choices = new Map<string, readonly string[]>();
  for (const link of [...links].sort()) {
    const chosen = root.real(link);
    if (!isAlternative(link) || chosen === undefined || !libraries.has(chosen)) continue;
    const isOther = (file: string | undefined) => file !== undefined && file !== chosen;
    const others = alternativesOf(path.posix.basename(link), root).filter((alternative) => isOther(root.file(alternative)));
    if (others.length > 0) choices.set(link, others);
  }
  return choices;
}

/** All combinations in which at least one link leads elsewhere. If these are more than `MOST_COMBINATIONS`, only the first links vary. */
function combinations(choices: ReadonlyMap<string, readonly string[]>): Links[] {
  let found: Links[] = [new Map()];
  for (const [link, others] of choices) {
    const more = found.flatMap((links) => others.map((other) => new Map([...links, [link, other]])));
    if (found.length + more.length > MOST_COMBINATIONS) break;
    found = [...found, ...more];
  }
  return found.slice(1);
}

/**
 * The paths that update-alternatives knows for a link. Its state file for the link has the mode, the link, the name and path of each slave
 * link (a link that is switched along with the first), an empty line, and then each path with its priority and the slave links' targets.
 */
function alternativesOf(name: string, root: Root): string[] {
  const state = root.file(path.posix.join(STATE, name));
  if (state === undefined) return [];
  const lines = root.read(state).toString('utf8').split('\n');
  const start = lines.indexOf('', 2) + 1;
  const following = (start - 3) / 2;
  const alternatives: string[] = [];
  for (let at = start; start > 0 && lines[at]; at += 2 + following) alternatives.push(lines[at]);
  return alternatives;
}

/** Whether the libraries that are loaded now define every symbol that objects import from libraries that are no longer loaded. */
function serves(before: Collected, after: Collected, root: Root): boolean {
  return [...before.processes].every(([program, old]) => {
    const process = after.processes.get(program);
    return process === undefined || isServed(old, process, root);
  });
}

function exportedBy(real: string, root: Root): Iterable<string> {
  return root.readParts(real, readSymbols).exports.keys();
}

function isServed(before: Process, after: Process, root: Root): boolean {
  const isIn = ({ objects }: Process, real: string) => objects.some((object) => object.real === real);
  const gone = before.objects.filter(({ real }) => !isIn(after, real));
  if (gone.length === 0) return true;
  const imports = new Set(after.objects.flatMap(({ elf }) => [...elf.dynamic?.imports ?? []]));
  const lost = new Set(gone.flatMap(({ real }) => [...exportedBy(real, root)]).filter((symbol) => imports.has(symbol)));
  // the new libraries come first, because they define most of the lost symbols
  const [kept, added] = [after.objects.filter(({ real }) => isIn(before, real)), after.objects.filter(({ real }) => !isIn(before, real))];
  for (const { real } of [...added, ...kept]) {
    if (lost.size === 0) break;
    for (const symbol of exportedBy(real, root)) lost.delete(symbol);
  }
  return lost.size === 0;
}
