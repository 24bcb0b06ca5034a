/**
 * `traceCommands`, `testCommand` and `verbose` of the construct: when the commands run, and what is left if one fails.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { Duration } from 'aws-cdk-lib';
import { gcc, temporaryDirectory } from './fixture';
import { freshPlaces, privateTemporaryDirectory, synth, zips } from './synth';
import type { BinaryLayerProps } from '../lib';

const place = freshPlaces();

const project = temporaryDirectory();
const tool = path.join(project, 'tool');
const library = path.join(project, 'libown.so');
const makeLibrary = (answer: number) => gcc(library, `int own(void) { return ${answer}; }`, ['-shared', '-Wl,-soname,libown.so']);
beforeAll(() => {
  makeLibrary(0);
  gcc(tool, 'int own(void); int puts(const char *); int main(void) { puts("the tool"); return own(); }', [library, '-Wl,-rpath,$ORIGIN']);
});

const names = (zip: string) => execFileSync('unzip', ['-Z1', zip], { encoding: 'utf8' }).trim().split('\n');

/** A command line that counts its runs in a file outside the layer. */
function counting() {
  const file = path.join(temporaryDirectory(), 'counter');
  fs.writeFileSync(file, '');
  return { command: `echo run >> ${file}`, count: () => fs.readFileSync(file, 'utf8').split('run').length - 1 };
}

/** Expects an error of this library, and no partial asset. */
function fails(props: Partial<BinaryLayerProps>, message: string): void {
  const temporary = privateTemporaryDirectory();
  let error: unknown;
  try {
    synth(place, { binary: tool, ...props });
  } catch (thrown) {
    error = thrown;
  }
  expect((error as Error).message).toMatch(/^BinaryLayer Stack\/Layer: /);
  expect((error as Error).message).toContain(message);
  expect(fs.existsSync(place.outdir) ? fs.readdirSync(place.outdir) : []).toEqual([]);
  expect(fs.readdirSync(temporary)).toEqual([]);
  expect(place.stderr).toBe('');
}

describe('a file that a trace command opens', () => {
  const BSD = '/usr/share/common-licenses/BSD';

  test('is packed even if nothing else refers to it', () => {
    synth(place, { binary: tool });
    expect(names(zips(place)[0]).filter((name) => name.endsWith(BSD))).toEqual([]);
    synth(place, { binary: tool, traceCommands: [`read line < ${BSD}`] });
    expect(zips(place).flatMap((zip) => names(zip).filter((name) => name.endsWith(BSD)))).toHaveLength(1);
  });

  test('makes an interpreter work that was packed without data', () => {
    const command = 'perl -MPOSIX=floor -e "exit floor(0.5)"';
    expect(() => synth(place, { binary: 'perl', testCommand: command })).toThrow('POSIX.pm');
    synth(place, { binary: 'perl', testCommand: command, traceCommands: [command] });
    expect(zips(place)).toHaveLength(1);
  });
});

