/**
 * Interpreters of this machine, packed with nothing said, where the host has its own modules at the usual places: they
 * read none of these.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { temporaryDirectory } from '../fixture';
import { written } from '../plan/make';
import { request } from '../plan/request';

const SANDBOX = path.join(__dirname, '..', 'sandbox.sh');

function layerOf(binary: string): Promise<string> {
  return written(planLayer(new DirectoryRoot('/'), request(binary, { detectData: true })));
}

/** Runs a command like Lambda on this machine's root. Returns the lines that it prints. */
function sandbox(opt: string, command: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(SANDBOX, [opt, temporaryDirectory(), ...command], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim().split('\n');
}

/** Expects that each line is a path of the layer. */
function areOfTheLayer(lines: readonly string[], least: number): void {
  expect(lines.length).toBeGreaterThanOrEqual(least);
  expect(lines.filter((line) => !line.startsWith('/opt/'))).toEqual([]);
}

describe('Perl in a layer', () => {
  let opt: string;
  beforeAll(async () => {
    opt = await layerOf('perl');
  });

  test('loads its modules from the layer, compiled modules and Unicode tables included', () => {
    const loaded = sandbox(opt, [
      '/opt/bin/perl',
      '-MPOSIX',
      '-MData::Dumper',
      '-MEncode',
      '-Mutf8',
      '-e',
      '"\\x{e4}" =~ /\\p{Lu}/i; print join "\\n", values %INC',
    ]);
    areOfTheLayer(loaded, 10);
    for (const module of ['POSIX.pm', 'Data/Dumper.pm', 'Encode.pm']) expect(loaded.some((file) => file.endsWith(`/${module}`))).toBe(true);
    const mapped = sandbox(opt, [
      '/opt/bin/perl',
      '-MPOSIX',
      '-MEncode',
      '-ne',
      'print "$1\\n" if m{\\s(/\\S+\\.so[.0-9]*)$}',
      '/proc/self/maps',
    ]);
    areOfTheLayer(mapped, 5);
    expect(mapped.some((file) => file.endsWith('/POSIX.so'))).toBe(true);
  });

  test('does not find modules that only the host has', () => {
    areOfTheLayer(sandbox(opt, ['/opt/bin/perl', '-e', 'print join "\\n", grep { -e } @INC']), 1);
  });
});

describe('Python in a layer', () => {
  let opt: string;
  beforeAll(async () => {
    opt = await layerOf('python3');
  });

  test('loads its modules from the layer, compiled modules included', () => {
    const script =
      'import json, ssl, sys, sqlite3, encodings.idna, unicodedata\nfor m in list(sys.modules.values()):\n f = getattr(m, ' +
      '"__file__", None)\n if f: print(f)';
    const loaded = sandbox(opt, ['/opt/bin/python3', '-B', '-c', script]);
    areOfTheLayer(loaded, 30);
    const mapped = sandbox(opt, [
      '/opt/bin/python3',
      '-c',
      `${script.split('\n')[0]}\nfor line in open("/proc/self/maps"):\n f = line.split()[5:]\n if f and ".so" in f[0]: print(f[0])`,
    ]);
    areOfTheLayer(mapped, 5);
    expect(mapped.some((file) => /\/_ssl\.[^/]*\.so$/.test(file))).toBe(true);
  });

  test('has the layer\'s search path and prefix, and what the environment adds', () => {
    const lines = sandbox(opt, [
      '/opt/bin/python3',
      '-c',
      'import os, sys\nfor p in sys.path + [sys.prefix, sys.exec_prefix]:\n if p and os.path.exists(p): print(p)',
    ]);
    areOfTheLayer(lines.filter((line) => line !== '/var/runtime'), 3);
  });

  test('uses the packed bytecode, and compiles nothing again', () => {
    const script = 'import json, sys\nprint(json.__cached__)\nprint(json.__spec__.loader.get_code("json") is not None)';
    const { stdout, stderr } = spawnSync(SANDBOX, [opt, temporaryDirectory(), '/opt/bin/python3', '-v', '-c', script], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^\/opt\/.*\/json\/__pycache__\/__init__\.cpython-\d+\.pyc$/m);
    expect(stderr).toMatch(/code object from '\/opt\/[^']*\/json\/__pycache__\/__init__\.cpython-\d+\.pyc'/);
    expect(stderr).not.toMatch(/could not create '[^']*\/(?:json|encodings)\/|bytecode is stale/);
  });

  test('has the licences of the packed files', () => {
    const [key] = fs.readdirSync(path.join(opt, 'elf'));
    expect(fs.existsSync(path.join(opt, 'elf', key, 'usr/share/doc/python3/copyright'))).toBe(true);
  });
});
