import { readdirSync, readFileSync } from 'fs';
import * as path from 'path';
import { binaryLayer } from './command';
import { program } from '../../lib/cli/command-line';
import { temporaryDirectory } from '../fixture';

/** What `binary-layer help COMMAND` prints, without a process for each. */
function helpOf(command: string): string {
  let printed = '';
  const whole = program();
  whole.configureOutput({ writeOut: (text) => printed += text, getOutHelpWidth: () => 80 });
  for (const one of whole.commands) one.copyInheritedSettings(whole);
  expect(() => whole.parse(['help', command], { from: 'user' })).toThrow('(outputHelp)');
  return printed;
}

test('the command works without a place for a cache', () => {
  const env = { XDG_CACHE_HOME: undefined, HOME: 'relative', TMPDIR: '/proc' };
  const { status, stderr } = binaryLayer(['tree', '/usr/bin/true'], { env });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('the code of a command is kept when the command has succeeded, but not when it fails or prints help', () => {
  const cache = temporaryDirectory();
  const kept = () => readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) => /\/code\/[0-9a-f]+$/.test(name));
  for (const [args, count] of [[['--help'], 0], [['/usr/bin/none'], 0], [['/usr/bin/true'], 1]] as const) {
    binaryLayer(['tree', ...args], { env: { XDG_CACHE_HOME: cache } });
    expect(kept()).toHaveLength(count);
  }
});

describe('the command', () => {
  test('prints help for itself and each subcommand, with examples', () => {
    const { status, stdout, stderr } = binaryLayer(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const commands = [...stdout.matchAll(/^ {2}(\w+) .*[[<]/gm)].map(([, name]) => name);
    expect(commands).toEqual(expect.arrayContaining(['tree', 'build', 'run', 'completion']));
    for (const command of commands.filter((name) => name !== 'help')) {
      const help = binaryLayer([command, '--help']);
      expect(help.status).toBe(0);
      expect(help.stdout).toMatch(new RegExp(`^Usage: binary-layer ${command} .*^Examples:\\n {2}\\$ .*binary-layer ${command} `, 'ms'));
      expect(helpOf(command)).toBe(help.stdout);
    }
  });

  test('prints its help when it has no arguments', () => {
    expect(binaryLayer([])).toEqual(binaryLayer(['--help']));
  });

  test('prints its version', () => {
    const { version } = JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string };
    expect(binaryLayer(['--version'])).toEqual({ status: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    [['bulid'], "unknown command 'bulid'\n(Did you mean build?)"],
    [['tree', 'rig', '--jsn'], "unknown option '--jsn'\n(Did you mean --json?)"],
    [['tree'], "missing required argument 'program'"],
    [
      ['tree', 'rig', '--arch', 'sparc'],
      "option '--arch <machine>' argument 'sparc' is invalid. Allowed choices are x86_64, arm64, aarch64.",
    ],
    [
      ['tree', 'rig', '--source', 'directroy:/'],
      "unknown source 'directroy:/': did you mean directory:PATH?\n  known: host, directory:PATH",
    ],
    [['tree', 'rig', '--source', './root'], "unknown source './root'; a directory is directory:./root\n  known: host, directory:PATH"],
    [['tree', 'rig', '--source', 'directory'], "source 'directory': expected directory:PATH"],
    [['build', 'rig', '--rename', 'rig'], '--rename rig: expected PROGRAM=NAME'],
    [['build', 'rig', '--test-timeout', 'soon'], '--test-timeout soon: expected a number of seconds greater than 0'],
    [
      ['build', 'rig', '--from-trace', 'x', '--trace', 'rig'],
      "option '--from-trace <file>' cannot be used with option '--trace <command>'",
    ],
    [['build', 'rig', '--from-trace', '-', '--from-list', '-'], '--from-trace and --from-list cannot both read standard input'],
    [['build', 'rig', '--from-trace', 'no-such'], '--from-trace no-such does not exist, expected a log of strace'],
    [['build', 'rig', '--from-trace', '/'], '--from-trace / is a directory, expected a log of strace'],
    [
      ['build', 'rig', '--from-list', '/etc/passwd/x'],
      '--from-list /etc/passwd/x does not exist, expected a list of files, one name per line',
    ],
    [
      ['tree', 'rig', '--source', 'apt:rig', '--apt-sources', '/'],
      '--apt-sources / is a directory, expected a file as in /etc/apt/sources.list.d',
    ],
    [['tree', 'rig', '--recommends'], '--recommends requires --source apt:PACKAGE,PACKAGE…, and the source is host'],
    [['run', 'no-such.zip', 'rig'], 'no-such.zip does not exist, expected the zip of a layer, or a directory'],
    [['inspect', 'no-such.zip'], 'no-such.zip does not exist, expected the zip of a layer'],
    [['inspect', '.'], '. is a directory, expected the zip of a layer'],
    [['run', '/', '--task', '/no-such', 'rig'], '--task /no-such: expected a directory'],
    [['run', '/', '--env', 'NAME', 'rig'], '--env NAME: expected NAME=VALUE'],
    [['completion', 'csh'], "value 'csh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish."],
  ])('rejects %j with exit code 2, and suggests the nearest valid name', (args, message) => {
    const { status, stdout, stderr } = binaryLayer(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^binary-layer: /);
    expect(stderr).toContain(message);
  });

  test('reports what is expected if the name of a program is empty', () => {
    expect(binaryLayer(['tree', ''])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: "binary-layer: binary '': the name is empty, expected a command on PATH or the path of a program\n",
    });
  });

  test('adds the option\'s name to a message that names a property of the construct', () => {
    const empty = temporaryDirectory();
    expect(binaryLayer(['tree', 'rig', '--source', 'apt:rig'], { env: { PATH: empty, XDG_CACHE_HOME: empty } }).stderr).toMatch(
      /^binary-layer: source apt \(rig; .*, with maintainerScripts: false\n {2}\(on the command line, maintainerScripts: false is --no-maintainer-scripts\)\n$/,
    );
    expect(binaryLayer(['build', 'rig', '--test', 'rig'], { env: { PATH: '/usr/games' } }).stderr).toMatch(
      /^binary-layer: testCommand requires .*\n {2}\(on the command line, testCommand is --test\)\n$/,
    );
    expect(binaryLayer(['build', 'rig', '/usr/bin/rig'], { cwd: empty }).stderr).toMatch(
      / for example rename: .*\n {2}\(on the command line, rename is --rename PROGRAM=NAME\)\n$/,
    );
  });

  test('reports an error with exit code 1, without a stack trace', () => {
    const { status, stdout, stderr } = binaryLayer(['tree', 'no-such-command'], { env: { PATH: '/usr/bin' } });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^binary-layer: binary 'no-such-command': no such command on PATH\n {2}searched: \/usr\/bin\n {2}install .*\n$/);
  });
});
