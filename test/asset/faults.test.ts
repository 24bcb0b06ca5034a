/**
 * Output directories and caches that cannot be written: the error, and the files that are left.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { noise, temporaryDirectory } from '../fixture';
import { PACKED, smallLayers } from './small-layer';

const { root, place, synthesize, kept } = smallLayers();

const mounted: string[] = [];
afterEach(() => {
  while (mounted.length > 0) execFileSync('umount', [mounted.pop()!]);
});

/** A separate file system of 1 MB. */
function smallFileSystem(...options: string[]): string {
  const at = temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', ['size=1m', 'mode=0755', ...options].join(','), 'tmpfs', at]);
  mounted.push(at);
  return at;
}

/** 2 MB that cannot be compressed. */
function largeLayer() {
  root().write({ '/usr/share/large': noise(2e6, 1) });
  return { include: ['/usr/share/large'] };
}

(process.geteuid?.() === 0 ? describe : describe.skip)('output directories and caches that cannot be written', () => {
  test('a full disk under cdk.out is an error that names the file and the remedy, and leaves no partial asset', () => {
    const outdir = path.join(smallFileSystem(), 'cdk.out');
    expect(() => synthesize(largeLayer(), outdir)).toThrow(
      new RegExp(
        `^BinaryLayer Stack/Layer: packing failed, nothing was written: cannot write ${outdir}/asset\\.\\S+: no space is left on the ` +
          'device \\(ENOSPC\\)\n',
      ),
    );
    expect(fs.readdirSync(outdir)).toEqual([]);
    expect(kept()).toEqual([]);
  });

  test('a read-only cdk.out is an error that names the file and the remedy', () => {
    const at = smallFileSystem();
    fs.mkdirSync(path.join(at, 'cdk.out'));
    execFileSync('mount', ['-o', 'remount,ro', at]);
    expect(() => synthesize({}, path.join(at, 'cdk.out'))).toThrow(
      /cannot write \S+\/cdk\.out\/asset\.\S+: the file system is read-only \(EROFS\)\n {2}choose/,
    );
  });

  test('a full disk does not remove the zip from the cache, and only the output directory is reported', () => {
    const layer = largeLayer();
    synthesize(layer);
    expect(() => synthesize(layer, path.join(smallFileSystem(), 'cdk.out'))).toThrow('(ENOSPC)');
    synthesize(layer);
    expect(place.stderr).toBe('');
  });

  test.each(['full', 'read-only'])('a cache that is %s does not fail synthesis, and no zip from it is used', (what) => {
    const layer = largeLayer();
    const at = smallFileSystem();
    if (what === 'read-only') execFileSync('mount', ['-o', 'remount,ro', at]);
    process.env.XDG_CACHE_HOME = at;
    const zip = synthesize(layer);
    expect(place.stderr).toContain(PACKED);
    expect(execFileSync('unzip', ['-tq', zip], { encoding: 'utf8' })).toContain('No errors detected');
    expect(fs.readdirSync(at, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.zip'))).toEqual([]);
    synthesize(layer, path.dirname(zip));
    expect(place.stderr).toBe('');
  });
});
