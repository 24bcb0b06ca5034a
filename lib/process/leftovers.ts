/**
 * Temporary files and directories that carry the process that made them in their names, so that those of a process that was
 * killed are recognised and removed by the next one.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { discard } from './remove-tree';
import { fileError } from '../text/file-error';

/** Where the number of a process means this process: of this boot of this machine, and in this namespace of processes. */
const NAMESPACE = createHash('sha256').update(JSON.stringify([readOr('/proc/sys/kernel/random/boot_id', os.hostname()), linkOr('/proc/self/ns/pid')])).digest('hex').slice(0, 8);

/** `PID-START-NAMESPACE`: no other process has the same, as the kernel tells when each was started (proc(5), stat: starttime). */
export const OWNER = `${process.pid}-${startOf(process.pid) ?? 0}-${NAMESPACE}`;

const OWNERS = /(?:^|[.-])(\d{1,10})-(\d{1,20})-([0-9a-f]{8})(?=[.-]|$)/;

/** Leftovers whose process cannot be asked for, of another machine perhaps, are removed after that time. In milliseconds. */
const ABANDONED = 24 * 3600 * 1000;

const PREFIX = 'binary-layer-';

/** Places whose leftovers this process has removed already. */
const checked = new Set<string>();

/**
 * Makes a directory for temporary files, for this user only, and removes those of processes that have died.
 *
 * @param purpose one word: `binary-layer-PURPOSE-OWNER-XXXXXX`
 * @param parent @default - the system's directory for temporary files
 */
export function temporaryDirectory(purpose: string, parent = os.tmpdir()): string {
  removeLeftovers(parent, PREFIX);
  try {
    return fs.mkdtempSync(path.join(parent, `${PREFIX}${purpose}-${OWNER}-`));
  } catch (error) {
    throw fileError(error, 'cannot make a temporary directory in', parent, 'set TMPDIR to a directory with space that this user can write to');
  }
}

/**
 * Removes what processes that have died left in a directory: only this user's, and once in a process.
 *
 * @param prefix of the names of what the library leaves there; a name that does not hold a process as `OWNER` does is not touched
 */
export function removeLeftovers(parent: string, prefix: string): void {
  const place = path.join(parent, `${prefix}*`);
  if (checked.has(place)) return;
  checked.add(place);
  let names: string[];
  try {
    names = fs.readdirSync(parent);
  } catch {
    return; // whoever writes there says why that cannot be done
  }
  for (const name of names.filter((one) => one.startsWith(prefix))) {
    const leftover = path.join(parent, name);
    const stat = fs.lstatSync(leftover, { throwIfNoEntry: false });
    if (stat && stat.uid === process.geteuid?.() && !isInUse(name, stat)) discard(leftover);
  }
}

/** Whether the process that a name holds may be running. */
function isInUse(name: string, { mtimeMs }: fs.Stats): boolean {
  const [, pid, start, namespace] = OWNERS.exec(name) ?? [];
  if (pid === undefined) return true;
  if (namespace !== NAMESPACE) return Date.now() - mtimeMs < ABANDONED;
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

/** When a process was started, in clock ticks since boot; `undefined` where there is none, and elsewhere than on Linux. */
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
