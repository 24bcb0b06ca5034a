/**
 * apt, which resolves packages and downloads them, with a state of its own: nothing of the machine's is changed,
 * no lock of it is taken, and nobody needs root rights.
 *
 * What the machine says of how to get there holds as it stands: its proxy, its certificates, its passwords
 * (`auth.conf`), its keys. Its hooks do not: Docker's images have one that empties the machine's cache.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { paragraphs } from '../../packages/deb822';
import { aptEnvironment } from '../../process/environment';
import { changesBetween } from '../../text/nearest';
import { printable } from '../../text/printable';
import { run } from '../system-program';
import { SourceError } from '../source';

export interface AptSetting {
  /** the source, as messages name it */
  readonly source: string;
  /** Debian's name */
  readonly architecture: string;
  /** sources in place of the machine's */
  readonly sources?: string;
  readonly recommends: boolean;
}

/** A package that was chosen, with the version and the architecture. */
export interface Chosen {
  /** of its archive, `rig_1.11-1_amd64.deb` */
  readonly file: string;
  /** of the archive */
  readonly sha256: string;
  readonly uri: string;
}

export const ONLY_DEBIAN = 'packages are fetched by the apt of Debian and Ubuntu: synthesize there, or in a container of them, or take the program ' +
  'from an image, as BinarySource.image(\'debian:12\')';

export const MAKE_ROOM = 'make room, or set XDG_CACHE_HOME (as root TMPDIR as well) to a directory where there is some';

export class AptGet {
  private readonly configuration: string;
  private readonly archives: string;
  private known?: readonly string[];

  /** @param directory an empty one, for its state */
  constructor(directory: string, private readonly setting: AptSetting) {
    const inside = (...names: string[]) => path.join(directory, ...names);
    for (const made of ['lists/partial', 'archives/partial', 'sources', 'log']) fs.mkdirSync(inside(made), { recursive: true });
    fs.writeFileSync(inside('status'), '');
    this.archives = inside('archives');
    this.configuration = inside('apt.conf');
    const { architecture, sources, recommends } = setting;
    // One-line style as well, as the machine's may be: apt tells them by the name of the file.
    if (sources !== undefined) fs.writeFileSync(inside('sources', isDeb822(sources) ? 'given.sources' : 'given.list'), sources);
    const values: [string, string][] = [
      ['Dir::State', directory],
      ['Dir::State::lists', inside('lists')],
      ['Dir::State::status', inside('status')],
      ['Dir::State::extended_states', inside('extended_states')],
      ['Dir::Cache', directory],
      ['Dir::Cache::archives', this.archives],
      ['Dir::Cache::pkgcache', inside('pkgcache.bin')],
      ['Dir::Cache::srcpkgcache', ''],
      ['Dir::Log', inside('log')],
      // what pins and prefers releases of the machine means nothing for other sources
      ...(sources === undefined ? [] : [
        ['Dir::Etc::sourcelist', '/dev/null'], ['Dir::Etc::sourceparts', inside('sources')],
        ['Dir::Etc::preferences', '/dev/null'], ['Dir::Etc::preferencesparts', '/dev/null'], ['APT::Default-Release', ''],
      ] as [string, string][]),
      ['APT::Architecture', architecture],
      ['APT::Architectures::', architecture],
      // as root, downloads would be _apt's, who may not enter root's cache
      ['APT::Sandbox::User', ''],
      ['APT::Install-Recommends', String(recommends)],
      ['APT::Install-Suggests', 'false'],
      // otherwise a list that could not be fetched is a warning
      ['APT::Update::Error-Mode', 'any'],
      // otherwise `lib.6` is a pattern where there is no such package
      ['APT::Cmd::Pattern-Only', 'true'],
      ['Acquire::Languages', 'none'],
      ['APT::Get::AllowUnauthenticated', 'false'],
      ['Acquire::AllowInsecureRepositories', 'false'],
      ['Acquire::AllowWeakRepositories', 'false'],
      ['Acquire::AllowDowngradeToInsecureRepositories', 'false'],
    ];
    // `-c` is read after the machine's own, so that it can take things back
    fs.writeFileSync(this.configuration, [
      // apt-file's and AppStream's lists would be fetched as well
      ...['APT::Update', 'APT::Architectures', 'Acquire::IndexTargets::deb::Contents-deb', 'Acquire::IndexTargets::deb::DEP-11', 'DPkg'].map((tree) => `#clear ${tree};`),
      ...values.map(([name, value]) => `${name} ${JSON.stringify(value)};`),
    ].map((line) => `${line}\n`).join(''));
  }

  /** Fetches the lists of packages, and checks their signatures. */
  public update(): void {
    this.apt('apt-get', ['update'], adviceForUpdate);
  }

  /** The packages that there are, of a list of names. */
  public existing(names: readonly string[]): string[] {
    this.known ??= this.apt('apt-cache', ['pkgnames']).split('\n');
    const known = new Set(this.known);
    return names.filter((name) => known.has(name));
  }

