/**
 * Packages of Debian and Ubuntu as a source: apt fetches them into a private root, whose programs need not be
 * installed anywhere, nor be for this machine.
 *
 * A root is kept by what it is made of, the versions of its packages, and each request remembers which one it led
 * to. So an app that was synthesized before needs no network, and goes on getting the very same versions, until it is
 * told to look for newer ones by `BINARY_LAYER_REFRESH=1`, or the cache is cleared.
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
import { discard } from '../../process/remove-tree';
import { writeWhole } from '../../process/whole-file';
import { printable } from '../../text/printable';
import { loadersIn, openRoot } from '../root-directory';
import { isKept, keptRoot } from '../kept';
import { Root } from '../../root/root';
import { run } from '../system-program';
import { type OpenedSource, SourceError } from '../source';

export interface AptOptions {
  /** what stands in a file of /etc/apt/sources.list.d @default - the machine's own */
  readonly sources?: string;
  /** whether to bring what packages recommend, beside what they depend on @default false */
  readonly recommends?: boolean;
  /** whether to run the scripts that an installation would run @default true */
  readonly maintainerScripts?: boolean;
}

/** Goes up whenever the same packages would give another root. */
const RULES_VERSION = 2;

/**
 * What every Debian has, so that no package says that it needs it, or what there is no doing without where there is
 * a network: the C.UTF-8 locale and the index of character sets (libc-bin), terminals (ncurses-base), /bin/sh (dash), what
 * maintainer scripts ask more of than busybox has (coreutils, findutils), names of services and protocols (netbase), certificates.
 */
const IMPLIED = ['libc-bin', 'ncurses-base', 'dash', 'coreutils', 'findutils', 'netbase', 'ca-certificates'];

/** `name`, `name=version`, `name/suite`: nothing that apt would take for an option, a pattern, a task or a removal. */
const PACKAGE = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](?:=[A-Za-z0-9.+:~-]+|\/[A-Za-z0-9][A-Za-z0-9.+~_/-]*)?$/;

/** What it opened, and has looked for in this process: several layers of an app may come from one source. */
const fresh = new Set<string>();

/**
 * @param packages as `apt-get install` takes them, but for patterns
 * @param machine what they are to be for @default - this machine
 * @throws SourceError
 */
export function openApt(packages: readonly string[], options: AptOptions = {}, machine: Machine = THIS_MACHINE): OpenedSource {
  const wanted = [...new Set(packages)].sort();
  const { debian: architecture } = MACHINES[machine];
  const name = `apt (${wanted.map(printable).join(', ')}; ${architecture})`;
  checkNames(name, wanted);
  const { sources, recommends = false, maintainerScripts = true } = options;
  const request = keyOf(RULES_VERSION, wanted, architecture, sources ?? machineSources(), recommends, maintainerScripts);
  const kept = path.join(cacheDirectory(), 'apt');
  const remembered = path.join(kept, `${request}.json`);
  const isToRefresh = process.env.BINARY_LAYER_REFRESH === '1' && !fresh.has(request);
  let directory = isToRefresh ? undefined : recall(kept, remembered);
  if (directory === undefined) {
    directory = fetch(name, kept, { wanted, architecture, sources, recommends, maintainerScripts, isNative: machine === THIS_MACHINE });
    writeWhole(remembered, JSON.stringify({ key: path.basename(directory) }));
  }
  fresh.add(request);
  return openRoot(name, path.join(directory, 'root'), machine);
}

interface Request {
  readonly wanted: readonly string[];
  readonly architecture: string;
  readonly sources?: string;
  readonly recommends: boolean;
  readonly maintainerScripts: boolean;
  readonly isNative: boolean;
}

