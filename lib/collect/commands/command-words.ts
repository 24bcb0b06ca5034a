/**
 * Words in a file that may be the names of commands, for which execvp(3) and shells search PATH: `troff` in groff, `java` in
 * a script that starts a Java program.
 */
import * as path from 'path';
import { assignedWords, shellCommands } from './shell-commands';
import { IN_WORD, shortStrings } from './short-strings';
import { interpreterOf, readShebang } from '../../closure/script';
import type { Content } from '../../root/content';
import { COMMANDS } from '../../root/standard';

/** Maximum size of a configuration file, in bytes. Larger texts rarely name a program to start. */
const MOST_TEXT = 64 * 1024;
/** Number of bytes that are searched in a script. */
const MOST_SCRIPT = 8 * 1024 * 1024;
/** Names of configuration files. They have one of these extensions or none, such as groff's `DESC`. */
const CONFIGURATION = /^[^.]+$|\.(?:conf|cfg|cnf|config|ini|rc|xml|def|defs)$/;
/** Names of modules of scripts. */
const CODE = /\.(?:py|rb|p[lm]|php|[cm]?js|lua|tcl|scm)$/;
/** Maximum size of a module that was written by people, in bytes. */
const MOST_CODE = 1024 * 1024;
/** `$0` at the beginning of a name: `exec $0.bin` starts another file beside the script. */
const OWN_NAME = /(?:"\$0"|\$0|\$\{0\})(?=[.-]\w)/g;
const SHELL = /^(?:ba|da|a|k|mk|z)?sh$/;

/** A command, or a command line: a command with an option or a placeholder behind it. A placeholder for a directory may come first. */
const COMMAND_LINE = /^(?:["']?(?:%s)+\/?)?([\w.+-]+)["']?(?:$| +[-%"'$|<>])/;
/** The last component of a path. */
const LAST = /^\S*\/([\w.+-]+)$/;
/**
 * A word at the end of a string. If a string is the end of another one, linkers store only the longer one: the `ssh` that git starts is the
 * end of `git+ssh`.
 */
const ENDING = /^\S*[^\s\w.-]([\w.-]+)$/;
/** A command or command line at the beginning of a string in a script. */
const QUOTED = /["'`]([\w.+-]+)(?=["'`]| +[-%"'$|<>])/g;
/**
 * Calls that start a command or look for it on PATH, with its name as a literal: `subprocess.run(["dot", "-Tsvg"])`,
 * `shutil.which('dot')`, `execFile('dot')`. `exec` is absent: it executes code in Python, and a regular expression in JavaScript.
 */
