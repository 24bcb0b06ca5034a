/**
 * Debian and Ubuntu packages as a source: apt downloads them into a private root. The packages need not be installed,
 * and the root may be for another architecture.
 *
 * A root is cached under a hash of its package versions, and each request records the root that it resolved to. So an app
 * that was synthesized before needs no network and keeps the same versions until `BINARY_LAYER_REFRESH=1` requests an
 * update, or the cache is cleared.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { AptGet, MAKE_ROOM, ONLY_DEBIAN } from './apt-get';
import { unpackAll } from './deb';
import { checkReplay, replay } from './maintainer-scripts';
import type { Machine } from '../../elf';
import { MACHINES, THIS_MACHINE } from '../../loader/machine';
import { cacheDirectory, makeCacheDirectory, readCached } from '../../process/cache-directory';
import { OWNER, temporaryDirectory } from '../../process/leftovers';
import { withProgress } from '../../process/progress';
import { discard } from '../../process/remove-tree';
import { writeWhole } from '../../process/whole-file';
import { DirectoryRoot } from '../../root/directory-root';
import { megabytes } from '../../text/megabytes';
import { printable } from '../../text/printable';
import { cachedRoot, isCached } from '../cached-root';
import { loadersIn, openRoot } from '../root-directory';
import { type OpenedSource, SourceError } from '../source';
import { run } from '../system-program';

export interface AptOptions {
  /** content of a file in /etc/apt/sources.list.d @default - the machine's own */
  readonly sources?: string;
  /** true to install recommended packages as well as dependencies @default false */
  readonly recommends?: boolean;
  /** true to run the packages' maintainer scripts @default true */
  readonly maintainerScripts?: boolean;
}

/** Incremented whenever the same packages would result in another root. */
const RULES_VERSION = 2;

/**
 * Packages to install even if no package depends on them. Either every Debian has them, so other packages do not declare the dependency,
 * or network access requires them. They contain the C.UTF-8 locale and the index of character sets (libc-bin), terminals (ncurses-base),
 * /bin/sh (dash), commands of maintainer scripts that busybox lacks or simplifies (coreutils, findutils), names of services and
 * protocols (netbase), certificates.
 */
const IMPLIED = ['libc-bin', 'ncurses-base', 'dash', 'coreutils', 'findutils', 'netbase', 'ca-certificates'];

/** `name`, `name=version`, `name/suite`: nothing that apt would interpret as an option, a pattern, a task or a removal. */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](?:=[A-Za-z0-9.+:~-]+|\/[A-Za-z0-9][A-Za-z0-9.+~_/-]*)?$/;

/** Requests already refreshed in this process: several layers of an app may have the same source. */
const refreshed = new Set<string>();

/**
 * Opens Debian packages as a source.
 *
 * @param packages in the syntax of `apt-get install`, without patterns
 * @param machine target architecture @default - this machine
 * @throws SourceError
 */
export function openApt(packages: readonly string[], options: AptOptions = {}, machine: Machine = THIS_MACHINE): OpenedSource {
  const requested = [...new Set(packages)].sort();
  const { debian: architecture } = MACHINES[machine];
  const name = `apt (${requested.map(printable).join(', ')}; ${architecture})`;
  checkNames(name, requested);
  const { sources, recommends = false, maintainerScripts = true } = options;
  const request = keyOf(RULES_VERSION, requested, architecture, sources ?? machineSources(), recommends, maintainerScripts);
  const cache = path.join(cacheDirectory(), 'apt');
  const choice = path.join(cache, `${request}.json`);
  const isToRefresh = process.env.BINARY_LAYER_REFRESH === '1' && !refreshed.has(request);
  let directory = isToRefresh ? undefined : cachedChoice(cache, choice);
  if (directory === undefined) {
    directory = fetch(name, cache, { requested, architecture, sources, recommends, maintainerScripts, isNative: machine === THIS_MACHINE });
    writeWhole(choice, JSON.stringify({ key: path.basename(directory) }));
  }
  refreshed.add(request);
  return openRoot(name, path.join(directory, 'root'), machine);
}

interface Request {
  readonly requested: readonly string[];
  readonly architecture: string;
  readonly sources?: string;
  readonly recommends: boolean;
  readonly maintainerScripts: boolean;
  readonly isNative: boolean;
}

