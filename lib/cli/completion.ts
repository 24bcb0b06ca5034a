/**
 * `binary-layer completion SHELL`: prints a completion script, generated from the declared commands and options.
 */
import { Argument, Command, type Option } from 'commander';
import { SOURCE_PREFIXES } from './source-options';

interface Shown {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** the possible arguments, if they are known */
  readonly words: readonly string[];
}

export function completionCommand(program: () => Command): Command {
  const shells = Object.keys(SCRIPTS);
  return new Command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText('after', `
Examples:
  $ source <(binary-layer completion bash)                                         in ~/.bashrc
  $ source <(binary-layer completion zsh)                                          in ~/.zshrc, after compinit
  $ binary-layer completion fish > ~/.config/fish/completions/binary-layer.fish`)
    .action((shell: keyof typeof SCRIPTS) => {
      process.stdout.write(SCRIPTS[shell](shownIn(program())));
    });
}

function shownIn(program: Command): Shown[] {
  const help = program.createHelp();
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: help.visibleOptions(command),
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }));
}

const SCRIPTS = { bash, zsh, fish };

const flagsOf = ({ short, long }: Option) => [short, long].filter((flag) => flag !== undefined);
/** Options that take a value. */
const valued = (options: readonly Option[]) => options.filter(({ required }) => required);
/** The possible values of an option. A value that ends with a colon is a prefix: the user types the rest. */
const valuesOf = ({ long, argChoices }: Option) => (long === '--source' ? SOURCE_PREFIXES : argChoices);

function bash(commands: readonly Shown[]): string {
  const names = [...commands.map(({ name }) => name), 'help'];
  const cases = commands.flatMap(({ name, options, words }) => [
    `    ${name})`,
    '      case $previous in',
    ...valued(options).map((option) => `        ${flagsOf(option).join('|')}) ${valuesInBash(option)}; return ;;`),
    '      esac',
    `      case $current in -*) ${among(options.flatMap(flagsOf))}; return ;; esac`,
    `      ${words.length > 0 ? among(words) : ARGUMENTS_BASH[name] ?? ARGUMENTS_BASH.file} ;;`,
  ]);
  return [
    '# bash completion of binary-layer: source <(binary-layer completion bash)',
    '_binary_layer() {',
    "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} IFS=$'\\n'",
    '  COMPREPLY=()',
    `  if ((COMP_CWORD == 1)); then ${among([...names, '--help', '--version'])}; return; fi`,
    '  case ${COMP_WORDS[1]} in',
    `    help) ${among(commands.map(({ name }) => name))} ;;`,
    ...cases,
    '  esac',
    '}',
    'complete -o filenames -o bashdefault -F _binary_layer binary-layer',
    '',
  ].join('\n');
}

/** How bash completes arguments: `tree` and `build` take programs, which are commands or files. Other subcommands take files. */
const ARGUMENTS_BASH: Readonly<Record<string, string>> = {
  tree: 'COMPREPLY=($(compgen -c -f -- "$current"))',
  build: 'COMPREPLY=($(compgen -c -f -- "$current"))',
  file: 'COMPREPLY=($(compgen -f -- "$current"))',
};

function valuesInBash(option: Option): string {
  const values = valuesOf(option);
  if (!values) return ARGUMENTS_BASH.file;
  const hasPrefixes = values.some((value) => value.endsWith(':'));
  return `${among(values)}${hasPrefixes ? '; [[ ${COMPREPLY-} == *: ]] && compopt -o nospace 2>/dev/null' : ''}`;
}

const ARGUMENTS_ZSH: Readonly<Record<string, string>> = { tree: '_command_names -e || _files', build: '_command_names -e || _files' };
const TAKES_PROGRAMS = new Set(Object.keys(ARGUMENTS_ZSH));

function among(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W $'${words.join('\\n')}' -- "$current"))`;
}

function zsh(commands: readonly Shown[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const inSpec = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');
  const spec = (option: Option) => {
    const values = valuesOf(option);
    const action = values?.some((text) => text.endsWith(':'))
      ? `{_binary_layer_values ${values.map((text) => text.replaceAll(':', '\\:')).join(' ')}}`
      : values ? `(${values.join(' ')})` : '_files';
    const value = option.required ? `:value:${action}` : '';
    return flagsOf(option).map((flag) => quoted(`*${flag}[${inSpec(option.description)}]${value}`));
  };
  return [
    '#compdef binary-layer',
    '# zsh completion of binary-layer: source <(binary-layer completion zsh)',
    "_binary_layer_values() { compadd -S '' -- ${@} }",
    '_binary-layer() {',
    '  local -a commands',
    '  commands=(',
    ...commands.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`),
    "    'help:print the help of a command'",
    '  )',
    '  if ((CURRENT == 2)); then _describe command commands; return; fi',
    '  local command=$words[2]',
    '  shift words; ((CURRENT--))',
    '  case $command in',
    '    help) _describe command commands ;;',
    ...commands.map(({ name, options, words }) => {
      const argument = words.length > 0 ? `(${words.join(' ')})` : ARGUMENTS_ZSH[name] ? `{ ${ARGUMENTS_ZSH[name]} }` : '_files';
      return `    ${name}) _arguments -s ${options.flatMap(spec).join(' ')} ${quoted(`*:argument:${argument}`)} ;;`;
    }),
    '  esac',
    '}',
    'if [[ $funcstack[1] == _binary-layer ]]; then _binary-layer "$@"; else compdef _binary-layer binary-layer; fi',
    '',
  ].join('\n');
}

function fish(commands: readonly Shown[]): string {
  const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const lines = commands.flatMap(({ name, description, options, words }) => {
    const here = `-n '__fish_seen_subcommand_from ${name}'`;
    const lineOf = (option: Option) => [
      `complete -c binary-layer ${here}`,
      option.short && `-s ${option.short.slice(1)}`,
      option.long && `-l ${option.long.slice(2)}`,
      option.required && (valuesOf(option) ? `-xa '${valuesOf(option)!.join(' ')}'` : '-rF'),
      `-d ${quoted(option.description)}`,
    ].filter(Boolean).join(' ');
    const ofPrograms = TAKES_PROGRAMS.has(name) ? "-Fa '(__fish_complete_command)'" : '-F';
    return [
      `complete -c binary-layer -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
      ...options.map(lineOf),
      `complete -c binary-layer ${here} ${words.length > 0 ? `-a '${words.join(' ')}'` : ofPrograms}`,
    ];
  });
  return [
    '# fish completion of binary-layer: ~/.config/fish/completions/binary-layer.fish',
    'complete -c binary-layer -f',
    "complete -c binary-layer -n __fish_use_subcommand -a help -d 'print the help of a command'",
    `complete -c binary-layer -n '__fish_seen_subcommand_from help' -a '${commands.map(({ name }) => name).join(' ')}'`,
    ...lines,
    '',
  ].join('\n');
}
