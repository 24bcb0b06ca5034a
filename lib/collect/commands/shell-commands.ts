/**
 * Words of a shell script where the shell expects a command: at the start of a line, or after another command. A command may follow
 * assignments, words that take a command, such as `exec`, and unquoted variables, which may be empty.
 *
 * Written by hand because a regular expression would backtrack. This parser reads each character a bounded number of times.
 */

const SEPARATORS = ';&|(`!{';
const TAKES_COMMAND = /(?:then|do|else|elif|if|while|until|exec|eval|xargs|nice|nohup|time|command)[ \t]+/y;
/** `$rlwrap` in `exec $rlwrap java` */
const OPTIONAL = /\$(?:\w+|\{\w+\})[ \t]+/y;
const VARIABLE = /\w+=/y;
const WORD = /[\w.+-]+/y;
const BLANKS = /[ \t]*/y;
/** Characters that end an unquoted value. */
const VALUE_END = /[\s"'`]/g;

/** An assignment, and the rest of its line. */
const ASSIGNMENT = /\b(\w+)=([^\n;]*)/g;
const VARIABLE_IN_WORD = /\$\{?(\w+)\}?/g;
/** Maximum number of words in one variable. */
const MOST_VALUES = 8;

/** @param text without comments */
export function shellCommands(text: string): Set<string> {
  return new ShellText(text).commands();
}

/**
 * Values of a shell script's variables, which the script may start as commands. `GS_EXECUTABLE=gs` gives `gs`. After `version=14`,
 * `ps2pdf="$here/ps2pdf$version"` gives `ps2pdf14`: if a value is a path, only its last component counts.
 *
 * @param text without comments
 */
export function assignedWords(text: string): Set<string> {
  const assigned = new Map<string, Set<string>>();
  const words = new Set<string>();
  for (const [, variable, line] of text.matchAll(ASSIGNMENT)) {
    const values = valuesOf(lastWord(line), assigned);
    const known = assigned.get(variable) ?? new Set();
    for (const value of values) {
      words.add(value);
      if (known.size < MOST_VALUES) known.add(value);
    }
    assigned.set(variable, known);
  }
  return words;
}

/** The last word of an assignment's value. If that word is a path, only its last component. */
function lastWord(line: string): string {
  const value = line.trim().replace(/["'`]$/, '');
  let start = value.length;
  while (start > 0 && /[\w.+${}-]/.test(value[start - 1])) start--;
  return value.slice(start);
}

/**
 * The possible values of a word: the word itself or, if it contains a variable, one value for each value of the variable. None if the
 * variable is unknown, or if the word has several variables.
 */
function valuesOf(word: string, assigned: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const variables = [...word.matchAll(VARIABLE_IN_WORD)];
  if (variables.length === 0) return word === '' ? [] : [word];
  if (variables.length > 1) return [];
  const [[whole, name]] = variables;
  return [...(assigned.get(name) ?? [])].map((value) => word.replace(whole, () => value));
}

class ShellText {
  /** parsed positions from which no command is reached. Several separators may lead to one position: it is parsed only once */
  private readonly failed = new Set<number>();
  /** see `next` */
  private readonly ahead = new Map<string, { readonly from: number; readonly at: number }>();

  constructor(private readonly text: string) {}

  public commands(): Set<string> {
    const { text } = this;
    const words = new Set<string>();
    for (let at = 0; at < text.length;) {
      const isFirst = at === 0 || text[at - 1] === '\n' || text[at - 1] === '\r';
      const end =
        (isFirst ? this.command(at, words) : undefined) ?? (SEPARATORS.includes(text[at]) ? this.command(at + 1, words) : undefined);
      at = end ?? at + 1;
    }
    return words;
  }

  /** @returns where the command's name ends, `undefined` if there is none */
  private command(from: number, words: Set<string>): number | undefined {
    const { text } = this;
    const visited: number[] = [];
    /** the last word that takes a command; it counts as the command if no other follows */
    let taking: { readonly word: string; readonly end: number } | undefined;
    for (let at = this.skip(BLANKS, from)!; !this.failed.has(at);) {
      visited.push(at);
      const afterWord = this.skip(TAKES_COMMAND, at);
      const next = afterWord ?? this.skip(OPTIONAL, at) ?? this.assignment(at);
      if (next === undefined) {
        const end = this.skip(WORD, at);
        if (end === undefined || text[end] === '/' || text[end] === '=') break;
        words.add(text.slice(at, end));
        return end;
      }
      if (afterWord !== undefined) {
        const word = text.slice(at, afterWord).trim();
        taking = { word, end: at + word.length };
      }
      at = next;
    }
    for (const at of visited) this.failed.add(at);
    if (taking) words.add(taking.word);
    return taking?.end;
  }

  /** Skips `NAME=VALUE` and the blanks after it. @returns where the next word begins */
  private assignment(at: number): number | undefined {
    const { text } = this;
    const value = this.skip(VARIABLE, at);
    if (value === undefined) return undefined;
    const quote = text[value];
    let end: number;
    if (quote === '"' || quote === "'") {
      end = this.next(quote, value + 1) + 1;
      if (end > this.next('\n', value + 1)) return undefined;
    } else {
      end = this.next('value end', value);
    }
    const afterBlanks = this.skip(BLANKS, end)!;
    return afterBlanks > end ? afterBlanks : undefined;
  }

  /**
   * The next position of a character, or of the end of an unquoted value (`value end`). The length of the text if there is none. Cached, so
   * that a long value is searched only once.
   */
  private next(token: string, from: number): number {
    const known = this.ahead.get(token);
    if (known && known.from <= from && from <= known.at) return known.at;
    let at: number;
    if (token === 'value end') {
      VALUE_END.lastIndex = from;
      at = VALUE_END.exec(this.text)?.index ?? -1;
    } else {
      at = this.text.indexOf(token, from);
    }
    if (at < 0) at = this.text.length;
    this.ahead.set(token, { from, at });
    return at;
  }

  /** @returns the end of a match that begins at `at` */
  private skip(pattern: RegExp, at: number): number | undefined {
    pattern.lastIndex = at;
    return pattern.test(this.text) ? pattern.lastIndex : undefined;
  }
}