function fetch(name: string, kept: string, { wanted, architecture, sources, recommends, maintainerScripts, isNative }: Request): string {
  if (maintainerScripts) checkReplay(name);
  makeCacheDirectory(kept);
  const state = fs.mkdtempSync(path.join(kept, `.state-${OWNER}-`));
  try {
    const apt = new AptGet(state, { source: name, architecture, sources, recommends });
    apt.update();
    const packages = [...apt.existing(IMPLIED), ...wanted];
    const chosen = apt.choose(packages);
    const key = keyOf(RULES_VERSION, architecture, maintainerScripts, chosen.map(({ file, sha256 }) => [file, sha256]));
    return keptRoot('apt', key, (made) => {
      const archives = apt.download(packages, chosen);
      atWorkplace(name, made, (workplace) => {
        const root = path.join(workplace, 'root');
        const unpacked = unpackAll(name, archives, root, workplace);
        if (maintainerScripts) {
          const loaders = loadersIn(new Root(root));
          const log = replay({ source: name, root, packages: unpacked, architecture, isNative, workplace });
          checkLoaders(name, root, loaders);
          fs.writeFileSync(path.join(made, 'maintainer-scripts.log'), log);
        }
        return root;
      });
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new SourceError(`source ${name}: no space left in ${kept}, nothing was kept: ${MAKE_ROOM}`);
  } finally {
    discard(state);
  }
}

/** @throws SourceError if a script has removed or replaced the program that starts all others */
function checkLoaders(name: string, root: string, loaders: readonly string[]): void {
  const inside = new Root(root);
  const lost = loaders.find((loader) => !inside.isFile(loader));
  if (lost === undefined) return;
  throw new SourceError([
    `source ${name}: after the scripts of packages ${lost} is not a file any more, nothing was kept: no program starts without it`,
    '  leave out what the scripts do, with maintainerScripts: false',
  ].join('\n'));
}

/**
 * Where a root is made: beside the place that it is for, or, for root, where the user can work who runs the scripts. Nobody
 * may enter root's home, and scripts may not be run with root's rights.
 *
 * @param make gives the root that it made
 */
function atWorkplace(name: string, made: string, make: (workplace: string) => string): void {
  const isRoot = process.geteuid?.() === 0;
  const workplace = isRoot ? temporaryDirectory('apt') : fs.mkdtempSync(path.join(made, 'workplace-'));
  try {
    // to be entered by those who know its name
    fs.chmodSync(workplace, 0o711);
    const root = make(workplace);
    if (isRoot) {
      run({ source: name, command: 'chown', args: ['-R', '-h', '0:0', root], missing: ONLY_DEBIAN });
      run({ source: name, command: 'mv', args: ['-T', '--', root, path.join(made, 'root')], missing: ONLY_DEBIAN });
    } else {
      fs.renameSync(root, path.join(made, 'root'));
    }
  } finally {
    discard(workplace);
  }
}

function checkNames(source: string, packages: readonly string[]): void {
  if (packages.length === 0) throw new SourceError('source apt: no package is named, expected at least one, as BinarySource.apt([\'rig\'])', 'source');
  const wrong = packages.find((name) => !PACKAGE.test(name));
  if (wrong !== undefined) throw new SourceError(`source ${source}: '${printable(wrong)}' is no package, expected its name, name=version, or name/suite, as 'rig' or 'rig=1.11-1'`);
}

function keyOf(...parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** All that the machine says of where packages come from, and of which of them are preferred. */
function machineSources(): [file: string, text: string][] {
  const files = ['sources.list', 'preferences', 'apt.conf'].flatMap((name) => [name, ...list(`/etc/apt/${name}.d`).map((file) => `${name}.d/${file}`)]);
  return files.flatMap((file): [string, string][] => {
    try {
      return [[file, fs.readFileSync(`/etc/apt/${file}`, 'utf8')]];
    } catch {
      return []; // not there, or not for this user
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

/** The directory of the root that a request led to, if it is still there. */
function recall(kept: string, remembered: string): string | undefined {
  try {
    const { key } = JSON.parse(readCached(remembered) ?? '{}');
    if (typeof key !== 'string' || !/^[0-9a-f]{32}$/.test(key) || !isKept('apt', key)) return undefined;
    return fs.realpathSync(path.join(kept, key));
  } catch {
    return undefined;
  }
}

