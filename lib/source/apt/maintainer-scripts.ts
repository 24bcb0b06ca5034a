/**
 * Replays what an installation does after unpacking: the postinst scripts of packages, in a sandbox (Debian Policy 6).
 *
 * They make what programs look for and no package contains: the bundle of certificates, links of update-alternatives,
 * indexes of fonts, of loaders of images, of modules. Under bubblewrap a script sees nothing but the root that it is
 * for, has no network and no privileges, and busybox's commands where the root has none, or none that run here. A
 * script that fails leaves undone what it leaves undone: the root may well do without.
 */
import * as fs from 'fs';
import { constants } from 'os';
import * as path from 'path';
import { diskUsage, removePrivileges } from './after-scripts';
import { applyAlternatives } from './update-alternatives';
import type { Unpacked } from './deb';
import { makeDirectory, placeInside, putLink, readText } from './inside';
import { type StandIn, standIn, writeStandIns } from './mounted-stand-ins';
import { SourceError } from '../source';
import { RECORD, STAND_INS } from './stand-ins';
import { onPath, runChild } from '../../process/child';
import { howItEnded, lastLines } from '../../process/command';
import { systemEnvironment } from '../../process/environment';
import { removeTree } from '../../process/remove-tree';
import { Root } from '../../root/root';
import { ALLOW, BUSYBOX, INSTALL, isStatic, type Limits, runInSandbox, type Sandbox, starter, tmpfs } from '../../sandbox/bubblewrap';
import { printableName } from '../../text/printable';

/** What all scripts together may write: an index of every font of Debian is some megabytes. In bytes. */
const MOST_WRITTEN = 2 * 1024 ** 3;
/** Of the calls that are recorded, in bytes: each is some hundred. */
const MOST_RECORDED = 16 * 1024 ** 2;

/** What a script may use. Java's takes 10 s on a slow machine, and starts a thread for each processor. */
const LIMITS: Limits = { processes: 1024, memory: 4 * 1024 ** 3, fileSize: 1024 ** 3, time: 120_000, shell: `${STAND_INS}/busybox/sh` };

const INFO = '/var/lib/dpkg/info';
const OWN_COMMANDS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const MOUNT_POINTS = ['proc', 'dev', 'tmp', 'run'];

const LEAVE_OUT = 'leave out what the packages\' scripts make, such as links of update-alternatives, with maintainerScripts: false';

export interface Replay {
  /** the source, as messages name it */
  readonly source: string;
  readonly root: string;
  /** in the order in which they are configured */
  readonly packages: readonly Unpacked[];
  /** Debian's name */
  readonly architecture: string;
  /** whether the root's own programs run on this machine */
  readonly isNative: boolean;
  /** a directory on the same file system */
  readonly workplace: string;
}

/** @throws SourceError where scripts cannot be run on this machine */
export function checkReplay(source: string): void {
  const instead = `or ${LEAVE_OUT}`;
  const busybox = staticBusybox();
  if (busybox === undefined) {
    const found = 'the scripts of packages are run with busybox, and no static one is on PATH';
    throw new SourceError(`source ${source}: ${found}: install it, as with apt-get install busybox-static, ${instead}`, 'maintainerScripts: false');
  }
  const mounts = ['--ro-bind', busybox, '/bin/sh', '--proc', '/proc', '--dev', '/dev'];
  const { code, failed, stderr } = runInSandbox({ ...SANDBOX, mounts, environment: {} }, ['/bin/sh', '-c', ':'], { ...LIMITS, shell: '/bin/sh' });
  if (code === 'ENOENT') {
    throw new SourceError(`source ${source}: the scripts of packages are run under bubblewrap, and ${INSTALL}, ${instead}`, 'maintainerScripts: false');
  }
  if (!failed) return;
  throw new SourceError(`source ${source}: bubblewrap cannot make the sandbox for the scripts of packages: ${stderr.trim()}\n${ALLOW}; ${instead}`, 'maintainerScripts: false');
}

/**
 * @returns a log of what was run, and of what it said
 * @throws SourceError if the scripts write too much, or leave a tree that cannot be kept
 */
export function replay(replayed: Replay): string {
  const { root, packages, isNative, workplace } = replayed;
  const busybox = staticBusybox()!;
  const directory = path.join(workplace, 'stand-ins');
  const record = path.join(workplace, 'record');
  writeStandIns(directory, busybox, isNative);
  fs.writeFileSync(record, '');
  // real directories: bubblewrap would follow links out of the root
  for (const name of MOUNT_POINTS) {
    const place = path.join(root, name);
    if (!fs.lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) {
      fs.rmSync(place, { force: true });
      makeDirectory(place);
    }
  }
  const { standIns, takeBack } = standIn(root, workplace, isNative);
  const { uid, gid } = starter();
  if (uid !== undefined) for (const place of [root, record]) runChild('chown', ['-R', '-h', `${uid}:${gid}`, place], { environment: systemEnvironment() });
  const log: string[] = [];
  const scripts = new Scripts(replayed, directory, standIns, record, log, diskUsage(root) + MOST_WRITTEN);
  for (const one of packages) scripts.configure(one);
  const called = calls(record).filter(([command]) => command === 'dpkg-trigger').flatMap((words) => words.slice(1));
  const triggered = new Set([...called, ...packages.flatMap((one) => scripts.triggersOf(one, 'activate'))]);
  for (const one of packages) scripts.trigger(one, triggered);
  takeBack();
  try {
    removePrivileges(root);
  } catch (error) {
    const why = printableName((error as Error).message);
    throw new SourceError(`source ${replayed.source}: what the scripts of packages left cannot be read, nothing was kept: ${why}; ${LEAVE_OUT}`);
  }
  applyAlternatives(root, calls(record));
  if (!isNative) linkBundle(root);
  for (const made of [STAND_INS, '/var/log', '/var/cache/debconf', '/var/cache/fontconfig']) removeTree(placeInside(root, made));
  return `${log.join('\n')}\n`;
}