const CALLS = [
  'run', 'call', 'check_call', 'check_output', 'Popen', 'getoutput', 'spawn(?:Sync|vp?|lp?)?', 'exec(?:File|FileSync|Sync|vp?|lp?)',
  'system', 'popen', 'capture[23]e?', 'which', 'find_executable',
];
const CALLED = new RegExp(`\\b(?:${CALLS.join('|')})\\s*\\(\\s*(?:[[(]\\s*)?["']([\\w.+-]+)["' ]`, 'g');
/** The name of a setting for the path of another program. Without the setting `gpg.program`, for example, git starts `gpg`. */
const SETTING = /^-{0,2}([\w+-]+?)[._-](?:program|command|executable|cmd)$/;
const COMMENT = /(?:^|\s)#.*$/gm;
const BETWEEN_SPACES = /(?:^|\s)["']?([\w.+-]+)["']?(?=\s|$)/gm;

/** A word of one or two characters before an option: `['gs', '-q']`. Other short words are more likely modes: `open(name, 'r')`. */
const SHORT_WITH_OPTION = /["'`]([\w.+-]{1,2})(?=["'`]\s*,\s*["'`]-| +-)/g;
/** Minimum length of a word that counts without more evidence, in a script that no package owns. */
const LONG = 3;

/** Calls a function with the bytes of a file: see `Root.scan`. */
type Scan = <T>(use: (bytes: Buffer) => T) => T;

/** What a file is, if it is not a packaged program or script. */
export type Role = 'module' | 'sourced' | 'self-built';

/** Words that may be commands, if PATH has them. */
export interface StartedWords {
  readonly words: Set<string>;
  /** words in calls that start a command, and commands whose paths can be set: see `CALLED` and `SETTING` */
  readonly called: ReadonlySet<string>;
  /** words at the end of longer strings of a program: see `ENDING` */
  readonly endings: ReadonlySet<string>;
}

const NO_WORDS: ReadonlySet<string> = new Set();

/**
 * @param file the path of the file
 * @param scan calls a function with the bytes of the file; not called for kinds of files that start no commands
 * @param role `module` if the file may be a module of a requested script, `sourced` if it is shell code that a script sources, `self-built`
 *   if it is a script that no package owns
 */
export function startedIn(file: string, content: Content, scan: Scan, role?: Role): StartedWords {
  const isModule = content.kind === 'text' && role === 'module' && CODE.test(file) && content.size <= MOST_CODE;
  if (isModule) return inCode(scan((bytes) => bytes.toString('latin1')));
  if (content.kind === 'script') return inScript(file, content.head, scan, role);
  const strings = content.kind === 'elf' && content.elf ? shortStrings(content.elf, scan) : NO_WORDS;
  const called = new Set([...matches(strings, SETTING)].filter((word) => strings.has(word)));
  return { words: wordsIn(file, content, scan, role), called, endings: matches(strings, ENDING) };
}

function wordsIn(file: string, content: Content, scan: Scan, role?: Role): Set<string> {
  switch (content.kind) {
    case 'elf': {
      const { elf } = content;
      if (elf === undefined) return new Set();
      const strings = shortStrings(elf, scan);
      // a program with `/usr/bin` as a separate string may have a command at the end of another path: gpg has `/agent/gpg-agent`
      const patterns = strings.has(COMMANDS) ? [COMMAND_LINE, LAST] : [COMMAND_LINE];
      return new Set(patterns.flatMap((pattern) => [...matches(strings, pattern)]));
    }
    case 'text': {
      const text = () => scan((bytes) => bytes.toString('latin1', 0, MOST_SCRIPT));
      if (role === 'sourced') return inShell(text());
      if (!CONFIGURATION.test(path.posix.basename(file)) || content.size > MOST_TEXT) return new Set();
      return words(text().replace(COMMENT, ''), BETWEEN_SPACES);
    }
    default: return new Set();
  }
}

function matches(strings: Iterable<string>, pattern: RegExp): Set<string> {
  return new Set([...strings].flatMap((text) => pattern.exec(text)?.[1] ?? []));
}

/** Whether a file is a module of a program, by its name. */
export function isCode(file: string): boolean {
  return CODE.test(file);
}

/**
 * Whether a program contains a command with an option, such as `unzip -t`: this is stronger evidence than a word. All bytes are searched,
 * not only the strings, because compilers put strings of 8 characters into instructions.
 */
export function hasWithOption(bytes: Buffer, command: string): boolean {
  const text = `${command} -`;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) if (at === 0 || !IN_WORD[bytes[at - 1]]) return true;
  return false;
}

/** @param interpreter a path, or a command */
function isShell(interpreter: string): boolean {
  return SHELL.test(path.posix.basename(interpreter));
}

/** @param head the first bytes of a script */
export function isShellScript(head: Buffer): boolean {
  const shebang = readShebang(head);
  const named = shebang && interpreterOf(shebang);
  return named !== undefined && isShell(named.name);
}

function inScript(file: string, head: Buffer, scan: Scan, role?: Role): StartedWords {
  const shebang = readShebang(head);
  const named = shebang && interpreterOf(shebang);
  if (!named) return { words: new Set(), called: NO_WORDS, endings: NO_WORDS };
  const text = scan((bytes) => bytes.toString('latin1', 0, MOST_SCRIPT)); // the rest is an archive that the script unpacks
  const inShellScript = () => ({ words: inShell(text.replace(OWN_NAME, path.posix.basename(file))), called: NO_WORDS, endings: NO_WORDS });
  const found = isShell(named.name) ? inShellScript() : role === 'self-built' ? inOwnCode(text) : inCode(text);
  // `#!/usr/bin/env NAME` searches PATH, too
  if (!named.name.includes('/')) found.words.add(named.name);
  return found;
}

function inCode(text: string): StartedWords {
  return { words: words(text, QUOTED), called: words(text, CALLED), endings: NO_WORDS };
}

/** Words in a script that no package owns. Its commands may be of any package, so short words need more evidence. */
function inOwnCode(text: string): StartedWords {
  const found = inCode(text);
  const withOption = words(text, SHORT_WITH_OPTION);
  const isCommand = (word: string) => word.length >= LONG || found.called.has(word) || withOption.has(word);
  return { ...found, words: new Set([...found.words].filter(isCommand)) };
}

function inShell(code: string): Set<string> {
  const text = code.replace(COMMENT, '');
  return new Set([...shellCommands(text), ...assignedWords(text)]);
}

function words(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].map(([, word]) => word));
}