function fetch(name: string, cache: string, request: Request): string {
  const { requested, architecture, sources, recommends, maintainerScripts, isNative } = request;
  if (maintainerScripts) checkReplay(name);
  makeCacheDirectory(cache);
  const state = fs.mkdtempSync(path.join(cache, `.state-${OWNER}-`));
  try {
    const apt = new AptGet(state, { source: name, architecture, sources, recommends });
    withProgress({ title: `source ${name}: downloading the package lists` }, () => apt.update());
    const packages = [...apt.existing(IMPLIED), ...requested];
    const chosen = apt.choose(packages);
    const key = keyOf(RULES_VERSION, architecture, maintainerScripts, chosen.map(({ file, sha256 }) => [file, sha256]));
    return cachedRoot('apt', key, (directory) => {
      const bytes = chosen.reduce((sum, archive) => sum + archive.bytes, 0);
      const archives = withProgress(
        { title: `source ${name}: downloading ${plural(chosen.length)}`, total: bytes, shown: megabytes(bytes), growing: apt.downloads },
        () => apt.download(packages, chosen),
      );
      atWorkplace(name, directory, (workplace) => {
        const root = path.join(workplace, 'root');
        const unpacked = withProgress(
          { title: `source ${name}: unpacking ${plural(archives.length)}`, total: archives.length },
          (update) => unpackAll(name, archives, root, workplace, update),
        );
        if (maintainerScripts) {
          const loaders = loadersIn(new DirectoryRoot(root));
          const log = withProgress(
            { title: `source ${name}: running the scripts of ${plural(unpacked.length)}`, total: unpacked.length },
            (update) => replay({ source: name, root, packages: unpacked, architecture, isNative, workplace, update }),
          );
          checkLoaders(name, root, loaders);
          fs.writeFileSync(path.join(directory, 'maintainer-scripts.log'), log);
        }
        return root;
      });
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new SourceError(`source ${name}: no space left in ${cache}, nothing was cached: ${MAKE_ROOM}`);
  } finally {
    discard(state);
  }
}

function plural(packages: number): string {
  return `${packages} package${packages === 1 ? '' : 's'}`;
}

/** @throws SourceError if a script has removed or replaced the loader */
function checkLoaders(name: string, root: string, loaders: readonly string[]): void {
  const inside = new DirectoryRoot(root);
  const lost = loaders.find((loader) => !inside.isFile(loader));
  if (lost === undefined) return;
  throw new SourceError([
    `source ${name}: the packages' scripts removed or replaced the loader ${lost}, nothing was cached`,
    '  skip the scripts with maintainerScripts: false',
  ].join('\n'));
}

/**
 * Calls `make` with a temporary directory, and moves the root that it creates to its final place.
 *
 * The temporary directory is next to the final place. For the root user, it is in the system's directory for temporary files: scripts
 * must not run with root's rights, and the unprivileged user who runs them cannot enter root's home.
 *
 * @param make returns the root that it created
 */
function atWorkplace(name: string, directory: string, make: (workplace: string) => string): void {
  const isRoot = process.geteuid?.() === 0;
  const workplace = isRoot ? temporaryDirectory('apt') : fs.mkdtempSync(path.join(directory, 'workplace-'));
  try {
    // other users may enter it but not list it
    fs.chmodSync(workplace, 0o711);
    const root = make(workplace);
    if (isRoot) {
      run({ source: name, command: 'chown', args: ['-R', '-h', '0:0', root], missing: ONLY_DEBIAN });
      run({ source: name, command: 'mv', args: ['-T', '--', root, path.join(directory, 'root')], missing: ONLY_DEBIAN });
    } else {
      fs.renameSync(root, path.join(directory, 'root'));
    }
  } finally {
    discard(workplace);
  }
}

function checkNames(source: string, packages: readonly string[]): void {
  if (packages.length === 0) {
    throw new SourceError(
      "source apt: the list of packages is empty, expected at least one package, such as BinarySource.apt(['rig'])",
      'source',
    );
  }
  const wrong = packages.find((name) => !PACKAGE.test(name));
  if (wrong !== undefined) {
    throw new SourceError(
      `source ${source}: '${printable(wrong)}' is not a valid package, ` +
        "expected NAME, NAME=VERSION or NAME/SUITE, such as 'rig' or 'rig=1.11-1'",
    );
  }
}

function keyOf(...parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** The machine's apt configuration: package sources, preferences and options. */
function machineSources(): [file: string, text: string][] {
  const files = ['sources.list', 'preferences', 'apt.conf'].flatMap((name) => [
    name,
    ...list(`/etc/apt/${name}.d`).map((file) => `${name}.d/${file}`),
  ]);
  return files.flatMap((file): [string, string][] => {
    try {
      return [[file, fs.readFileSync(`/etc/apt/${file}`, 'utf8')]];
    } catch {
      return []; // does not exist, or this user may not read it
    }
  });
}

function list(directory: string): string[] {
  try {
    return fs.readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/**
 * The directory of the root that a request resolved to, if it still exists.
 *
 * @param choice the file that records the root's key
 */
function cachedChoice(cache: string, choice: string): string | undefined {
  try {
    const { key } = JSON.parse(readCached(choice) ?? '{}');
    if (typeof key !== 'string' || !/^[0-9a-f]{32}$/.test(key) || !isCached('apt', key)) return undefined;
    return fs.realpathSync(path.join(cache, key));
  } catch {
    return undefined;
  }
}