class Scripts {
  constructor(
    private readonly replayed: Replay,
    private readonly directory: string,
    private readonly standIns: readonly StandIn[],
    private readonly record: string,
    private readonly log: string[],
    /** disk space that the root may take, in bytes */
    private readonly mostBytes: number,
  ) {}

  public configure(one: Unpacked): void {
    this.run(one, ['configure', '']);
  }

  /** Runs a script once more if what it is interested in has come in meanwhile (deb-triggers(5)). */
  public trigger(one: Unpacked, triggered: ReadonlySet<string>): void {
    const isBrought = (name: string) => name.startsWith('/') && this.replayed.packages.some(({ files }) => files.has(name));
    const met = this.triggersOf(one, 'interest').filter((name) => isBrought(name) || triggered.has(name));
    if (met.length > 0) this.run(one, ['triggered', met.join(' ')]);
  }

  public triggersOf(one: Unpacked, directive: 'interest' | 'activate'): string[] {
    const lines = this.text(one, 'triggers').matchAll(/^(interest|activate)(?:-await|-noawait)?\s+(\S+)/gm);
    return [...lines].filter(([, found]) => found === directive).map(([, , name]) => name);
  }

  private run(one: Unpacked, args: readonly string[]): void {
    const { root, architecture, isNative } = this.replayed;
    const script = this.text(one, 'postinst');
    const [, interpreter = '', flags = ''] = /^#! *\S*\/(\w+) *(.*)/.exec(script) ?? [];
    if (interpreter === '') return;
    const title = `${one.id} postinst ${args[0]}`;
    const isShell = ['sh', 'dash', 'bash'].includes(interpreter);
    if (!isShell && !isNative) {
      this.log.push(`${title}: skipped, ${interpreter} of ${architecture} does not run here`);
      return;
    }
    // bubblewrap would make files where links lead, out of the root as well
    const inside = new Root(root);
    const moved = this.standIns.find(({ file }) => inside.real(file) !== file);
    if (moved) {
      this.log.push(`${title}: skipped, a script before it has replaced ${moved.file}`);
      return;
    }
    const place = (kind: string) => `${INFO}/${one.id}.${kind}`;
    const source = (kind: string, own: string) => `( set -- ${own}; . ${place(kind)} )`;
    const config = args[0] === 'configure' && this.text(one, 'config').startsWith('#!') ? `${source('config', 'configure ""')}\n` : '';
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
      DPKG_MAINTSCRIPT_PACKAGE: one.name,
      DPKG_MAINTSCRIPT_ARCH: architecture,
      DPKG_MAINTSCRIPT_NAME: 'postinst',
      // the same bytecode each time
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
      throw new SourceError(`source ${this.replayed.source}: ${title} wrote more than ${MOST_WRITTEN} bytes, nothing was kept: ${LEAVE_OUT}`);
    }
    const how = ended.failed ? howItEnded(ended) : 'done';
    const output = `${ended.stdout}${ended.stderr}`;
    this.log.push(`${title}: ${how}${output.trim() === '' ? '' : `\n${lastLines(output)}`}`);
  }

  private text(one: Unpacked, kind: string): string {
    return readText(placeInside(this.replayed.root, `${INFO}/${one.id}.${kind}`)) ?? '';
  }
}

const SANDBOX: Omit<Sandbox, 'mounts' | 'environment'> = { user: 'root', network: false, directory: '/' };

/** The calls that were recorded, each in words: as far as a script has not written there itself. */
function calls(record: string): string[][] {
  if (fs.statSync(record).size > MOST_RECORDED) return []; // a script has written there itself
  const recorded = fs.readFileSync(record, 'utf8').split('\0');
  const found: string[][] = [];
  for (let at = 0; /^\d+$/.test(recorded[at]); at += 1 + found.at(-1)!.length) found.push(recorded.slice(at + 1, at + 1 + Number(recorded[at])));
  return found;
}

/**
 * OpenSSL finds certificates by links that `openssl rehash` makes, which has not run: it looks at this file as well
 * (X509_CERT_FILE, OpenSSL include/internal/cryptlib.h).
 */
function linkBundle(root: string): void {
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  const inside = new Root(root);
  if (inside.isFile(bundle) && inside.isDirectory('/usr/lib/ssl')) putLink(root, '/usr/lib/ssl/cert.pem', bundle);
}

function staticBusybox(): string | undefined {
  return onPath(...BUSYBOX).find(isStatic);
}
