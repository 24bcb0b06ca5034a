/**
 * Search paths in the environment: finds the paths in a text that are values of a variable such as LD_LIBRARY_PATH.
 *
 * Every child process inherits such a variable, even one that runs a program of the host, which is Lambda's own system. If a host program
 * finds the layer's C library, Python modules or Perl modules in the search path, it loads them and fails. Therefore planning does not
 * replace these paths by aliases; see lib/plan/edits/replace.ts.
 *
 * Sources: ld.so(8), environ(7), the manuals of Python, Perl, Ruby, Tcl, Lua, Node.js, Java, Guile and R, iconv(3), setlocale(3).
 */

/** Read by the dynamic loader of every process. */
const LOADER = ['LD_LIBRARY_PATH', 'LD_LIBRARY_PATH_64', 'LD_PRELOAD', 'LD_AUDIT'];

/** Read by the C library, the shell, or an interpreter that the host may have as well. */
const OTHERS = [
  'GCONV_PATH',
  'LOCPATH',
  'NLSPATH',
  'PYTHONPATH',
  'PYTHONHOME',
  'PERL5LIB',
  'PERLLIB',
  'RUBYLIB',
  'GEM_PATH',
  'GEM_HOME',
  'NODE_PATH',
  'CLASSPATH',
  'R_LIBS',
  'TCLLIBPATH',
  'TCL_LIBRARY',
  'LUA_PATH',
  'LUA_CPATH',
  'GUILE_LOAD_PATH',
  'GUILE_LOAD_COMPILED_PATH',
  'GIO_EXTRA_MODULES',
  'GST_PLUGIN_PATH',
  'GI_TYPELIB_PATH',
  'GTK_PATH',
  'QT_PLUGIN_PATH',
  'QML2_IMPORT_PATH',
  'OPENSSL_MODULES',
  'OPENSSL_ENGINES',
];

/** Names may have a prefix: R sets R_LD_LIBRARY_PATH, and LD_LIBRARY_PATH to its value. PATH may not: CHANNEL_PATH is unrelated to it. */
const IS_LOADERS = new RegExp(`(?:^|_)(?:${LOADER.join('|')})$`);
const IS_OTHERS = new RegExp(`^PATH$|(?:^|_)(?:${OTHERS.join('|')})$`);

/** A text sets a search path only if it has one of these names, or `PATH` as a whole word. */
const NAMES = [...LOADER, ...OTHERS];
const IS_PATH_NAMED = /(?<![A-Za-z_])PATH(?!\w)/;
/** Every name contains one of these parts. The parts are searched for first, because most texts contain none of them. */
const PARTS = ['PATH', 'LIB', 'HOME', 'LD_', 'MODULES', 'ENGINES'];

/** Maximum distance of a path from the name of its variable, and maximum length of a line that is analysed, in characters. */
const MOST_CHARACTERS = 1024;
/** Maximum size of a text whose variables are followed, in bytes: scripts that set search paths are small, generated code is not. */
const MOST_FOLLOWED = 256 * 1024;
/** Maximum length of a command such as `setenv` or `set -gx` before a name, in characters. */
const MOST_COMMAND = 40;

