import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { anyAtTerminal, binaryLayer } from './command';
import { temporaryDirectory } from '../fixture';

/** The directory of the scripts, and files with names that need quoting. */
const directory = () => {
  const made = temporaryDirectory();
  for (const shell of ['bash', 'zsh', 'fish']) fs.writeFileSync(path.join(made, shell), binaryLayer(['completion', shell]).stdout);
  fs.writeFileSync(path.join(made, 'a layer.zip'), '');
  return made;
};
let cwd: string;
beforeAll(() => {
  cwd = directory();
});

/** The completions that bash offers for the last of some words. */
function bash(...words: string[]): string[] {
  const script = 'source ./bash; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _binary_layer; printf "%s\\n" "${COMPREPLY[@]}"';
  return execFileSync('bash', ['-c', script, 'bash', 'binary-layer', ...words], { cwd, encoding: 'utf8' }).trim().split('\n').sort();
}

/** The same for fish. */
function fish(...words: string[]): string[] {
  const said = execFileSync('fish', ['--no-config', '-c', 'source ./fish; complete -C "$argv"', ['binary-layer', ...words].join(' ')], {
    cwd,
    encoding: 'utf8',
  });
  return said.trim().split('\n').map((line) => line.replace(/\t.*/, '')).sort();
}

test.each([['bash', bash], ['fish', fish]])('%s completes commands, options, their values, and files', (_, complete) => {
  expect(complete('bu')).toEqual(['build']);
  expect(complete('')).toEqual(expect.arrayContaining(['build', 'completion', 'help', 'run', 'tree']));
  expect(complete('help', 'tr')).toEqual(['tree']);
  expect(complete('tree', '--j')).toEqual(['--json']);
  expect(complete('build', 'rig', '--arch', 'arm')).toEqual(['arm64']);
  expect(complete('build', 'rig', '--source', 'a')).toEqual(['apt:']);
  expect(complete('tree', 'rig', '-s', '')).toEqual(expect.arrayContaining(['apt:', 'directory:', 'host', 'image:']));
  expect(complete('completion', '')).toEqual(['bash', 'fish', 'zsh']);
  expect(complete('tree', 'rig')).toContain('rig');
  expect(complete('run', 'a')).toEqual([expect.stringMatching(/^a(?: |\\ )layer\.zip$/)]);
});

test.each([
  ['bu', 'build'],
  ['tree --js', 'tree --json'],
  ['build rig --arch arm', 'build rig --arch arm64'],
  ['completion fi', 'completion fish'],
  ['build rig --source ap', 'build rig --source apt:'],
  ['run a', 'run a\\ layer.zip'],
])('zsh completes %j to %j', (typed, completed) => {
  const setup =
    'autoload -U compinit; compinit -u -d ./zcompdump; source ./zsh; binary-layer() { print -r -- "<${(q)@}>"; exit }; PS1="ready> "';
  fs.writeFileSync(path.join(cwd, '.zshrc'), setup);
  const answers = [['ready> ', `binary-layer ${typed}\t`], [completed.slice(typed.length), '\n']] as const;
  const { screen } = anyAtTerminal(['zsh', '-d', '-i'], answers, { cwd, env: { TERM: 'dumb', ZDOTDIR: cwd } });
  expect(screen).toContain(`<${completed}>`);
});
