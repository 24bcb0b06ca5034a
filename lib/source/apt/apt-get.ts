/**
 * Runs apt with a private state, to resolve and download packages. It changes nothing on the machine, takes no lock and needs no root
 * rights.
 *
 * The machine's configuration for downloads applies: proxy, certificates, passwords (`auth.conf`), keys. The machine's hooks do
 * not run: in Docker's images, they empty the package cache.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { paragraphs } from '../../packages/deb822';
import { aptEnvironment } from '../../process/environment';
import { changesBetween } from '../../text/nearest';
import { printable } from '../../text/printable';
import { SourceError } from '../source';
import { run } from '../system-program';

export interface AptSetting {
  /** the source's name in messages */
  readonly source: string;
  /** the architecture's name in Debian */
  readonly architecture: string;
  /** used instead of the machine's sources */
  readonly sources?: string;
  readonly recommends: boolean;
}

/** The archive of a package that apt selected, in one version and for one architecture. */
export interface Chosen {
  /** name of the archive, `rig_1.11-1_amd64.deb` */
  readonly file: string;
  /** of the archive */
  readonly sha256: string;
  /** of the archive */
  readonly bytes: number;
  readonly uri: string;
}

export const ONLY_DEBIAN =
  'apt sources require the apt of Debian or Ubuntu: synthesize there, in a container of one of them, or take the program ' +
  "from an image, such as BinarySource.image('debian:12')";

export const MAKE_ROOM =
  'free disk space, or set XDG_CACHE_HOME (for the root user, TMPDIR as well) to a directory on a disk with more space';

export class AptGet {
  private readonly configuration: string;
  private readonly archives: string;
  /** the directories that archives are downloaded to */
  public readonly downloads: readonly string[];
  private known?: readonly string[];

