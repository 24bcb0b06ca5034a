import * as fs from 'fs';
import * as path from 'path';
import { slim, SlimRoot, workloadFiles } from './slimmed';
import { LIB } from '../collect/packaged';
import { temporaryDirectory } from '../fixture';

function two(): SlimRoot {
  const root = new SlimRoot();
  root.shared('libone.so', 'int one(void) { return 1; }');
  root.shared('libtwo.so', 'int two(void) { return 2; }');
  root.tool(
    'tool',
    `
    #include <stdio.h>
    int one(void); int two(void);
    int main(int count, char **argv) { return (count > 1 ? two() : one()) == 0 || !fopen("/usr/share/tool/data", "r"); }`,
    ['libone.so', 'libtwo.so'],
  );
  root.tool('other', 'int main(void) { return 0; }');
  root.install(
    'tool',
    { '/usr/bin/tool': [], '/usr/share/tool/data': 'data', '/usr/share/tool/more': 'more' },
    { Version: '1.0', Depends: 'libone' },
  );
  root.install('libone', { [`${LIB}/libone.so`]: [] }, { Version: '1.1' });
  return root;
}

describe('a lock', () => {
  let root: SlimRoot;
  let lock: string;
  beforeEach(() => {
    root = two();
    lock = path.join(temporaryDirectory(), 'tool.lock.json');
  });

  const text = () => fs.readFileSync(lock, 'utf8');
  const refusal = (more: Parameters<typeof slim>[3] = {}, commands = ['tool'], binary = 'tool') => {
    try {
      slim(root, binary, commands, { lock, ...more });
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  const edit = (changes: object) => fs.writeFileSync(lock, JSON.stringify({ ...JSON.parse(text()), ...changes }));

  test('is written if there is none, and makes the same layer without running anything', () => {
    const first = slim(root, 'tool', ['tool'], { lock });
    const tools = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      const again = slim(root, 'tool', ['tool'], { lock });
      expect(again.told).toEqual([]);
      expect(again.plan.fingerprint).toBe(first.plan.fingerprint);
    } finally {
      process.env.PATH = tools;
    }
  });

  test('is the same for the same content in another directory', () => {
    slim(root, 'tool', ['tool'], { lock });
    const before = text();
    fs.rmSync(lock);
    root = two();
    slim(root, 'tool', ['tool'], { lock });
    expect(text()).toBe(before);
  });

  test('lists the used files, sorted, and the versions of their packages', () => {
    slim(root, 'tool', ['tool'], { lock });
    const { files, packages, machine, programs } = JSON.parse(text());
    expect({ machine, programs, packages }).toEqual({ machine: 'x86_64', programs: ['tool'], packages: { libone: '1.1', tool: '1.0' } });
    expect(files).toEqual(expect.arrayContaining([`${LIB}/libone.so`, '/usr/share/tool/data']));
    expect(files).not.toContain(`${LIB}/libtwo.so`);
    expect(files).toEqual([...files].sort());
  });

  test('still matches if only a library that is a stub has changed', () => {
    slim(root, 'tool', ['tool'], { lock });
    root.shared('libtwo.so', 'int two(void) { return 22; }');
    expect(refusal()).toBeUndefined();
  });

  test('does not match if a used file has changed, and the error names its package', () => {
    slim(root, 'tool', ['tool'], { lock });
    root.shared('libone.so', 'int one(void) { return 11; }');
    expect(refusal()).toContain(
      `workloadLock ${lock} does not fit: files that the workload uses have changed\n  renew it: run binary-layer slim`,
    );
    root.install('libone', { [`${LIB}/libone.so`]: [] }, { Version: '1.2' });
    expect(refusal()).toContain('does not fit: the source has libone 1.2, but the lock has 1.1');
  });

  test('does not match another program, architecture, workload or RULES_VERSION, or a source without its files', () => {
    slim(root, 'tool', ['tool'], { lock });
    const right = text();
    expect(refusal({}, ['other'], 'other')).toContain('it is for tool, expected other');
    expect(refusal({}, ['tool 2'])).toContain('the workload has changed');
    expect(refusal({ files: workloadFiles({ a: '' }) })).toContain('the workload has changed');
    edit({ machine: 'aarch64' });
    expect(refusal()).toContain('it is for aarch64, expected x86_64');
    edit({ machine: 'x86_64', rules: 1 });
    expect(refusal()).toContain('another version of cdk-binary-layer wrote it');
    fs.writeFileSync(lock, right);
    edit({ files: ['/usr/share/tool/gone'] });
    expect(refusal()).toContain('the source does not have /usr/share/tool/gone');
  });

  test('that is not JSON, or not a lock, is an error', () => {
    fs.writeFileSync(lock, '{');
    expect(refusal()).toContain('it is not JSON');
    fs.writeFileSync(lock, '{}');
    expect(refusal()).toContain('it is not a lock of version 1');
  });

  test('is renewed on request', () => {
    slim(root, 'tool', ['tool'], { lock });
    expect(slim(root, 'tool', ['tool 2'], { lock }, { renewsLock: true }).stubs).toEqual([`${LIB}/libone.so`]);
    expect(refusal({}, ['tool 2'])).toBeUndefined();
  });
});
