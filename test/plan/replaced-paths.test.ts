/**
 * Every path that is replaced in the files of 100 installed packages names the same file before and after.
 */
import * as fs from 'fs';
import * as path from 'path';
import { request } from './request';
import { written } from '../../lib/pack/entries';
import { nameAliases } from '../../lib/plan/layout/alias';
import type { FileEntry, Plan } from '../../lib/plan/layout/plan';
import { rootOf } from '../../lib/plan/layout/plan';
import { planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';

const LISTS = '/var/lib/dpkg/info';
const MOST_PACKAGES = 100;
const PER_LAYER = 10;
const MOST_BYTES = 8e6;
const RELEVANT = /^\/usr\/(?:lib|share)\/(?!doc|man|lintian|locale)/;

const root = new DirectoryRoot('/');

/** The files of a package that exist and can be read, without documentation. */
function filesOf(list: string): string[] {
  const files = fs.readFileSync(path.join(LISTS, list), 'utf8').split('\n');
  return files.filter((file) => /^\/(?:usr|etc)\//.test(file) && !/^\/usr\/share\/(?:doc|man)\//.test(file)).filter((file) => {
    const real = root.real(file);
    return real !== undefined && root.status(real)!.type === 'file' && root.isPublic(real);
  });
}

/** Names and files of the first packages, by name, that have programs or data and are not large. */
function packages(): { name: string; files: string[] }[] {
  const lists = fs.existsSync(LISTS) ? fs.readdirSync(LISTS).filter((name) => name.endsWith('.list')).sort() : [];
  const found: { name: string; files: string[] }[] = [];
  for (const list of lists) {
    if (found.length >= MOST_PACKAGES) break;
    const files = filesOf(list);
    const bytes = files.reduce((sum, file) => sum + fs.statSync(file).size, 0);
    if (bytes <= MOST_BYTES && files.some((file) => RELEVANT.test(file))) found.push({ name: path.basename(list, '.list'), files });
  }
  return found;
}

/** The files and links of a layer, at the paths that they have in a function. */
class Layer {
  private readonly nodes = new Map<string, string | Buffer | undefined>();

  constructor(private readonly plan: Plan) {
    for (const entry of written(plan)) {
      const place = `/opt/${entry.name}`;
      this.nodes.set(place, entry.kind === 'link' ? entry.target : entry.kind === 'file' ? entry.content : undefined);
      let at = place;
      while ((at = path.posix.dirname(at)) !== '/' && !this.nodes.has(at)) this.nodes.set(at, undefined);
    }
  }

  public content(place: string): Buffer {
    return this.nodes.get(rootOf(this.plan.key) + place) as Buffer;
  }

  public has(place: string): boolean {
    return this.nodes.has(rootOf(this.plan.key) + place);
  }

  public isLink(place: string): boolean {
    return typeof this.nodes.get(rootOf(this.plan.key) + place) === 'string';
  }

  /** The place of a file or directory, links resolved; `undefined` if the layer has nothing at the path. */
  public placeAt(file: string): string | undefined {
    const pending = file.split('/').reverse();
    let at = '';
    for (let steps = 0; pending.length > 0; steps++) {
      if (steps > 1000) return undefined;
      const name = pending.pop()!;
      if (name === '' || name === '.') continue;
      const next = name === '..' ? path.posix.dirname(at || '/').replace(/^\/$/, '') : `${at}/${name}`;
      if (next !== '' && !this.nodes.has(next)) return undefined;
      const node = this.nodes.get(next);
      if (typeof node === 'string') {
        if (node.startsWith('/')) at = '';
        pending.push(...node.split('/').reverse());
      } else {
        at = next;
      }
    }
    const mirrored = rootOf(this.plan.key);
    return at === mirrored || at.startsWith(`${mirrored}/`) ? at.slice(mirrored.length) : undefined;
  }
}

/** `/lib` and the like: no layer has these links, its paths are resolved ones. */
const isTopLevel = (link: string) => path.posix.dirname(link) === '/';

