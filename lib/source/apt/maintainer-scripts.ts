/**
 * Runs the postinst scripts of packages in a sandbox after unpacking (Debian Policy 6).
 *
 * They create files that programs look for and that no package contains: the certificate bundle, links of update-alternatives,
 * indexes of fonts, image loaders and modules. In the sandbox, a script sees only the root that it belongs to, and has no
 * network and no privileges. Commands that the root lacks, or that do not run here, come from busybox. A script may fail: the
 * root is often usable without its results.
 */
import * as fs from 'fs';
import { constants } from 'os';
import * as path from 'path';
import { diskUsage, removePrivileges } from './after-scripts';
import type { Unpacked } from './deb';
import { makeDirectory, placeInside, putLink, readText } from './inside';
import { type StandIn, standIn, writeStandIns } from './mounted-stand-ins';
import { RECORD, STAND_INS } from './stand-ins';
import { applyAlternatives } from './update-alternatives';
import { onPath, runChild } from '../../process/child';
import { howItEnded, lastLines } from '../../process/command';
import { systemEnvironment } from '../../process/environment';
import { removeTree } from '../../process/remove-tree';
import { DirectoryRoot } from '../../root/directory-root';
import { ALLOW, BUSYBOX, bwrapUser, INSTALL, isStatic, type Limits, runInSandbox, type Sandbox, tmpfs } from '../../sandbox/bubblewrap';
import { printableName } from '../../text/printable';
import { SourceError } from '../source';

/** Maximum disk space for the output of all scripts, in bytes. The index of all fonts in Debian takes some megabytes. */
const MOST_WRITTEN = 2 * 1024 ** 3;
/** Maximum size of the recorded calls, in bytes. Each call takes a few hundred. */
const MOST_RECORDED = 16 * 1024 ** 2;

/** Limits of a script. Java's takes 10 s on a slow machine, and starts a thread for each processor. */
const LIMITS: Limits = { processes: 1024, memory: 4 * 1024 ** 3, fileSize: 1024 ** 3, time: 120_000, shell: `${STAND_INS}/busybox/sh` };

const INFO = '/var/lib/dpkg/info';
const OWN_COMMANDS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const MOUNT_POINTS = ['proc', 'dev', 'tmp', 'run'];

const SKIP_SCRIPTS = 'skip the scripts, which create links of update-alternatives and the like, with maintainerScripts: false';

export interface Replay {
  /** the source's name in messages */
  readonly source: string;
  readonly root: string;
  /** in the order of configuration */
  readonly packages: readonly Unpacked[];
  /** the architecture's name in Debian */
  readonly architecture: string;
  /** true if the root's own programs run on this machine */
  readonly isNative: boolean;
  /** a directory on the same file system as the root */
  readonly workplace: string;
  /** called with the number of configured packages */
  readonly update?: (done: number) => void;
}

/** @throws SourceError if scripts cannot run on this machine */
export function checkReplay(source: string): void {
  const instead = `or ${SKIP_SCRIPTS}`;
  const busybox = staticBusybox();
  if (busybox === undefined) {
    const reason = 'running the packages\' scripts requires a static busybox, and there is none on PATH';
    throw new SourceError(
      `source ${source}: ${reason}: install one with apt-get install busybox-static, ${instead}`,
      'maintainerScripts: false',
    );
  }
  const mounts = ['--ro-bind', busybox, '/bin/sh', '--proc', '/proc', '--dev', '/dev'];
  const { code, failed, stderr } = runInSandbox({ ...SANDBOX, mounts, environment: {} }, ['/bin/sh', '-c', ':'], {
    ...LIMITS,
    shell: '/bin/sh',
  });
  if (code === 'ENOENT') {
    throw new SourceError(
      `source ${source}: running the packages' scripts requires bubblewrap: ${INSTALL}, ${instead}`,
      'maintainerScripts: false',
    );
  }
  if (!failed) return;
  throw new SourceError(
    `source ${source}: bubblewrap cannot create the sandbox for the packages' scripts: ${stderr.trim()}\n${ALLOW}; ${instead}`,
    'maintainerScripts: false',
  );
}

/**
 * @returns a log of the scripts and their output
 * @throws SourceError if the scripts write too much, or leave a tree that cannot be read
 */
