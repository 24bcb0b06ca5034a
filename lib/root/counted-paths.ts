/**
 * Paths among the string constants of programs in Go and Rust. These languages store the length of a string, so linkers put constants next
 * to each other, without a NUL between them: a path may follow directly after another word, and be followed directly by another word. Only
 * references show where a string begins. A string ends where the next one begins.
 */
import { addressOf, type Elf, findStringReferences } from '../elf';
import type { PathMention } from './mentions';
import { isPathCharacter, isInsideWord } from './mentions';

/** Beginnings of the paths that are searched for inside words. */
const BEGINNINGS = ['/etc/', '/usr/', '/var/', '/opt/', '/srv/'].map((text) => Buffer.from(text));
/**
 * Distance in bytes. A path is taken for a part of a counted string only if there is no NUL within this distance before and after the
 * path's beginning. Around a path in strings that end with a NUL, there usually is one.
 */
const NEAR = 64;
const MOST_CHARACTERS = 256;
/** Maximum number of possible paths of one file: the file is searched for references to each of them. */
const MOST_PATHS = 4096;

/** Adds paths that begin within words, and shortens mentions that seem to continue in the next string. */
export function withCountedPaths(mentions: readonly PathMention[], bytes: Buffer, elf: Elf): readonly PathMention[] {
  const mentioned = new Set(mentions.map(({ offset }) => offset));
  const inWords = BEGINNINGS.flatMap((beginning) => offsetsOf(beginning, bytes)).filter((offset) => !mentioned.has(offset));
  const known = mentions.filter((mention) => (
    mention.kind === 'whole' && mention.head === undefined && isUnseparated(bytes, mention.offset)));
  const starts = [...new Set([...inWords, ...known.map(({ offset }) => offset)])].slice(0, MOST_PATHS);
  const offsets = new Map<number, number>();
  const add = (offset: number) => {
    const address = addressOf(elf, offset);
    if (address !== undefined) offsets.set(address, offset);
  };
  for (const start of starts) for (let at = start; at <= endOfPath(bytes, start); at++) add(at);
  if (offsets.size === 0) return mentions;
  const referenced = new Set([...findStringReferences(bytes, elf, new Set(offsets.keys()))].map((address) => offsets.get(address)!));
  const countedAt = (offset: number): PathMention[] => {
    const most = endOfPath(bytes, offset);
    let end = offset + 1;
    while (end < most && !referenced.has(end)) end++;
    const path = bytes.toString('latin1', offset, end);
    return path.indexOf('/', 1) > 1 ? [{ kind: 'whole', offset, path, isCounted: true }] : [];
  };
  const isCut = ({ offset, path }: PathMention) => {
    for (let at = offset + 1; at < offset + path.length; at++) if (referenced.has(at)) return true;
    return false;
  };
  const cut = new Set(known.filter(isCut));
  const found = inWords.filter((offset) => referenced.has(offset)).flatMap(countedAt);
  if (cut.size === 0 && found.length === 0) return mentions;
  const ended = mentions.flatMap((mention) => (cut.has(mention) ? countedAt(mention.offset) : [mention]));
  return [...ended, ...found].sort((a, b) => a.offset - b.offset);
}

function offsetsOf(beginning: Buffer, bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(beginning, 1); at >= 0; at = bytes.indexOf(beginning, at + 1)) {
    if (isInsideWord(bytes[at - 1]) && isUnseparated(bytes, at)) found.push(at);
  }
  return found;
}

function isUnseparated(bytes: Buffer, at: number): boolean {
  return at >= NEAR && !bytes.subarray(at - NEAR, at + NEAR).includes(0);
}

function endOfPath(bytes: Buffer, start: number): number {
  let end = start;
  while (end < start + MOST_CHARACTERS && isPathCharacter(bytes[end])) end++;
  return end;
}
