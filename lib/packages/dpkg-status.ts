/**
 * The installed packages of dpkg's database: `/var/lib/dpkg/status` (dpkg(1)).
 */
import { alternativesIn, paragraphs } from './deb822';
import { type Package, valueOf } from './package';
import { ParsedFiles } from './parsed-file';
import { checkLimit, LIMITS } from '../limits';
import type { Root } from '../root/root';

const FIELDS: ReadonlySet<string> = new Set([
  'package',
  'architecture',
  'status',
  'source',
  'multi-arch',
  'pre-depends',
  'depends',
  'recommends',
  'suggests',
  'provides',
  'version',
  'essential',
]);

export interface InstalledPackages {
  readonly byName: ReadonlyMap<string, DpkgPackage>;
  /** name of a file list → its package */
  readonly byList: ReadonlyMap<string, DpkgPackage>;
  readonly bySource: ReadonlyMap<string, readonly DpkgPackage[]>;
}

const parsed = new ParsedFiles<InstalledPackages>();

/**
 * The packages of an architecture that are installed in a root.
 *
 * @param status the resolved path of the file
 * @throws LimitError
 */
export function installedPackages(root: Root, status: string, architecture: string): InstalledPackages {
  return parsed.get(root, status, () => readPackages(root, status, architecture), architecture);
}

function readPackages(root: Root, status: string, architecture: string): InstalledPackages {
  const byName = new Map<string, DpkgPackage>();
  const byList = new Map<string, DpkgPackage>();
  const bySource = new Map<string, DpkgPackage[]>();
  const provided = new Map<string, Set<string>>();
  const installed = (one: string) => (byName.has(one) ? [one] : [...provided.get(one) ?? []]);
  // the first alternative that is installed counts
  const serves = (names: readonly string[]) => names.map(installed).find(({ length }) => length > 0) ?? [];
  const resolve: Resolve = (relations, isEvery = false) => (
    [...new Set(alternativesIn(relations).flatMap((names) => (isEvery ? names.flatMap(installed) : serves(names))))]);
  let count = 0;
  // these fields are ASCII (Debian Policy 5.6), and a string of one byte for each character is searched faster
  for (const fields of paragraphs(root.read(status, LIMITS.packageStatus).toString('latin1'), FIELDS)) {
    checkLimit(LIMITS.packages, ++count, status);
    const [name, built] = [fields.get('package'), fields.get('architecture')];
    if (!name || !isInstalled(fields.get('status'))) continue;
    if (built !== architecture && built !== 'all') continue;
    const source = fields.get('source')?.split(' ', 1)[0] ?? name;
    const list = fields.get('multi-arch') === 'same' ? `${name}:${built}` : name;
    const depends = [fields.get('pre-depends'), fields.get('depends')].filter(Boolean).join(', ');
    const [version, isEssential] = [fields.get('version') ?? '', fields.get('essential') === 'yes'];
    const relations = { depends, recommends: fields.get('recommends') ?? '', suggests: fields.get('suggests') ?? '' };
    const pkg = new DpkgPackage(name, source, version, built, isEssential, list, relations, resolve);
    byName.set(name, pkg);
    byList.set(`${list}.list`, pkg);
    valueOf(bySource, source, () => []).push(pkg);
    for (const [one] of alternativesIn(fields.get('provides') ?? '')) valueOf(provided, one, () => new Set()).add(name);
  }
  return { byName, byList, bySource };
}

/** The installed packages that satisfy relations: for each, the first installed alternative, or with `isEvery` all of them. */
type Resolve = (relations: string, isEvery?: boolean) => readonly string[];

export class DpkgPackage implements Package {
  public readonly type = 'deb';
  private resolvedDepends?: readonly string[];
  private resolvedRecommends?: readonly string[];

  constructor(
    public readonly name: string,
    public readonly source: string,
    public readonly version: string,
    public readonly architecture: string,
    public readonly isEssential: boolean,
    /** the name of its file list without `.list` */
    public readonly list: string,
    /** fields of its paragraph */
    private readonly relations: { readonly depends: string; readonly recommends: string; readonly suggests: string },
    private readonly resolve: Resolve,
  ) {}

  public get depends(): readonly string[] {
    this.resolvedDepends ??= this.resolve(this.relations.depends);
    return this.resolvedDepends;
  }

  public get satisfying(): readonly string[] {
    return this.resolve(this.relations.depends, true);
  }

  public get recommends(): readonly string[] {
    this.resolvedRecommends ??= this.resolve(this.relations.recommends);
    return this.resolvedRecommends;
  }

  public get suggests(): readonly string[] {
    return this.resolve(this.relations.suggests);
  }
}

/**
 * A status is `WANT ERROR STATE`. A package with pending triggers is unpacked and configured: apt leaves packages in such states
 * while it runs (deb-triggers(5)).
 */
function isInstalled(status: string | undefined): boolean {
  return status !== undefined && / (?:installed|triggers-awaited|triggers-pending)$/.test(status);
}