export function replay(replayed: Replay): string {
  const { root, packages, isNative, workplace } = replayed;
  const busybox = staticBusybox()!;
  const directory = path.join(workplace, 'stand-ins');
  const record = path.join(workplace, 'record');
  writeStandIns(directory, busybox, isNative);
  fs.writeFileSync(record, '');
  // create real directories: bubblewrap would follow links out of the root
  for (const name of MOUNT_POINTS) {
    const place = path.join(root, name);
    if (!fs.lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) {
      fs.rmSync(place, { force: true });
      makeDirectory(place);
    }
  }
  const { standIns, takeBack } = standIn(root, workplace, isNative);
  const { uid, gid } = bwrapUser();
  if (uid !== undefined) {
    for (const place of [root, record]) runChild('chown', ['-R', '-h', `${uid}:${gid}`, place], { environment: systemEnvironment() });
  }
  const log: string[] = [];
  const scripts = new Scripts(replayed, directory, standIns, record, log, diskUsage(root) + MOST_WRITTEN);
  for (const [index, pkg] of packages.entries()) {
    replayed.update?.(index);
    scripts.configure(pkg);
  }
  const called = calls(record).filter(([command]) => command === 'dpkg-trigger').flatMap((words) => words.slice(1));
  const triggered = new Set([...called, ...packages.flatMap((pkg) => scripts.triggersOf(pkg, 'activate'))]);
  for (const pkg of packages) scripts.trigger(pkg, triggered);
  takeBack();
  try {
    removePrivileges(root);
  } catch (error) {
    const why = printableName((error as Error).message);
    throw new SourceError(
      `source ${replayed.source}: cannot read the root after the packages' scripts ran, nothing was cached: ${why}; ${SKIP_SCRIPTS}`,
    );
  }
  applyAlternatives(root, calls(record));
  if (!isNative) linkBundle(root);
  for (const stale of [STAND_INS, '/var/log', '/var/cache/debconf', '/var/cache/fontconfig']) removeTree(placeInside(root, stale));
  return `${log.join('\n')}\n`;
}

class Scripts {
  constructor(
    private readonly replayed: Replay,
    private readonly directory: string,
    private readonly standIns: readonly StandIn[],
    private readonly record: string,
    private readonly log: string[],
    /** maximum disk space of the root, in bytes */
    private readonly mostBytes: number,
  ) {}

  public configure(pkg: Unpacked): void {
    this.run(pkg, ['configure', '']);
  }

  /** Runs a script again if a trigger that it is interested in was activated (deb-triggers(5)). */
  public trigger(pkg: Unpacked, triggered: ReadonlySet<string>): void {
    const isInstalled = (name: string) => name.startsWith('/') && this.replayed.packages.some(({ files }) => files.has(name));
    const met = this.triggersOf(pkg, 'interest').filter((name) => isInstalled(name) || triggered.has(name));
    if (met.length > 0) this.run(pkg, ['triggered', met.join(' ')]);
  }

  public triggersOf(pkg: Unpacked, directive: 'interest' | 'activate'): string[] {
    const lines = this.text(pkg, 'triggers').matchAll(/^(interest|activate)(?:-await|-noawait)?\s+(\S+)/gm);
    return [...lines].filter(([, kind]) => kind === directive).map(([, , name]) => name);
  }

