/**
 * Parses lines of strace's output into system calls, whatever options strace was run with.
 *
 * A line may begin with a process ID and with times. If another process interrupts a call, strace writes that call in two lines,
 * `… <unfinished ...>` and `<... NAME resumed>…`. Logs are not trusted: the parser reads each character once, so
 * that a crafted line cannot slow it down.
 */

/** An argument: a string, a descriptor with the path that strace's `-y` adds, or anything else. */
export interface Argument {
  /** the argument as strace writes it */
  readonly raw: string;
  /** text of a string */
  readonly text?: string;
  /** number of a file descriptor, `cwd` for AT_FDCWD */
  readonly descriptor?: number | 'cwd';
  /** path of a file descriptor, with strace's option `-y` */
  readonly path?: string;
}

export interface Call {
  readonly name: string;
  readonly args: readonly Argument[];
  /** return value; -1 for an error, `undefined` if the log does not have it */
  readonly result?: number;
}

/** A parsed line. */
export interface Line {
  /** the process ID, `''` if the line has none */
  readonly process: string;
  readonly call: Call;
  /** whether the call has begun and not returned */
  readonly isUnfinished: boolean;
}

const UNFINISHED = '<unfinished ...>';
const RESUMED = ' resumed>';

/** Reads the lines of one log, in their order. */
export class LineReader {
  /** process → the first part of its unfinished call */
  private readonly begun = new Map<string, string>();

  /** @param line decoded as Latin-1, so that each byte of a string is one character */
  public read(line: string): Line | undefined {
    const scanner = new Scanner(line);
    const process = scanner.processAndTimes();
    let call = line.slice(scanner.at).trimEnd();
    if (call.endsWith(UNFINISHED)) {
      call = call.slice(0, -UNFINISHED.length).trimEnd();
      this.begun.set(process, call);
      const parsed = new Scanner(call).call();
      return parsed && { process, call: parsed, isUnfinished: true };
    }
    if (call.startsWith('<... ')) {
      const end = call.indexOf(RESUMED);
      if (end < 0) return undefined;
      call = (this.begun.get(process) ?? '') + call.slice(end + RESUMED.length);
      this.begun.delete(process);
    }
    const parsed = new Scanner(call).call();
    return parsed && { process, call: parsed, isUnfinished: false };
  }
}

const isDigit = (character: string) => character >= '0' && character <= '9';
const isBlank = (character: string) => character === ' ' || character === '\t';
const isWord = (character: string) => character >= 'a' && character <= 'z' || isDigit(character) || character === '_';

class Scanner {
  public at = 0;

  constructor(private readonly line: string) {}

  /**
   * Skips what may precede a call, and returns the process ID in it: `[pid 4711] ` or `4711 `, then a time of day or since 1970, then
   * `(+ 0.000123) `. Each of these may be absent.
   */
  public processAndTimes(): string {
    let process = '';
    this.skip(isBlank);
    if (this.line.startsWith('[pid', this.at)) {
      this.at += '[pid'.length;
      this.skip(isBlank);
      process = this.take(isDigit);
      if (this.line[this.at] === ']') this.at++;
      this.skip(isBlank);
    }
    const isTime = (character: string) => isDigit(character) || character === ':' || character === '.';
    for (let isFirst = process === ''; isDigit(this.line.charAt(this.at)); isFirst = false) {
      const number = this.take(isTime);
      if (isFirst && [...number].every(isDigit)) process = number;
      this.skip(isBlank);
    }
    if (this.line.startsWith('(+', this.at)) {
      this.at += '(+'.length;
      this.skip(isBlank);
      this.take(isTime);
      if (this.line[this.at] === ')') this.at++;
      this.skip(isBlank);
    }
    return process;
  }

  /** Parses `NAME(ARGUMENTS) = RESULT`. An unfinished call ends earlier. */
  public call(): Call | undefined {
    const name = this.take(isWord);
    if (name === '' || this.line[this.at] !== '(') return undefined;
    this.at++;
    const args: Argument[] = [];
    while (this.at < this.line.length && this.line[this.at] !== ')') {
      args.push(this.argument());
      if (this.line[this.at] === ',') this.at++;
      this.skip(isBlank);
    }
    this.at++;
    this.skip(isBlank);
    if (this.line[this.at] !== '=') return { name, args };
    this.at++;
    this.skip(isBlank);
    const sign = this.line[this.at] === '-' ? -1 : 1;
    if (sign < 0) this.at++;
    const digits = this.take(isDigit);
    return { name, args, result: digits === '' ? undefined : sign * Number(digits) };
  }

  private argument(): Argument {
    const start = this.at;
    let text: string | undefined;
    let descriptor: Argument['descriptor'];
    let path: string | undefined;
    if (this.line[start] === '"') {
      text = this.quoted('"');
    } else if (this.line.startsWith('AT_FDCWD', start)) {
      this.at += 'AT_FDCWD'.length;
      descriptor = 'cwd';
    } else if (isDigit(this.line.charAt(start))) {
      descriptor = Number(this.take(isDigit));
    }
    if (descriptor !== undefined && this.line[this.at] === '<') path = this.quoted('>');
    this.rest();
    return { raw: this.line.slice(start, this.at), text, descriptor, path };
  }

  /** Skips to the comma or the bracket that ends an argument. */
  private rest(): void {
    let depth = 0;
    for (; this.at < this.line.length; this.at++) {
      const character = this.line[this.at];
      if (character === '"') {
        this.quoted('"');
        this.at--;
      } else if (character === '(' || character === '[' || character === '{') {
        depth++;
      } else if (depth > 0 && (character === ')' || character === ']' || character === '}')) {
        depth--;
      } else if (depth === 0 && (character === ',' || character === ')')) {
        return;
      }
    }
  }

  /** A text with escapes of C, without its delimiters. */
  private quoted(end: string): string {
    const start = ++this.at;
    while (this.at < this.line.length && this.line[this.at] !== end) this.at += this.line[this.at] === '\\' ? 2 : 1;
    const text = this.line.slice(start, this.at);
    this.at = Math.min(this.at + 1, this.line.length);
    return unescaped(text);
  }

  private take(belongs: (character: string) => boolean): string {
    const start = this.at;
    this.skip(belongs);
    return this.line.slice(start, this.at);
  }

  private skip(belongs: (character: string) => boolean): void {
    while (this.at < this.line.length && belongs(this.line[this.at])) this.at++;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

/** Replaces escapes of C by bytes, and decodes all bytes as UTF-8. */
function unescaped(text: string): string {
  const bytes = text.replace(/\\(?:x([0-9a-f]{2})|([0-7]{1,3})|([^]))/g, (_, hex?: string, octal?: string, letter?: string) => (
    letter !== undefined ? ESCAPES[letter] ?? letter : String.fromCharCode(hex === undefined ? parseInt(octal!, 8) : parseInt(hex, 16))));
  return Buffer.from(bytes, 'latin1').toString();
}
