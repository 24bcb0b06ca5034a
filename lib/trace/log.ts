/**
 * What somebody else's strace wrote, as `strace -f -o LOG COMMAND` does: the files that were opened or executed.
 *
 * Unlike the logs that strace.ts asks for, it may have been written with any options: numbers of processes before the
 * lines, or not; times; calls that another process's interrupt, and that are resumed later; names with escapes.
 */
import * as path from 'path';
import type { Opened } from './strace';

/** A log of which nothing can be taken. */
export class TraceLogError extends Error {}

interface Situation {
  cwd: string;
  program?: string;
}

/** The number of the process, and times of day, since 1970, or since the last call. */
const PREFIX = /^(?:\[pid\s+(\d+)\](?= )|(\d+)(?=\s))?\s*(?:\d[\d:.]*\s+)?(?:\(\+\s*[\d.]+\)\s+)?(?=[a-z<])/;
const STRING = '"((?:[^"\\\\]|\\\\.)*)"';
const DIRECTORY = '(?:AT_FDCWD|\\d+)(?:<([^>]*)>)?';
const BY_NAME = new RegExp(`^(open|creat|execve|chdir)\\(${STRING}(.*)\\) += \\d`);
const BY_DIRECTORY = new RegExp(`^(openat2?|execveat)\\(${DIRECTORY}, ${STRING}(.*)\\) += \\d`);
const BIRTH = /^(?:v?fork|clone3?)\(.*\) += (\d+)/;
const UNFINISHED = /^(.*?) ?<unfinished \.\.\.>$/;
const RESUMED = /^<\.\.\. \w+ resumed>(.*)$/;

/**
 * @param cwd what relative names count from at first
 * @returns sorted by path, each once
 * @throws TraceLogError where it is no log of strace
 */
export function readTraceLog(text: string, cwd: string): Opened[] {
  const opened = new Map<string, Opened>();
  const situations = new Map<string, Situation>();
  const unfinished = new Map<string, string>();
  let latest: Situation = { cwd };
  let isLog = false;
  for (const line of text.split('\n')) {
    const [prefix = '', bracketed, leading] = PREFIX.exec(line) ?? [];
    const id = bracketed ?? leading ?? '';
    let call = line.slice(prefix.length);
    const [, begun] = UNFINISHED.exec(call) ?? [];
    if (begun !== undefined) {
      unfinished.set(id, begun);
      continue;
    }
    const [, rest] = RESUMED.exec(call) ?? [];
    if (rest !== undefined) call = (unfinished.get(id) ?? '') + rest;
    isLog ||= /^\w+\(.*\) += /.test(call);
    // a process whose birth was not seen yet is that of whoever was last at work
    const situation = situations.get(id) ?? { ...latest };
    situations.set(id, situation);
    latest = situation;
    const [, child] = BIRTH.exec(call) ?? [];
    if (child !== undefined && !situations.has(child)) situations.set(child, { ...situation });
    const found = fileOf(call);
    if (!found) continue;
    const file = path.posix.resolve(situation.cwd, found.directory ?? '', found.file);
    if (found.name === 'chdir') {
      situation.cwd = file;
      continue;
    }
    const isWritten = found.name === 'creat' || /\bO_WRONLY\b/.test(found.rest);
    if (!isWritten && !opened.has(file)) opened.set(file, { path: file, by: situation.program });
    if (found.name.startsWith('exec')) situation.program = file;
  }
  if (!isLog) throw new TraceLogError('no log of strace: found no system call in it, expected what strace -f -o LOG COMMAND writes');
  return [...opened.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function fileOf(call: string): { name: string; directory?: string; file: string; rest: string } | undefined {
  const [, name, file, rest] = BY_NAME.exec(call) ?? [];
  if (name !== undefined) return { name, file: unescaped(file), rest };
  const [, nameAt, directory, fileAt, restAt] = BY_DIRECTORY.exec(call) ?? [];
  return nameAt === undefined ? undefined : { name: nameAt, directory: directory && unescaped(directory), file: unescaped(fileAt), rest: restAt };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

/** C's escapes of bytes, octal or hexadecimal, which UTF-8 is made of again. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const character = (_: string, hex?: string, octal?: string, letter?: string) => (
    letter !== undefined ? ESCAPES[letter] ?? letter : String.fromCharCode(hex === undefined ? parseInt(octal!, 8) : parseInt(hex, 16)));
  const bytes = Buffer.from(text).toString('latin1').replace(/\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))/g, character);
  return Buffer.from(bytes, 'latin1').toString();
}
