/**
 * Words in a file that may be the names of commands, for which execvp(3) and shells search PATH: `troff` in groff, `java` in
 * a script around it.
 */
import * as path from 'path';
import { shellCommands } from './shell-commands';
import { interpreterOf, readShebang } from '../closure/script';
import { FormatError, stringsOf } from '../elf';
import { Content } from '../root/content';
import { COMMANDS } from '../root/standard';

/** Texts of more bytes than that are no configuration, in which one line says what to start. */
const MOST_TEXT = 64 * 1024;
/** Bytes of a script that are searched. */
const MOST_SCRIPT = 8 * 1024 * 1024;
/** Configuration has such an extension, or none, as groff's `DESC`: anything else is made of words for other reasons. */
const CONFIGURATION = /^[^.]+$|\.(?:conf|cfg|cnf|config|ini|rc|xml|def|defs)$/;
/** Characters of a string that is a command line. */
const MOST_STRING = 200;
const SHELL = /^(?:ba|da|a|k|mk|z)?sh$/;

/**
 * A string that is a command, or a command line that begins with one and an option or an argument to be filled in; before it
 * may come a directory, likewise.
 */
const COMMAND_LINE = /^(?:["']?(?:%s)+\/?)?([\w.+-]+)["']?(?:$| +[-%"'$|<>])/;
/** The last name in a path. */
const LAST = /^\S*\/([\w.+-]+)$/;
/** The same at the beginning of a string in a script. */
const QUOTED = /["'`]([\w.+-]+)(?=["'`]| +[-%"'$|<>])/g;
const COMMENT = /(?:^|\s)#.*$/gm;
const BETWEEN_SPACES = /(?:^|\s)["']?([\w.+-]+)["']?(?=\s|$)/gm;

/**
 * @param file its path
 * @param read gives its bytes, where it is of a kind that starts anything
 * @returns what may be a command, each once: whether it is one, PATH tells
 */
export function startedIn(file: string, content: Content, read: () => Buffer): Set<string> {
  switch (content.kind) {
    case 'elf': {
      if (content.elf === undefined || content.elf instanceof FormatError) return new Set();
      const strings = stringsOf(read(), content.elf, MOST_STRING);
      // what has the directory as a string of its own may have the name at the end of another: gpg has `/agent/gpg-agent` for the other case
      const patterns = strings.has(COMMANDS) ? [COMMAND_LINE, LAST] : [COMMAND_LINE];
      return new Set([...strings].flatMap((text) => patterns.map((pattern) => pattern.exec(text)?.[1])).filter((word) => word !== undefined));
    }
    case 'script': return inScript(content.head, read);
    case 'text': return CONFIGURATION.test(path.posix.basename(file)) && content.size <= MOST_TEXT ? words(read().toString('latin1').replace(COMMENT, ''), BETWEEN_SPACES) : new Set();
    default: return new Set();
  }
}

/** @param interpreter a path, or a command */
function isShell(interpreter: string): boolean {
  return SHELL.test(path.posix.basename(interpreter));
}

function inScript(head: Buffer, read: () => Buffer): Set<string> {
  const shebang = readShebang(head);
  const named = shebang && interpreterOf(shebang);
  if (!named) return new Set();
  const text = read().toString('latin1', 0, MOST_SCRIPT); // what follows is an archive that the script unpacks
  const found = isShell(named.name) ? shellCommands(text.replace(COMMENT, '')) : words(text, QUOTED);
  // by env, which searches as well
  return named.name.includes('/') ? found : found.add(named.name);
}

function words(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].map(([, word]) => word));
}