  private run(pkg: Unpacked, args: readonly string[]): void {
    const { root, architecture, isNative } = this.replayed;
    const script = this.text(pkg, 'postinst');
    const [, interpreter = '', flags = ''] = /^#! *\S*\/(\w+) *(.*)/.exec(script) ?? [];
    if (interpreter === '') return;
    const title = `${pkg.id} postinst ${args[0]}`;
    const isShell = ['sh', 'dash', 'bash'].includes(interpreter);
    if (!isShell && !isNative) {
      this.log.push(`${title}: skipped, ${interpreter} of ${architecture} does not run here`);
      return;
    }
    // if the path of a stand-in has become a link, skip the script: bubblewrap would create the link's target, even outside the root
    const inside = new DirectoryRoot(root);
    const moved = this.standIns.find(({ file }) => inside.real(file) !== file);
    if (moved) {
      this.log.push(`${title}: skipped, a script before it has replaced ${moved.file}`);
      return;
    }
    const place = (kind: string) => `${INFO}/${pkg.id}.${kind}`;
    const source = (kind: string, own: string) => `( set -- ${own}; . ${place(kind)} )`;
    const config = args[0] === 'configure' && this.text(pkg, 'config').startsWith('#!') ? `${source('config', 'configure ""')}\n` : '';
    const code = isShell ? `${/e/.test(flags) ? 'set -e\n' : ''}. ${place('postinst')}` : `exec ${interpreter} ${place('postinst')} "$@"`;
    const shell = interpreter === 'bash' && isNative && inside.isFile('/bin/bash') ? '/bin/bash' : '/bin/sh';
    const commands = isNative ? [...OWN_COMMANDS, `${STAND_INS}/busybox`] : [`${STAND_INS}/busybox`, ...OWN_COMMANDS];
    const environment = {
      PATH: [`${STAND_INS}/bin`, ...commands].join(':'),
      HOME: '/root',
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
      DEBIAN_FRONTEND: 'noninteractive',
      DEBCONF_NONINTERACTIVE_SEEN: 'true',
      DPKG_ROOT: '',
      DPKG_ADMINDIR: '/var/lib/dpkg',
      DPKG_MAINTSCRIPT_PACKAGE: pkg.name,
      DPKG_MAINTSCRIPT_ARCH: architecture,
      DPKG_MAINTSCRIPT_NAME: 'postinst',
      // for reproducible bytecode
      PYTHONHASHSEED: '0',
    };
    const mounts = [
      '--bind', root, '/', '--ro-bind', this.directory, STAND_INS, '--bind', this.record, RECORD,
      ...this.standIns.flatMap(({ file, by }) => ['--ro-bind', path.join(this.directory, by), file]),
      '--proc', '/proc', '--dev', '/dev', ...tmpfs('/tmp', LIMITS.fileSize), ...tmpfs('/run', LIMITS.fileSize), '--remount-ro', '/dev',
    ];
    const steps = `exec 2>&1\numask 022\n. ${STAND_INS}/functions\n${config}${code}`;
    const ended = runInSandbox({ ...SANDBOX, mounts, environment }, [shell, '-c', steps, place('postinst'), ...args], {
      ...LIMITS, disk: { directory: root, bytes: this.mostBytes },
    });
    if (ended.exitCode === 128 + constants.signals.SIGKILL && diskUsage(root) > this.mostBytes) {
      throw new SourceError(
        `source ${this.replayed.source}: ${title} wrote more than ${MOST_WRITTEN} bytes, nothing was cached: ${SKIP_SCRIPTS}`,
      );
    }
    const how = ended.failed ? howItEnded(ended) : 'done';
    const output = `${ended.stdout}${ended.stderr}`;
    this.log.push(`${title}: ${how}${output.trim() === '' ? '' : `\n${lastLines(output)}`}`);
  }

  private text(pkg: Unpacked, kind: string): string {
    return readText(placeInside(this.replayed.root, `${INFO}/${pkg.id}.${kind}`)) ?? '';
  }
}

const SANDBOX: Omit<Sandbox, 'mounts' | 'environment'> = { user: 'root', network: false, directory: '/' };

/** The recorded calls, each as a list of words. */
function calls(record: string): string[][] {
  if (fs.statSync(record).size > MOST_RECORDED) return []; // a script wrote to the file itself
  const recorded = fs.readFileSync(record, 'utf8').split('\0');
  const parsed: string[][] = [];
  for (let at = 0; /^\d+$/.test(recorded[at]); at += 1 + parsed.at(-1)!.length) {
    parsed.push(recorded.slice(at + 1, at + 1 + Number(recorded[at])));
  }
  return parsed;
}

/**
 * Links cert.pem to the certificate bundle. OpenSSL looks for cert.pem (X509_CERT_FILE, include/internal/cryptlib.h) as well as
 * for the links of `openssl rehash`, which are absent because that command did not run.
 */
function linkBundle(root: string): void {
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  const inside = new DirectoryRoot(root);
  if (inside.isFile(bundle) && inside.isDirectory('/usr/lib/ssl')) putLink(root, '/usr/lib/ssl/cert.pem', bundle);
}

function staticBusybox(): string | undefined {
  return onPath(...BUSYBOX).find(isStatic);
}
