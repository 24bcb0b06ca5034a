/**
 * Text from files in every message, report and output that can contain it. None may control the terminal or forge a line.
 */
import * as fs from 'fs';
import { findProgram } from '../../lib/closure/find';
import { load } from '../../lib/closure/program';
import { checkVersions } from '../../lib/closure/versions';
import type { Elf } from '../../lib/elf';
import { LayerError } from '../../lib/error';
import { settingOf } from '../../lib/loader/setting';
import { report } from '../../lib/plan/report';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { printableJson } from '../../lib/text/printable';
import { readZip } from '../../lib/zip/reader';
import { binaryLayer } from '../cli/command';
import { LIB, libraryWith, Packaged, programWith } from '../collect/packaged';
import { elfFile, type Fixture } from '../fixture';
import { plan } from '../plan/make';
import { LINK, rawZip } from '../zip/raw-zip';

/** ESC, CSI as one character (C1), a bidirectional override, and a forged line. */
const HOSTILE = 'x\x1b[2J\x9b31m\u202e\nforged line';
const ESCAPED = 'x\\x1b[2J\\x9b31m\\u202e\\x0aforged line';

const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

function expectEscaped(text: string): void {
  expect(text).toContain(ESCAPED);
  expect(text).not.toMatch(CONTROLS);
  expect(text).not.toMatch(/^forged/m);
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(LayerError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

const LOADER = '/lib64/ld-linux-x86-64.so.2';

function closureOf(fixture: Fixture, program: string) {
  const root = new DirectoryRoot(fixture.directory);
  return load(root.real(program)!, root.content(root.real(program)!).elf as Elf, settingOf(root, 'x86_64'));
}

describe('an error escapes', () => {
  let root: Packaged;
  beforeEach(() => {
    root = new Packaged();
  });

  const find = (binary: string, searchPath = ['/usr/bin']) => findProgram(new DirectoryRoot(root.directory), binary, searchPath, '/');

  test('a DT_NEEDED entry', () => {
    root.write({ '/usr/bin/tool': elfFile({ interpreter: LOADER, needed: [HOSTILE] }) });
    expectEscaped(messageOf(() => closureOf(root, '/usr/bin/tool')));
  });

  test('the name of a library in the chain that leads to a missing one', () => {
    root.write({
      '/usr/bin/tool': elfFile({ interpreter: LOADER, needed: [HOSTILE] }),
      [`${LIB}/${HOSTILE}`]: elfFile({ soname: HOSTILE, needed: ['libgone.so'] }),
    });
    expectEscaped(messageOf(() => closureOf(root, '/usr/bin/tool')));
  });

  test('a directory of DT_RUNPATH that was searched', () => {
    root.write({ '/usr/bin/tool': elfFile({ interpreter: LOADER, needed: ['libgone.so'], runpath: `/opt/${HOSTILE}` }) });
    expectEscaped(messageOf(() => closureOf(root, '/usr/bin/tool')));
  });

  test('a PT_INTERP', () => {
    root.write({ '/usr/bin/tool': elfFile({ interpreter: `/lib/${HOSTILE}` }) });
    expectEscaped(messageOf(() => closureOf(root, '/usr/bin/tool')));
  });

  test('the name of a file that is not a library', () => {
    root.write({ '/usr/bin/tool': elfFile({ interpreter: LOADER, needed: [HOSTILE] }), [`${LIB}/${HOSTILE}`]: '' });
    expectEscaped(messageOf(() => closureOf(root, '/usr/bin/tool')));
  });

  test('a symbol version', () => {
    const object = (path: string, dynamic: object) => ({
      path,
      real: path,
      name: path,
      reason: 'asked for',
      elf: { dynamic } as unknown as Elf,
    });
    const objects = [
      object('/usr/bin/tool', { versionNeeds: [{ file: 'liba.so', versions: [{ name: HOSTILE, weak: false }] }] }),
      object('liba.so', { soname: 'liba.so', hasVersionDefinitions: true, versionDefinitions: [] }),
    ];
    expectEscaped(messageOf(() => checkVersions(objects)));
  });

  test('the interpreter in a #! line', () => {
    const [line] = HOSTILE.split('\n');
    root.write({ '/usr/bin/tool': `#!/opt/${line}\n` });
    const message = messageOf(() => find('/usr/bin/tool'));
    expect(message).toContain('/opt/x\\x1b[2J');
    expect(message).not.toMatch(CONTROLS);
  });

  test('the name of a program, and the name that is suggested instead', () => {
    root.write({ [`/usr/bin/${HOSTILE}`]: 'text' });
    expectEscaped(messageOf(() => find(`/usr/bin/${HOSTILE}`)));
    fs.chmodSync(root.locate(`/usr/bin/${HOSTILE}`), 0o755);
    expectEscaped(messageOf(() => find(HOSTILE.replace('forged', 'forgd'))));
  });

  test('a directory on the search path', () => {
    expectEscaped(messageOf(() => find('tool', [`/opt/${HOSTILE}`])));
  });

  test('a library that is not world-readable', () => {
    root.install('tool', {
      '/usr/bin/tool': elfFile({ interpreter: LOADER, needed: [HOSTILE] }),
      [`${LIB}/${HOSTILE}`]: libraryWith(HOSTILE, 'x'),
    });
    fs.chmodSync(root.locate(`${LIB}/${HOSTILE}`), 0o640);
    expectEscaped(messageOf(() => plan(root, 'tool')));
  });

  test('the name of a zip entry, and the target of a link', () => {
    expectEscaped(messageOf(() => readZip(rawZip([{ name: `../${HOSTILE}`, content: 'x' }]))));
    expect(messageOf(() => readZip(rawZip([{ name: 'bin/a', mode: LINK, content: `/${HOSTILE}` }])))).not.toMatch(CONTROLS);
  });

  test('text that a message contains without escaping it, except line breaks', () => {
    expect(new LayerError('a\x1b[2J\nb\u202e').message).toBe('a\\x1b[2J\nb\\u202e');
  });
});

describe('an output escapes', () => {
  let root: Packaged;
  beforeEach(() => {
    root = new Packaged();
    root.install('tool', { '/usr/bin/tool': programWith('', [HOSTILE]), [`${LIB}/${HOSTILE}`]: libraryWith(HOSTILE) });
  });

  const tree = (...options: string[]) => binaryLayer(['tree', 'tool', '--source', `directory:${root.directory}`, ...options]);

  test('the names of libraries in a tree', () => {
    expectEscaped(tree().stdout);
  });

  test('the names of libraries that are missing from a tree', () => {
    fs.rmSync(root.locate(`${LIB}/${HOSTILE}`));
    expectEscaped(tree().stdout);
  });

  test('the name and the version of a package in a tree', () => {
    root.install('odd\x1b[2J\u202e', { '/usr/bin/tool': [] });
    expect(tree().stdout).not.toMatch(CONTROLS);
  });

  test('the same names in JSON, which can be parsed back to the real names', () => {
    const { stdout } = tree('--json');
    expect(stdout).not.toMatch(CONTROLS);
    expect(JSON.parse(stdout).objects[1].name).toBe(HOSTILE);
  });

  test('the names of files in the report of what is packed and skipped', () => {
    root.write({ [`/srv/data/${HOSTILE}`]: 'x' });
    expectEscaped(report(plan(root, 'tool', { include: ['/srv/data'] })).join('\n'));
  });

  test('any value as JSON', () => {
    const value = { [HOSTILE]: [HOSTILE, 'a\tb\\u001b'] };
    expect(printableJson(value)).not.toMatch(CONTROLS);
    expect(JSON.parse(printableJson(value))).toEqual(value);
  });
});