  /** What installing packages on a machine without any would bring, sorted. */
  public choose(packages: readonly string[]): Chosen[] {
    const lines = this.install(packages, ['--print-uris', '-o', 'Acquire::ForceHash=SHA256']).split('\n');
    const chosen = lines.map((line) => /^'([^']*)' (\S+) \d+ SHA256:([0-9a-f]{64})$/.exec(line)).filter((match) => match !== null);
    return chosen.map(([, uri, file, sha256]) => ({ uri, file, sha256 })).sort((one, other) => (one.file < other.file ? -1 : 1));
  }

  /**
   * Downloads what `choose` gave.
   *
   * @returns the archives, in its order: each is what the signed lists say
   */
  public download(packages: readonly string[], chosen: readonly Chosen[]): string[] {
    this.install(packages, ['--download-only']);
    return chosen.map(({ uri, file, sha256 }) => {
      // apt does not copy what is on this machine already
      const archive = uri.startsWith('file:') ? decodeURIComponent(uri.slice('file:'.length)) : path.join(this.archives, file);
      const found = createHash('sha256').update(fs.readFileSync(archive)).digest('hex');
      if (found !== sha256) throw new SourceError(`source ${this.setting.source}: ${printable(archive)} has the SHA-256 ${found}, expected ${sha256}: it has changed meanwhile, try again`);
      return archive;
    });
  }

  private install(packages: readonly string[], options: readonly string[]): string {
    return this.apt('apt-get', ['-y', ...options, 'install', '--', ...packages], (said) => this.adviceForInstall(said));
  }

  private apt(command: string, args: readonly string[], advice?: (said: string) => string): string {
    return run({
      source: this.setting.source,
      command,
      args: ['-q', '-c', this.configuration, ...args],
      environment: aptEnvironment(),
      missing: ONLY_DEBIAN,
      options: ['sources'],
      advice,
    });
  }

  private adviceForInstall(said: string): string {
    const [, missing] = /(?:Unable to locate package|Package '?)\s*([a-z0-9][a-z0-9.+-]+)/.exec(said) ?? [];
    if (/Unable to locate package|no installation candidate/.test(said) && missing !== undefined) {
      const near = similarNames(missing, this.known ?? []);
      const meant = near.length > 0 ? `did you mean ${near.join(', ')}? ` : '';
      return `${meant}the package has to be in the sources, for ${this.setting.architecture}; the option sources gives others ` +
        '(Ubuntu has arm64 at http://ports.ubuntu.com/ubuntu-ports)';
    }
    if (/Version '.*' for '.*' was not found|Release '.*' for '.*' was not found/.test(said)) return 'leave the version out, or give sources that have it, as of snapshot.debian.org';
    if (/unmet dependencies|held broken|Conflicts|conflicts/.test(said)) return 'these packages do not go together: make a layer for each, or give sources of one release';
    return adviceForUpdate(said);
  }
}

function adviceForUpdate(said: string): string {
  if (/No space left|enough free space/.test(said)) return MAKE_ROOM;
  if (/NO_PUBKEY|not signed|does not have a Release file|public key|signature|GPG error/i.test(said)) {
    return 'the sources have to be signed by a key that this machine trusts: install its keyring, as debian-archive-keyring, or name the key in Signed-By; ' +
      'Trusted: yes takes what nobody has signed';
  }
  if (/Malformed|list of sources could not be read|sources\.list/.test(said)) return 'sources are written as in /etc/apt/sources.list.d/*.sources: Types, URIs, Suites, Components';
  if (/Could not|Unable to connect|Failed to fetch|Temporary failure|404/.test(said)) {
    return 'check the network, the proxy that apt is set up with (apt-config dump Acquire), and the sources; what was fetched before is used again without any network';
  }
  return '';
}

/** Of the names that are told, and of letters in which each may differ. */
const MOST_NAMES = 4;
const MOST_CHANGES = 2;

/** Names that somebody may have meant, the closest first. */
function similarNames(wanted: string, names: readonly string[]): string[] {
  const isVariant = (name: string) => name.startsWith(`${wanted}-`) || name.endsWith(`-${wanted}`);
  const close = names.map((name) => ({ name, changes: isVariant(name) ? MOST_CHANGES : changesBetween(wanted, name, MOST_CHANGES) }));
  const near = close.filter(({ changes }) => changes <= MOST_CHANGES);
  near.sort((one, other) => one.changes - other.changes || (one.name < other.name ? -1 : 1));
  return near.slice(0, MOST_NAMES).map(({ name }) => name);
}

/** Whether sources are written in deb822 style; the one-line style begins with `deb`. */
function isDeb822(sources: string): boolean {
  for (const fields of paragraphs(sources)) if (fields.has('types')) return true;
  return false;
}