  /** @param directory for apt's state, empty */
  constructor(directory: string, private readonly setting: AptSetting) {
    const inside = (...names: string[]) => path.join(directory, ...names);
    for (const name of ['lists/partial', 'archives/partial', 'sources', 'log']) fs.mkdirSync(inside(name), { recursive: true });
    fs.writeFileSync(inside('status'), '');
    this.archives = inside('archives');
    this.downloads = [this.archives, inside('archives', 'partial')];
    this.configuration = inside('apt.conf');
    const { architecture, sources, recommends } = setting;
    // The given sources may be in deb822 style or in one-line style. apt distinguishes the styles by file extension.
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
      // the machine's pins and preferences do not apply to other sources
      ...(sources === undefined ? [] : [
        ['Dir::Etc::sourcelist', '/dev/null'], ['Dir::Etc::sourceparts', inside('sources')],
        ['Dir::Etc::preferences', '/dev/null'], ['Dir::Etc::preferencesparts', '/dev/null'], ['APT::Default-Release', ''],
      ] as [string, string][]),
      ['APT::Architecture', architecture],
      ['APT::Architectures::', architecture],
      // otherwise, if root runs apt, it downloads as the user _apt, who has no access to root's cache
      ['APT::Sandbox::User', ''],
      ['APT::Install-Recommends', String(recommends)],
      ['APT::Install-Suggests', 'false'],
      // otherwise a failed download of a list is only a warning
      ['APT::Update::Error-Mode', 'any'],
      // otherwise apt treats `lib.6` as a pattern if no such package exists
      ['APT::Cmd::Pattern-Only', 'true'],
      ['Acquire::Languages', 'none'],
      ['APT::Get::AllowUnauthenticated', 'false'],
      ['Acquire::AllowInsecureRepositories', 'false'],
      ['Acquire::AllowWeakRepositories', 'false'],
      ['Acquire::AllowDowngradeToInsecureRepositories', 'false'],
    ];
    // apt reads the file of `-c` after the machine's configuration files, so it can clear values that they set
    fs.writeFileSync(
      this.configuration,
      [
        // otherwise apt would run the machine's hooks, and also fetch the lists of its other architectures, of apt-file and of AppStream
        ...[
          'APT::Update',
          'APT::Architectures',
          'Acquire::IndexTargets::deb::Contents-deb',
          'Acquire::IndexTargets::deb::DEP-11',
          'DPkg',
        ].map((tree) => `#clear ${tree};`),
        ...values.map(([name, value]) => `${name} ${JSON.stringify(value)};`),
      ]
        .map((line) => `${line}\n`)
        .join(''),
    );
  }

  /** Downloads the package lists and verifies their signatures. */
  public update(): void {
    this.apt('apt-get', ['update'], adviceForUpdate);
  }

  /** Returns those names that are in the package lists. */
  public existing(names: readonly string[]): string[] {
    this.known ??= this.apt('apt-cache', ['pkgnames']).split('\n');
    const known = new Set(this.known);
    return names.filter((name) => known.has(name));
  }

  /** The packages that apt would install on a machine that has no packages, sorted by file name. */
  public choose(packages: readonly string[]): Chosen[] {
    const lines = this.install(packages, ['--print-uris', '-o', 'Acquire::ForceHash=SHA256']).split('\n');
    const chosen = lines.map((line) => /^'([^']*)' (\S+) (\d+) SHA256:([0-9a-f]{64})$/.exec(line)).filter((match) => match !== null);
    return chosen.map(([, uri, file, bytes, sha256]) => ({ uri, file, bytes: Number(bytes), sha256 }))
      .sort((left, right) => (left.file < right.file ? -1 : 1));
  }

  /**
   * Downloads the packages that `choose` returned.
   *
   * @returns the archives in the same order, verified against the signed lists
   */
  public download(packages: readonly string[], chosen: readonly Chosen[]): string[] {
    this.install(packages, ['--download-only']);
    return chosen.map(({ uri, file, sha256 }) => {
      // apt does not copy archives that are already on this machine, so read such an archive at its own path
      const archive = uri.startsWith('file:') ? decodeURIComponent(uri.slice('file:'.length)) : path.join(this.archives, file);
      const actual = createHash('sha256').update(fs.readFileSync(archive)).digest('hex');
      if (actual !== sha256) {
        throw new SourceError(
          `source ${this.setting.source}: ${printable(archive)} has the SHA-256 ${actual}, expected ${sha256}: ` +
            'the archive has changed, try again',
        );
      }
      return archive;
    });
  }

  private install(packages: readonly string[], options: readonly string[]): string {
    return this.apt('apt-get', ['-y', ...options, 'install', '--', ...packages], (output) => this.adviceForInstall(output));
  }

  private apt(command: string, args: readonly string[], advice?: (output: string) => string): string {
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

  private adviceForInstall(output: string): string {
    const [, missing] = /(?:Unable to locate package|Package '?)\s*([a-z0-9][a-z0-9.+-]+)/.exec(output) ?? [];
    if (/Unable to locate package|no installation candidate/.test(output) && missing !== undefined) {
      const near = similarNames(missing, this.known ?? []);
      const suggestion = near.length > 0 ? `did you mean ${near.join(', ')}? ` : '';
      return `${suggestion}the package must be in the sources, for ${this.setting.architecture}; set the option sources to use others ` +
        '(Ubuntu provides arm64 at http://ports.ubuntu.com/ubuntu-ports)';
    }
    if (/Version '.*' for '.*' was not found|Release '.*' for '.*' was not found/.test(output)) {
      return 'omit the version, or set sources that have it, such as snapshot.debian.org';
    }
    if (/unmet dependencies|held broken|Conflicts|conflicts/.test(output)) {
      return 'these packages cannot be installed together: create a layer for each, or set sources of a single release';
    }
    return adviceForUpdate(output);
  }
}

function adviceForUpdate(output: string): string {
  if (/No space left|enough free space/.test(output)) return MAKE_ROOM;
  if (/NO_PUBKEY|not signed|does not have a Release file|public key|signature|GPG error/i.test(output)) {
    return (
      'the sources must be signed with a key that this machine trusts: install its keyring, such as debian-archive-keyring, ' +
      'or set Signed-By; Trusted: yes disables the check'
    );
  }
  if (/Malformed|list of sources could not be read|sources\.list/.test(output)) {
    return 'sources must be in the format of /etc/apt/sources.list.d/*.sources: Types, URIs, Suites, Components';
  }
  if (/Could not|Unable to connect|Failed to fetch|Temporary failure|404/.test(output)) {
    return 'check the network, apt\'s proxy (apt-config dump Acquire) and the sources; requests that succeeded before need no network';
  }
  return '';
}

/** Maximum number of suggested names, and of letters in which each may differ. */
const MOST_NAMES = 4;
const MOST_CHANGES = 2;

/** Names similar to a misspelled one, the most similar first. */
function similarNames(wanted: string, names: readonly string[]): string[] {
  const isVariant = (name: string) => name.startsWith(`${wanted}-`) || name.endsWith(`-${wanted}`);
  const close = names.map((name) => ({ name, changes: isVariant(name) ? MOST_CHANGES : changesBetween(wanted, name, MOST_CHANGES) }));
  const near = close.filter(({ changes }) => changes <= MOST_CHANGES);
  near.sort((left, right) => left.changes - right.changes || (left.name < right.name ? -1 : 1));
  return near.slice(0, MOST_NAMES).map(({ name }) => name);
}

/** True for sources in deb822 style. The one-line style begins with `deb`. */
function isDeb822(sources: string): boolean {
  for (const fields of paragraphs(sources)) if (fields.has('types')) return true;
  return false;
}
