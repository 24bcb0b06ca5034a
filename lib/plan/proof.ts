/**
 * Proves a plan: loads every program again, this time from the layer as it will be in the function. The loader must find each
 * library inside the layer, the same one as in the source, with every symbol version. It sees no file of the host.
 */
import * as path from 'path';
import { nameAliases } from './layout/alias';
import type { Process } from '../closure/closure';
import { load } from '../closure/program';
import { checkVersions } from '../closure/versions';
import { type Elf, replacedNames } from '../elf';
import { LayerError } from '../error';
import { MOST_BYTES } from '../lambda';
import { muslPathFile } from './edits/confine-musl';
import { type Entry, type FileEntry, needsWithKey, type Plan, rootOf, sizeOf, type TextEntry, withKey } from './layout/plan';
import { tooLarge } from './size/too-large';
import type { Files, Setting } from '../loader/search';
import type { Root } from '../root/root';
import { printableName } from '../text/printable';

/** A plan for a layer whose programs would not find their libraries, or that is too large. */
export class ProofError extends LayerError {}

/**
 * @param mostBytes size of the largest layer that is accepted
 * @throws ProofError, MissingLibraryError, MissingVersionError
 */
export function prove(plan: Plan, processes: Iterable<Process>, root: Root, setting: Setting, mostBytes = MOST_BYTES): void {
  if (sizeOf(plan) > mostBytes) {
    const { message, options } = tooLarge(plan, root);
    throw new ProofError(message, ...options);
  }
  checkNames(plan);
  const files = new PlannedFiles(plan, root);
  for (const { base, place } of plan.aliases) {
    if (place !== undefined && !files.has(rootOf(plan.key) + place)) {
      throw new ProofError(`${printableName(base)} was to be replaced, but the layer has nothing at ${printableName(place)}`);
    }
  }
  const nowhere = { libraryPath: [], variants: [], cache: undefined, configured: [], defaults: [], cwd: undefined };
  const inside: Setting = { ...setting, ...nowhere, files, pathFile: muslPathFile(plan.key) };
  const placeOf = new Map(plan.entries.flatMap((entry) => (entry.kind === 'file' ? [[entry.real, rootOf(plan.key) + entry.path]] : [])));
  for (const process of processes) proveProcess(process, (real) => placeOf.get(real)!, files, inside);
}

function proveProcess(process: Process, placeOf: (real: string) => string, files: PlannedFiles, inside: Setting): void {
  const program = placeOf(process.program.real);
  const again = load(program, files.content(program).elf as Elf, inside, process.rules);
  for (const object of process.objects) {
    const place = placeOf(object.real);
    let found = again.objects.find(({ real }) => real === place);
    if (!found && object.reason === 'plug-in') found = again.openFile(place, again.program, object.reason);
    // an object that no DT_NEEDED lists: the C library itself opens it by name
    if (!found && object.loader) {
      const opener = placeOf(object.loader.real);
      found = again.openName(object.name, again.objects.find(({ real }) => real === opener) ?? again.program);
    }
    if (!found || found.real !== place) {
      const problem = found ? `be served by ${printableName(found.real)}` : 'not be found';
      const name = printableName(path.posix.basename(program));
      throw new ProofError(`${printableName(object.path)}, which ${name} needs, would ${problem} in the layer`);
    }
  }
  if (process.rules.hasVersions) checkVersions(again.objects);
}

/** @throws ProofError if a name that replaces paths would lead to two places */
function checkNames({ key, aliases }: Plan): void {
  const places = new Map<string, string>();
  for (const [index, name] of nameAliases(key, aliases).entries()) {
    const { place, siblings = {} } = aliases[index];
    for (const [suffix, target] of [...(place === undefined ? [] : [['', place]]), ...Object.entries(siblings)]) {
      const other = places.get(name + suffix) ?? target;
      if (other !== target) {
        const both = `${printableName(other)} and to ${printableName(target)}`;
        throw new ProofError(`${printableName(name + suffix)} would lead to ${both} in the layer: exclude one of them`);
      }
      places.set(name + suffix, target);
    }
  }
}

