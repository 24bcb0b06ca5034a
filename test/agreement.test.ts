import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { agreement, reportOf } from './conformance/loader';
import { Fixture, temporaryDirectory } from './fixture';
import { resolve } from './loader/agree';

/** The script compares the resolver with the machine's own loader, file by file. */
const SCRIPT = path.join(__dirname, 'agreement.ts');

const reportFor = async (directory: string) => reportOf(await agreement('/', [directory])).join('\n');

function run(directory: string) {
  const { status, stdout } = spawnSync(process.execPath, ['-r', 'ts-node/register/transpile-only', SCRIPT, directory], {
    cwd: path.join(__dirname, '..'),
    encoding: 'utf8',
  });
  return { status, stdout };
}

test.each(['/usr/sbin', '/usr/lib/git-core'])('resolver and loader find the same libraries for every file below %s', async (directory) => {
  const report = await reportFor(directory);
  expect(report).toMatch(/^[1-9]\d* files: \d+ agree\b/);
  expect(report).not.toContain('differs');
});

describe('the agreement script', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture(temporaryDirectory());
  });

  test('reports agreement if resolver and loader miss the same library', () => {
    fixture.program('/prog', { needs: ['libno-such-library.so.1'] });
    expect(run(fixture.directory)).toEqual({ status: 0, stdout: '1 files: 1 agree that a library is missing\n' });
  });

  test('reports agreement if resolver and loader reject the same library', async () => {
    fixture.write({ '/broken/libx.so': 'no library'.repeat(10) });
    fixture.program('/bin/prog', { needs: ['libx.so'], runpath: '$ORIGIN/../broken' });
    expect(await reportFor(`${fixture.directory}/bin`)).toBe('1 files: 1 agree that a library cannot be loaded');
  });

  test('reports each difference, and exits with an error', () => {
    fixture.library('/lib/libx.so', { soname: '' });
    fs.linkSync(fixture.locate('/lib/libx.so'), fixture.locate('/lib/liby.so')); // see the exception to rule 1 in loader/search.test.ts
    fixture.program('/bin/prog', { needs: ['libx.so', 'liby.so'], runpath: '$ORIGIN/../lib' });
    const { status, stdout } = run(`${fixture.directory}/bin`);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^\/.*\/bin\/prog\n {2}loader: .*\n {2}resolver: .*\n1 files: 1 differs\n$/s);
  });
});

test('the loader reports a relative path as requested, the resolver an absolute path in the root: not a difference', () => {
  const fixture = new Fixture(temporaryDirectory()).debian();
  fixture.library('/a/libx.so', { soname: '' });
  fixture.program('/usr/bin/prog', { needs: ['a/libx.so'] });
  expect(fixture.list('/usr/bin/prog')).toEqual(['a/libx.so']);
  expect(resolve(fixture, '/usr/bin/prog').objects[1].path).toBe('/a/libx.so');
});