/** True if the layer has the file that a path names, with every link on the way. */
function isPacked(file: string, layer: Layer): boolean {
  const { real, links } = root.resolve(file);
  return real !== undefined && layer.has(real) && links.every(({ path: link }) => isTopLevel(link) || layer.isLink(link));
}

/** Whether a path of the layer leads to the file that a path of the source leads to, or to nothing if that is not packed. */
function difference(before: string, after: string, layer: Layer): string | undefined {
  const real = root.real(before);
  const place = layer.placeAt(after);
  if (place === undefined) return isPacked(before, layer) ? `${before} is packed, but ${after} leads to nothing` : undefined;
  if (place === real) return undefined;
  // identical files of a layer are links to the first
  const isSame = real !== undefined && layer.isLink(real) && root.isFile(place) && root.content(place).sha256 === root.content(real).sha256;
  return isSame ? undefined : `${before} is ${real}, but ${after} is ${place}`;
}

/** Compares each replaced path of a file. */
function differencesIn(entry: FileEntry, names: readonly string[], plan: Plan, layer: Layer): string[] {
  const original = fs.readFileSync(entry.real);
  const { edits } = entry;
  const content = layer.content(entry.path);
  const isMoved = edits?.interpreter !== undefined || edits?.rpath !== undefined || edits?.shebang !== undefined;
  const mentions = new Map(root.content(entry.real).mentions.map((mention) => [mention.offset, mention]));
  const aliases = (edits?.aliases ?? []).map(([offset, index, from, to]) => {
    const { base, replaced = base.length } = plan.aliases[index];
    return { offset, text: names[index].slice(0, replaced).slice(from, to) };
  });
  // constants of 16 characters follow one another, so that a path may seem to continue with the next one
  const expected = Buffer.from(original);
  for (const { offset, text } of aliases) expected.write(text, offset, 'latin1');
  return aliases.flatMap(({ offset, text }) => {
    const mention = mentions.get(offset);
    const before = original.toString('latin1', offset, offset + Math.max(text.length, mention?.path.length ?? 0));
    const after = text + before.slice(text.length);
    const where = `${entry.real} at ${offset}: `;
    const differences: string[] = [];
    const end = offset + after.length;
    if (!isMoved && !content.subarray(offset, end).equals(expected.subarray(offset, end))) differences.push(`${after} is not written`);
    if (/^\/+\.\.?(?:\/|$)/.test(before)) differences.push(`${before} is relative`);
    // the rest of a path in words or in an instruction is elsewhere: its alias is compared below
    const comparison = mention?.kind === 'whole' ? difference(before, after, layer) : undefined;
    return [...differences, ...(comparison === undefined ? [] : [comparison])].map((sentence) => where + sentence);
  }).concat(!isMoved && content.length !== original.length ? [`${entry.real} has another size`] : []);
}

const chosen = packages();
const starts = chosen.map((_, index) => index).filter((index) => index % PER_LAYER === 0);
const cases = starts.map((start) => {
  const group = chosen.slice(start, start + PER_LAYER);
  return { title: group.map(({ name }) => name).join(', '), files: group.flatMap(({ files }) => files) };
});
const eachCase = cases.length > 0 ? test.each(cases) : test.skip.each([{ title: 'no packages of dpkg', files: [] as string[] }]);

eachCase('replaced paths name the same files before and after: $title', ({ files }) => {
  const { plan } = planLayer(root, request('true', { include: files }));
  const layer = new Layer(plan);
  const names = nameAliases(plan.key, plan.aliases);
  const entries = plan.entries.filter((entry): entry is FileEntry => entry.kind === 'file');
  expect(entries.filter(({ edits }) => edits !== undefined && edits.aliases.length > 0).length).toBeGreaterThan(1);
  expect(entries.flatMap((entry) => differencesIn(entry, names, plan, layer))).toEqual([]);
  const ofAliases = plan.aliases.flatMap(({ base, place, siblings = {} }, index) => [
    ...(place === undefined ? [] : [difference(base, names[index], layer)]),
    ...Object.keys(siblings).map((suffix) => difference(base + suffix, names[index] + suffix, layer)),
  ]);
  expect(ofAliases.filter((found) => found !== undefined)).toEqual([]);
});
