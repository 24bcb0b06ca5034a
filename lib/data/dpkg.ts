/**
 * Debian's package database: `/var/lib/dpkg/status` and the file lists in `/var/lib/dpkg/info` (dpkg(1)).
 */
import { mergedUsr, Package, PackageDatabase } from './packages';
import { Root } from '../root/root';

const STATUS = '/var/lib/dpkg/status';
const INFO = '/var/lib/dpkg/info';

/** @returns `undefined` where there is none */
export function dpkgDatabase(root: Root, architecture: string): PackageDatabase | undefined {
  const status = root.real(STATUS);
  const info = root.real(INFO);
  return status === undefined || info === undefined ? undefined : new Dpkg(root, status, info, architecture);
}

/** Searching costs about 1 ms each, taking all lists apart as much as some dozens of searches. */
const MOST_SEARCHES = 40;

class Dpkg implements PackageDatabase {
  private readonly packages = new Map<string, DpkgPackage>();
  /** name of a file list → the installed package whose it is */
  private readonly byList = new Map<string, DpkgPackage>();
  private readonly sources = new Map<string, DpkgPackage[]>();
  /** real path → owner, for the lists that were read one by one */
  private readonly owners = new Map<string, Package>();
  private readonly fileLists = new Map<Package, readonly string[]>();
  private readonly sets = new Map<Package, ReadonlySet<string>>();
  private readonly unowned = new Set<string>();
  private searches = 0;
  private readonly merged: (listed: string) => string;
  private all?: { bytes: Buffer; ends: number[]; names: string[] };

  constructor(private readonly root: Root, status: string, private readonly info: string, architecture: string) {
    this.merged = mergedUsr(root);
    const provided = new Map<string, string[]>();
    for (const stanza of root.read(status).toString('utf8').split('\n\n')) {
      const fields = fieldsOf(stanza);
      if (!fields.Package || !fields.Status?.endsWith(' installed')) continue;
      if (fields.Architecture !== architecture && fields.Architecture !== 'all') continue;
      const source = fields.Source?.replace(/ .*/, '') ?? fields.Package;
      const list = fields['Multi-Arch'] === 'same' ? `${fields.Package}:${fields.Architecture}` : fields.Package;
      const installed = (name: string) => (this.packages.has(name) ? [name] : provided.get(name) ?? []);
      // of alternatives, the first that is there serves
      const serves = (names: readonly string[]) => names.map(installed).find(({ length }) => length > 0) ?? [];
      const resolve = (relations: string) => [...new Set(alternativesIn(relations).flatMap(serves))];
      const depends = [fields['Pre-Depends'], fields.Depends].filter(Boolean).join(', ');
      const found = new DpkgPackage(fields.Package, source, fields.Version ?? '', fields.Architecture, list, depends, fields.Recommends ?? '', resolve);
      this.packages.set(found.name, found);
      this.byList.set(`${list}.list`, found);
      this.sources.set(source, [...(this.sources.get(source) ?? []), found]);
      for (const [name] of alternativesIn(fields.Provides ?? '')) provided.set(name, [...(provided.get(name) ?? []), found.name]);
    }
  }

  public get(name: string): Package | undefined {
    return this.packages.get(name);
  }

  public builtFrom(source: string): readonly Package[] {
    return this.sources.get(source) ?? [];
  }

  public files(owner: Package): readonly string[] {
    let files = this.fileLists.get(owner);
    if (!files) {
      const list = `${this.info}/${(owner as DpkgPackage).list}.list`;
      files = this.root.isFile(list) ? this.root.read(list).toString('utf8').split('\n').filter((line) => line.length > 2).map(this.merged) : [];
      this.fileLists.set(owner, files);
      for (const file of files) if (!this.owners.has(file)) this.owners.set(file, owner);
    }
    return files;
  }

  public lists(owner: Package, real: string): boolean {
    let set = this.sets.get(owner);
    if (!set) {
      set = new Set(this.files(owner));
      this.sets.set(owner, set);
    }
    return set.has(real);
  }

  public isSole(real: string): boolean {
    this.all ??= this.readAll();
    const line = `\n${real}\n`;
    const at = this.all.bytes.indexOf(line);
    return at < 0 || this.all.bytes.indexOf(line, at + 1) < 0;
  }

  public ownerOf(real: string): Package | undefined {
    const known = this.owners.get(real);
    if (known || this.unowned.has(real)) return known;
    const owner = this.searches++ < MOST_SEARCHES ? this.find(real) : this.indexed().get(real);
    if (owner) this.files(owner);
    else this.unowned.add(real);
    return owner;
  }

  /** All owners at once. */
  private indexed(): ReadonlyMap<string, Package> {
    if (this.searches <= MOST_SEARCHES + 1) for (const owner of this.packages.values()) this.files(owner);
    return this.owners;
  }

  /** Lists run to megabytes, and mostly few owners are asked for: they are searched as bytes rather than taken apart. */
  private find(real: string): Package | undefined {
    this.all ??= this.readAll();
    const listed = [real, ...(/^\/usr\/(bin|sbin|lib[^/]*)\//.test(real) ? [real.slice(4)] : [])];
    for (const line of listed.map((path) => `\n${path}\n`)) {
      for (let at = this.all.bytes.indexOf(line); at >= 0; at = this.all.bytes.indexOf(line, at + 1)) {
        const owner = this.byList.get(this.all.names[this.all.ends.findIndex((end) => at < end)]);
        if (owner) return owner;
      }
    }
    return undefined;
  }

  private readAll() {
    const names = this.root.names(this.info).filter((name) => name.endsWith('.list'));
    const ends: number[] = [];
    const parts: Buffer[] = [];
    let length = 0;
    for (const name of names) {
      const bytes = this.root.read(`${this.info}/${name}`);
      parts.push(bytes);
      ends.push((length += bytes.length));
    }
    return { bytes: Buffer.concat(parts), ends, names };
  }
}

class DpkgPackage implements Package {
  public readonly type = 'deb';
  private resolvedDepends?: readonly string[];
  private resolvedRecommends?: readonly string[];

  constructor(
    public readonly name: string,
    public readonly source: string,
    public readonly version: string,
    public readonly architecture: string,
    /** the name of its file list, less `.list` */
    public readonly list: string,
    private readonly dependsField: string,
    private readonly recommendsField: string,
    private readonly resolve: (relations: string) => readonly string[],
  ) {}

  public get depends(): readonly string[] {
    this.resolvedDepends ??= this.resolve(this.dependsField);
    return this.resolvedDepends;
  }

  public get recommends(): readonly string[] {
    this.resolvedRecommends ??= this.resolve(this.recommendsField);
    return this.resolvedRecommends;
  }
}

const FIELD = /^(Package|Status|Version|Architecture|Multi-Arch|Source|Provides|Pre-Depends|Depends|Recommends): (.*)$/gm;

/** The fields that matter, continuation lines left out. */
function fieldsOf(stanza: string): Partial<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const [, name, value] of stanza.matchAll(FIELD)) fields[name] = value;
  return fields;
}

/** `a (>= 1) | b:any, c` → [[a, b], [c]] */
function alternativesIn(relations: string): string[][] {
  const name = (relation: string) => relation.trim().replace(/[ :(].*/, '');
  return relations.split(',').filter((relation) => relation.trim()).map((relation) => relation.split('|').map(name));
}