const NAME = /[A-Za-z_]\w*/g;
/** Text between a name and its value: `=`, `:=`, `+=`, `${NAME:-`, `['NAME'] =`, `{NAME} = `, `"NAME": `, `("NAME", `. */
const OPERATOR = /["']?[\])}]?[ \t]{0,8}(?::[=\-?+]|[|+.?]?=>?|[:,])[ \t(]{0,8}["'`]?/y;
/** After one of these, only whitespace separates name and value: `setenv NAME value`, `set -gx NAME value`, `set env(NAME) value`. */
const COMMAND = /(?:^|[\s;&|{])set(?:env)?[ \t]+(?:-[\w-]{1,16}[ \t]+)?(?:(?:::)?env\()?$/;
const AFTER_COMMAND = /\)?[ \t]{1,8}["'`]?/y;
const QUOTES = '"\'`';
/** Variables that are elements of a list: `$libs:`, `${libs}`. `$prefix/lib` does not match: its variable is only a part of a path. */
const ELEMENT = /(?:^|[:"'=\s])\$\{?([A-Za-z_]\w*)(?=[:}"'\s;]|$)/g;
/** An expression that begins with a variable, in other languages: `libs`, `libs + ':' + …`. */
const EXPRESSION = /^([A-Za-z_]\w*)[ \t]*(?:$|[;+.)])/;

/** `loader`: the dynamic loader of every process reads the variable. `others`: the C library, the shell or an interpreter reads it. */
export type SearchPathUse = 'loader' | 'others';

/** Finds out which paths in a text file belong to search paths. */
export class SearchPaths {
  /** variables whose value becomes an element of a search path, by name */
  private readonly elements = new Map<string, SearchPathUse>();

  /** @param text one character for each byte */
  private constructor(private readonly text: string) {
    if (text.length <= MOST_FOLLOWED) this.followVariables();
  }

  /** The search paths of a file; `undefined` if the file names no such variable. */
  public static of(bytes: Buffer): SearchPaths | undefined {
    if (!PARTS.some((part) => bytes.includes(part))) return undefined;
    const text = bytes.toString('latin1');
    const isNamed = (text.includes('PATH') && IS_PATH_NAMED.test(text)) || NAMES.some((name) => text.includes(name));
    return isNamed ? new SearchPaths(text) : undefined;
  }

  /** The use of the path at an offset, `undefined` for a path that is not in the value of such a variable. */
  public useAt(offset: number): SearchPathUse | undefined {
    const from = Math.max(0, offset - MOST_CHARACTERS);
    let start = offset;
    while (start > from && (this.text[start - 1] !== '\n' || this.text[start - 2] === '\\')) start--;
    for (const { name, value } of assignmentsIn(this.text.slice(start, offset))) {
      const use = useOf(name) ?? this.elements.get(name);
      if (use !== undefined && !hasEnded(this.text.slice(start + value.start, offset), value)) return use;
    }
    return undefined;
  }

  /** `libs=/usr/lib; export LD_LIBRARY_PATH=$libs:$LD_LIBRARY_PATH`: `libs` is used as a search path, too. */
  private followVariables(): void {
    const elementsOf = new Map<string, string[]>();
    for (const line of this.text.split('\n')) {
      if (line.length > MOST_CHARACTERS) continue;
      for (const { name, value } of assignmentsIn(line)) {
        const rest = line.slice(value.start);
        const elements = [...rest.matchAll(ELEMENT), ...[EXPRESSION.exec(rest) ?? []]].flatMap(([, element]) => element ?? []);
        if (elements.length > 0) elementsOf.set(name, [...(elementsOf.get(name) ?? []), ...elements]);
      }
    }
    const pending = [...elementsOf.keys()].filter((name) => useOf(name) !== undefined);
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      const use = useOf(name) ?? this.elements.get(name)!;
      for (const element of elementsOf.get(name) ?? []) {
        const known = useOf(element) ?? this.elements.get(element);
        if (known === 'loader' || known === use) continue;
        this.elements.set(element, use);
        pending.push(element);
      }
    }
  }
}

/** The use of a path in a binary file if its string begins with a variable's name, as in `putenv("LD_LIBRARY_PATH=/usr/lib")`. */
export function useInString(bytes: Buffer, offset: number): SearchPathUse | undefined {
  if (offset === 0 || !'=:'.includes(String.fromCharCode(bytes[offset - 1]))) return undefined;
  const before = bytes.toString('latin1', Math.max(0, offset - MOST_CHARACTERS), offset);
  const [, name] = /^([A-Za-z_]\w*)=/.exec(before.slice(before.lastIndexOf('\0') + 1)) ?? [];
  return name === undefined ? undefined : useOf(name);
}

function useOf(name: string): SearchPathUse | undefined {
  return IS_LOADERS.test(name) ? 'loader' : IS_OTHERS.test(name) ? 'others' : undefined;
}

interface Value {
  /** offset of its first character, after the opening quote */
  readonly start: number;
  /** its opening quote, `''` for none */
  readonly quote: string;
  /** true if blanks belong to it, as in `NAME = a b` */
  readonly isSpaced: boolean;
}

function* assignmentsIn(text: string): Generator<{ readonly name: string; readonly value: Value }> {
  for (const { 0: name, index } of text.matchAll(NAME)) {
    const end = index + name.length;
    const isCommand = COMMAND.test(text.slice(Math.max(0, index - MOST_COMMAND), index));
    const operator = isCommand ? AFTER_COMMAND : OPERATOR;
    operator.lastIndex = end;
    const [between] = operator.exec(text) ?? [];
    if (between === undefined) continue;
    const last = between.at(-1)!;
    const quote = QUOTES.includes(last) ? last : '';
    yield { name, value: { start: end + between.length, quote, isSpaced: !isCommand && /\s/.test(between) } };
  }
}

/** True if a value ends within a text. @param text begins with the value's first character */
function hasEnded(text: string, { quote, isSpaced }: Value): boolean {
  let open = quote;
  let isQuoted = quote !== '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (open !== '') {
      if (character === open) open = '';
    } else if (QUOTES.includes(character)) {
      open = character;
      isQuoted = true;
    } else if (';|&'.includes(character) || (isQuoted && character === ',')) {
      return true;
    } else if (/\s/.test(character) && !isSpaced && text[at - 1] !== '\\' && !/^\s*[.+]/.test(text.slice(at, at + 16))) {
      return true;
    }
  }
  return false;
}