describe('trace commands', () => {
  test('are not run again if nothing has changed, or if only the asset was deleted', () => {
    const { command, count } = counting();
    const props = { binary: tool, traceCommands: [command, tool] };
    synth(place, props);
    synth(place, props);
    fs.rmSync(zips(place)[0]);
    synth(place, props);
    fs.rmSync(place.outdir, { recursive: true });
    synth(place, props);
    synth(place, { ...props, verbose: true, testCommand: 'tool' });
    expect(zips(place)).toHaveLength(2);
    expect(count()).toBe(1);
  });

  test('are run again if a file of the layer or a command has changed, or without the cache file', () => {
    const { command, count } = counting();
    synth(place, { binary: tool, traceCommands: [command] });
    makeLibrary(0);
    synth(place, { binary: tool, traceCommands: [command] });
    expect(count()).toBe(2);
    synth(place, { binary: tool, traceCommands: [`${command}; true`] });
    expect(count()).toBe(3);
    fs.rmSync(place.cache, { recursive: true });
    synth(place, { binary: tool, traceCommands: [command] });
    expect(count()).toBe(4);
  });

  test('are run again if a file that they opened has changed', () => {
    const { command, count } = counting();
    const directory = fs.mkdtempSync('/var/tmp/traced-');
    try {
      const traced = path.join(directory, 'file');
      fs.writeFileSync(traced, 'a\n');
      const props = { binary: tool, traceCommands: [`${command}; read line < ${traced}`] };
      synth(place, props);
      fs.writeFileSync(traced, 'b\n');
      synth(place, props);
      expect(count()).toBe(2);
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  });

  test('are not run if a program does not exist', () => {
    const { command, count } = counting();
    expect(() => synth(place, { binary: 'no-such-command', traceCommands: [command] })).toThrow('no such command on PATH');
    expect(count()).toBe(0);
  });

  test('that fail leave nothing behind, and are run again', () => {
    const { command, count } = counting();
    const failing = { traceCommands: [`${command}; echo not today; exit 3`] };
    fails(failing, 'ended with exit code 3, expected exit code 0; nothing was packed\n  output:\n    not today');
    fails(failing, 'exit code 3');
    expect(count()).toBe(2);
    expect(fs.readdirSync(place.cache)).toEqual([]);
  });

  test('that are empty are errors', () =>
    fails({ traceCommands: ['true', ' '] }, 'a command of traceCommands is empty, expected a command line for sh'));
});

describe('a test command', () => {
  test('passes if it exits 0 in the layer', () => {
    synth(place, { binary: tool, testCommand: 'tool' });
    expect(zips(place)).toHaveLength(1);
    expect(place.stderr).toMatch(/^BinaryLayer Stack\/Layer: tool and 3 libraries, .* s\n$/);
  });

  test('does not change the bytes of the layer', () => {
    synth(place, { binary: tool });
    const [without] = zips(place);
    synth(place, { binary: tool, testCommand: 'tool' });
    const [withOne] = zips(place).filter((zip) => zip !== without);
    expect(fs.readFileSync(withOne).equals(fs.readFileSync(without))).toBe(true);
  });

  test('that fails is an error with its exit code and output', () => {
    fails(
      { testCommand: 'tool; exit 9' },
      "testCommand 'tool; exit 9' ended in the layer with exit code 9, expected exit code 0; nothing was written\n" +
        '  output:\n    the tool\n' +
        '  if a file is missing, name it in include; verbose prints which files are skipped, and why',
    );
  });

  test('that hangs is killed after testTimeout', () => {
    fails(
      { testCommand: 'tool; while :; do :; done', testTimeout: Duration.seconds(1) },
      'had not ended after 1 s, testTimeout, and was killed; nothing was written\n  output:\n    the tool',
    );
  });

  test('is run at each synth until it passes, and not after that', () => {
    const failing = { binary: tool, testCommand: 'tool' };
    makeLibrary(1);
    expect(() => synth(place, failing)).toThrow('exit code 1');
    expect(() => synth(place, failing)).toThrow('exit code 1');
    makeLibrary(0);
    synth(place, failing);
    place.stderr = '';
    process.env.PATH = temporaryDirectory(); // without bubblewrap
    synth(place, failing);
    expect(place.stderr).toBe('');
  });

  test('that has changed is run in a layer that passed another one', () => {
    synth(place, { binary: tool, testCommand: 'tool' });
    expect(() => synth(place, { binary: tool, testCommand: 'tool; exit 1' })).toThrow('exit code 1');
    expect(zips(place)).toHaveLength(1);
  });

  test('is run again if the zip of the layer was deleted', () => {
    process.env.BINARY_LAYER_CACHE_MB = '0';
    synth(place, { binary: tool, testCommand: 'tool' });
    const [zip] = zips(place);
    const whole = fs.readFileSync(zip);
    fs.rmSync(zip);
    const { PATH } = process.env;
    process.env.PATH = temporaryDirectory(); // without bubblewrap
    expect(() => synth(place, { binary: tool, testCommand: 'tool' })).toThrow(/^BinaryLayer Stack\/Layer: testCommand requires /);
    process.env.PATH = PATH;
    synth(place, { binary: tool, testCommand: 'tool' });
    expect(fs.readFileSync(zip).equals(whole)).toBe(true);
  });

  test('needs bubblewrap: without it, nothing is packed', () => {
    const directory = temporaryDirectory();
    gcc(path.join(directory, 'busybox'), 'int main(void) { return 0; }', ['-static']);
    process.env.PATH = directory;
    fails(
      { testCommand: 'tool' },
      'bwrap is not on PATH; install it on the machine that synthesizes, for example with apt-get install bubblewrap',
    );
  });

  test.each([
    ['', 'testCommand is empty, expected a command line for sh'],
    ['a\0b', 'testCommand has a NUL character'],
  ])('that is %j is an error', (testCommand, message) => fails({ testCommand }, message));

  test('with a timeout of zero is an error', () =>
    fails({ testCommand: 'tool', testTimeout: Duration.seconds(0) }, 'testTimeout is 0, expected some time'));
});

describe('verbose', () => {
  const lines = () => place.stderr.trimEnd().split('\n');

  test('prints the reason for each entry and each skipped file, sorted by path', () => {
    const secret = path.join(project, 'secret');
    fs.writeFileSync(secret, '', { mode: 0o600 });
    fs.mkdirSync(path.join(project, 'share'), { recursive: true });
    fs.copyFileSync(secret, path.join(project, 'share/secret'));
    fs.chmodSync(path.join(project, 'share/secret'), 0o600);
    fs.writeFileSync(path.join(project, 'share/text'), '');
    synth(place, { binary: tool, include: [path.join(project, 'share')], verbose: true });
    const said = lines();
    const packs = said.filter((line) => line.startsWith('BinaryLayer Stack/Layer: packs '));
    const [zip] = zips(place);
    const inRoot = names(zip).flatMap((name) => /^elf\/[0-9a-f]{8}(\/(?!ld\.so$).*)/.exec(name)?.[1].replace(/\/$/, '') ?? []);
    expect(packs.map((line) => line.split(' ')[3].slice(0, -1))).toEqual(inRoot);
    expect(packs).toEqual([...packs].sort());
    expect(said).toEqual(
      expect.arrayContaining([
        expect.stringMatching(`^BinaryLayer Stack/Layer: packs /.*tool: requested( \\(${tool}\\))?$`),
        expect.stringMatching(
          `^BinaryLayer Stack/Layer: packs /.*libown\\.so: needed by tool \\[.*\\], through ${tool}( \\(${library}\\))?$`,
        ),
        expect.stringMatching('^BinaryLayer Stack/Layer: packs /.*share/text: included'),
        `BinaryLayer Stack/Layer: leaves out ${project}/share/secret: not world-readable`,
      ]),
    );
    expect(said.at(-1)).toMatch(/ zipped\) in \d+\.\d s$/);
  });

  test('prints the same if nothing has changed', () => {
    synth(place, { binary: tool, verbose: true });
    const first = lines().slice(0, -1); // the last line is the summary of the layer
    place.stderr = '';
    synth(place, { binary: tool, verbose: true });
    expect(lines()).toEqual(first);
  });

  test('is turned on by BINARY_LAYER_VERBOSE=1 for layers that do not set it', () => {
    process.env.BINARY_LAYER_VERBOSE = '1';
    synth(place, { binary: tool });
    expect(place.stderr).toContain(': packs ');
    place.stderr = '';
    synth(place, { binary: tool, verbose: false });
    expect(place.stderr).toBe('');
  });

  test('prints one line for each file, whatever its name', () => {
    const share = path.join(project, 'odd');
    fs.mkdirSync(share);
    fs.writeFileSync(path.join(share, 'two\nlines\x1b[2J'), '');
    synth(place, { binary: tool, include: [share], verbose: true });
    expect(place.stderr).toContain('odd/two\\x0alines\\x1b[2J: included');
  });
});