/** The layer as a loader in the function sees it. */
class PlannedFiles implements Files {
  private readonly nodes = new Map<string, Entry | { kind: 'link'; target: string } | { kind: 'directory' }>();

  constructor(private readonly plan: Plan, private readonly root: Root) {
    const mirrored = rootOf(plan.key);
    for (const entry of plan.entries) {
      this.add(mirrored + entry.path, entry.kind === 'link' ? { ...entry, target: withKey(entry.target, plan.key) } : entry);
    }
    if (plan.loader !== undefined) this.add(`${mirrored}/ld.so`, { kind: 'link', target: plan.loader.slice(1) });
    for (const [index, { place }] of plan.aliases.entries()) {
      if (place !== undefined) this.add(alias(index), { kind: 'link', target: mirrored + place });
    }
  }

  public real(wanted: string): string | undefined {
    const pending = wanted.split('/').reverse();
    let at = '';
    for (let steps = 0; pending.length > 0 && steps < 1000; steps++) {
      const name = pending.pop()!;
      if (name === '' || name === '.') continue;
      const next = name === '..' ? path.posix.dirname(at || '/').replace(/^\/$/, '') : `${at}/${name}`;
      const node = this.nodes.get(next);
      if (next !== '' && !node) return undefined;
      if (node?.kind === 'link') {
        if (node.target.startsWith('/')) at = '';
        pending.push(...node.target.split('/').reverse());
      } else {
        at = next;
      }
    }
    return pending.length > 0 ? undefined : at;
  }

  public has(wanted: string): boolean {
    return this.real(wanted) !== undefined;
  }

  public status(real: string): { type: string } | undefined {
    const node = this.nodes.get(real);
    return node && { type: node.kind === 'text' || node.kind === 'launcher' ? 'file' : node.kind };
  }

  public read(real: string): Buffer {
    const entry = this.nodes.get(real) as TextEntry;
    return Buffer.from(withKey(entry.text, this.plan.key));
  }

  public content(real: string) {
    const entry = this.nodes.get(real) as FileEntry;
    const content = this.root.content(entry.real);
    return { ...content, elf: content.elf && this.edited(content.elf, entry) };
  }

  private edited(elf: Elf, { edits }: FileEntry): Elf {
    if (!elf.dynamic) return elf;
    const keyed = (text: string | undefined) => text && withKey(text, this.plan.key);
    const { rpath, runpath, needed, versionNeeds } = elf.dynamic;
    const replacing = edits?.needed && needsWithKey(edits.needed, this.plan.key);
    const names = replacedNames(replacing ?? []);
    const dynamic = {
      ...elf.dynamic,
      needed: replacing?.map(([name]) => name) ?? needed.map((name) => this.aliased(name)),
      versionNeeds: versionNeeds.map((need) => ({ ...need, file: names.get(need.file) ?? need.file })),
      rpath: edits?.rpath === undefined ? rpath : keyed(edits.rpath) || undefined,
      runpath: edits?.rpath === undefined ? runpath : undefined,
    };
    return { ...elf, interpreter: keyed(edits?.interpreter) ?? elf.interpreter, dynamic };
  }

  /** A library that is needed by its path is found through the alias of that path. */
  private aliased(name: string): string {
    const index = this.plan.aliases.findIndex(({ base }) => name === base || name.startsWith(`${base}/`));
    return index < 0 ? name : alias(index) + name.slice(this.plan.aliases[index].base.length);
  }

  private add(place: string, node: Entry | { kind: 'link'; target: string }): void {
    this.nodes.set(place, node);
    let at = place;
    while ((at = path.posix.dirname(at)) !== '/' && !this.nodes.has(at)) this.nodes.set(at, { kind: 'directory' });
  }
}

/** In the proof, aliases are named by their numbers: only their targets matter. */
function alias(index: number): string {
  return `/opt/ALIAS${index}`;
}

