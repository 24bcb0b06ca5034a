import * as fs from 'fs';
import * as path from 'path';
import { workloadFiles, SlimRoot } from './slimmed';
import type { BinaryLayerProps } from '../../lib';
import { BinarySource } from '../../lib';
import { workloadOf } from '../../lib/request';
import { temporaryDirectory } from '../fixture';
import { freshPlaces, synth, zips } from '../synth';

const place = freshPlaces();

function fixture(): SlimRoot {
  const root = new SlimRoot();
  root.shared('libused.so', 'int used(void) { return 0; }');
  root.shared('libunused.so', 'int unused(void) { return 1; }');
  root.tool('tool', `
    #include <stdio.h>
    int used(void); int unused(void);
    int main(int count, char **argv) {
      FILE *file = count > 1 ? fopen(argv[1], "r") : NULL;
      return file && fgetc(file) == 'u' ? unused() - 1 : used();
    }`, ['libused.so', 'libunused.so']);
  return root;
}

describe('a construct with a workload', () => {
  const root = fixture();
  const props = (more: Partial<BinaryLayerProps> = {}): BinaryLayerProps => (
    { binary: 'tool', source: BinarySource.directory(root.directory), detectData: true, workload: ['tool in'], ...more });

  test('prints what it saves, and runs no commands in an unchanged synth', () => {
    synth(place, props());
    expect(place.stderr).toMatch(
      /^BinaryLayer Stack\/Layer: tool: \d+ of \d+ libraries, [\d.]+ MB instead of [\d.]+ MB \([\d.]+ MB zipped\) in/,
    );
    const [zip] = zips(place);
    place.stderr = '';
    process.env.PATH = '/nowhere';
    synth(place, props());
    expect(place.stderr).toBe('');
    expect(zips(place)).toEqual([zip]);
  });

  test('runs the commands again if a workload file has other content, but not if it has another time', () => {
    const files = workloadFiles({ in: 'other' });
    synth(place, props({ workloadFiles: files }));
    const before = zips(place);
    fs.utimesSync(path.join(files, 'in'), 1, 1);
    const tools = process.env.PATH;
    process.env.PATH = '/nowhere';
    synth(place, props({ workloadFiles: files }));
    expect(zips(place)).toEqual(before);
    process.env.PATH = tools;
    fs.writeFileSync(path.join(files, 'in'), 'u');
    synth(place, props({ workloadFiles: files }));
    expect(zips(place)).toHaveLength(2);
  });

  test('needs no commands if there is a lock, even on another machine', () => {
    const workloadLock = path.join(temporaryDirectory(), 'tool.lock.json');
    synth(place, props({ workloadLock }));
    const [zip] = zips(place);
    const bytes = fs.readFileSync(zip);
    fs.rmSync(place.outdir, { recursive: true });
    Object.assign(process.env, { PATH: path.dirname(process.execPath), XDG_CACHE_HOME: temporaryDirectory() });
    synth(place, props({ workloadLock }));
    expect(fs.readFileSync(zip).equals(bytes)).toBe(true);
    fs.writeFileSync(workloadLock, fs.readFileSync(workloadLock, 'utf8').replace('"x86_64"', '"aarch64"'));
    expect(() => synth(place, props({ workloadLock }))).toThrow('does not fit: it is for aarch64, expected x86_64');
  });
});

describe('a workload option', () => {
  test('is an error without workload', () => {
    expect(() => workloadOf({ workload: [] })).toThrow('workload is empty: expected at least one command line');
    expect(() => workloadOf({ workload: [' '] })).toThrow('a command of workload is empty');
    expect(() => workloadOf({ workloadFiles: '.' })).toThrow('workloadFiles is set, and workload is not');
    expect(() => workloadOf({ keep: ['libx*'] })).toThrow('keep is set, and workload is not');
    expect(() => workloadOf({ workloadLock: 'lock.json' })).toThrow('workloadLock is set, and workload is not');
    expect(workloadOf({ keep: [] })).toBeUndefined();
  });

  test('is an error if it does not name a directory of files', () => {
    expect(() => workloadOf({ workload: ['tool'], workloadFiles: '/nowhere' })).toThrow('workloadFiles \'/nowhere\' is not a directory');
  });
});
