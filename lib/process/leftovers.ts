/**
 * Temporary files and directories whose names identify the process that made them, so that a later process can recognise and remove
 * files of processes that were killed.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { discard } from './remove-tree';
import { fileError } from '../text/file-error';

/** The boot of the machine and the PID namespace: process IDs are unique only within both. */
const IDENTITY = JSON.stringify([readOr('/proc/sys/kernel/random/boot_id', os.hostname()), linkOr('/proc/self/ns/pid')]);
const NAMESPACE = createHash('sha256').update(IDENTITY).digest('hex').slice(0, 8);

/** `PID-START-NAMESPACE`, unique to this process. START is the time at which it was started (proc(5), stat: starttime). */
export const OWNER = `${process.pid}-${startOf(process.pid) ?? 0}-${NAMESPACE}`;

const OWNERS = /(?:^|[.-])(\d{1,10})-(\d{1,20})-([0-9a-f]{8})(?=[.-]|$)/;

/** Age in milliseconds at which leftovers are removed if their process cannot be checked: it ran on another machine or container. */
const ABANDONED = 24 * 3600 * 1000;

const PREFIX = 'binary-layer-';

/** Places whose leftovers this process has removed already. */
const checked = new Set<string>();

/**
 * Makes a directory for temporary files, for this user only, and removes the directories of processes that have died.
 *
 * @param purpose one word for the directory's name, `binary-layer-PURPOSE-OWNER-XXXXXX`
 * @param parent @default - the system's directory for temporary files
 */
export function temporaryDirectory(purpose: string, parent = os.tmpdir()): string {
  removeLeftovers(parent, PREFIX);
  try {
    return fs.mkdtempSync(path.join(parent, `${PREFIX}${purpose}-${OWNER}-`));
  } catch (error) {
    const advice = 'set TMPDIR to a directory with space that this user can write to';
    throw fileError(error, 'cannot create a temporary directory in', parent, advice);
  }
}

/**
 * Removes leftovers of dead processes of this user from a directory. Only the first call for a directory and a prefix does this.
 *
 * @param prefix of the leftovers' names; files whose names do not contain a process in the form of `OWNER` stay
 */
export function removeLeftovers(parent: string, prefix: string): void {
  const place = path.join(parent, `${prefix}*`);
  if (checked.has(place)) return;
  checked.add(place);
  let names: string[];
  try {
    names = fs.readdirSync(parent);
  } catch {
    return; // the caller fails when it writes there, and reports why
  }
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    const leftover = path.join(parent, name);
    const stat = fs.lstatSync(leftover, { throwIfNoEntry: false });
    if (stat && stat.uid === process.geteuid?.() && !isInUse(name, stat)) discard(leftover);
  }
}

/**
 * True if the process that a name identifies may still be running. Also true if the name identifies none.
 *
 * @param patience time in milliseconds after which a process of another machine or container, which cannot be checked, counts as dead
 */
export function isInUse(name: string, { mtimeMs }: fs.Stats, patience = ABANDONED): boolean {
  const [, pid, start, namespace] = OWNERS.exec(name) ?? [];
  if (pid === undefined) return true;
  if (namespace !== NAMESPACE) return Date.now() - mtimeMs < patience;
  if (process.platform === 'linux') return startOf(Number(pid)) === Number(start);
  try {
    return process.kill(Number(pid), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function readOr(file: string, otherwise: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

function linkOr(link: string, otherwise = ''): string {
  try {
    return fs.readlinkSync(link);
  } catch {
    return otherwise;
  }
}

/** Start time of a process in clock ticks since boot; `undefined` if it does not exist, and on systems other than Linux. */
function startOf(pid: number): number | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // the name in parentheses may hold anything; the state is the first field after it, starttime the 20th
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[19]); // a zombie has ended
  } catch {
    return undefined;
  }
}
