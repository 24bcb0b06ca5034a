/**
 * The cache of packed zips: when they are used or rejected, and when an asset in cdk.out is kept.
 */
import * as fs from 'fs';
import * as path from 'path';
import { EXIT, noise, temporaryDirectory } from '../fixture';
import { SmallRoot } from '../small-root';
import { privateTemporaryDirectory } from '../synth';
import { PACKED, sha256, smallLayers } from './small-layer';

const { root, place, synthesize, kept } = smallLayers();

/** Changes one byte in the middle of a file, in place, and puts its times back. */
function corrupt(file: string): void {
  const { atime, mtime, size } = fs.statSync(file);
  const descriptor = fs.openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  fs.readSync(descriptor, byte, 0, 1, Math.floor(size / 2));
  byte[0] ^= 0xff;
  fs.writeSync(descriptor, byte, 0, 1, Math.floor(size / 2));
  fs.closeSync(descriptor);
  fs.utimesSync(file, atime, mtime);
}

describe('a second App with the same layer', () => {
  test('gets a hard link to the packed zip, and prints nothing', () => {
    const first = synthesize();
    expect(place.stderr).toContain(PACKED);
    const second = synthesize();
    expect(place.stderr).toBe('');
    expect(fs.statSync(second).ino).toBe(fs.statSync(first).ino);
    expect(fs.statSync(second).nlink).toBe(3);
    expect(path.basename(second)).toBe(path.basename(first));
  });

  test('gets a copy if its output directory is on another file system', () => {
    const first = synthesize();
    const elsewhere = fs.mkdtempSync('/dev/shm/binary-layer-');
    try {
      const second = synthesize({}, path.join(elsewhere, 'cdk.out'));
      expect(place.stderr).toBe('');
      expect(fs.statSync(second).dev).not.toBe(fs.statSync(first).dev);
      expect(sha256(second)).toBe(sha256(first));
      expect(fs.readdirSync(path.dirname(second)).filter((name) => name.includes('.zip'))).toHaveLength(1);
    } finally {
      fs.rmSync(elsewhere, { recursive: true });
    }
  });

  test('packs another layer, and the same layer with another test command', () => {
    const first = synthesize();
    const renamed = synthesize({ rename: { tool: 'other' } });
    expect(place.stderr).toContain('other and 0 libraries');
    const tried = synthesize({ testCommand: 'tool' });
    expect(place.stderr).toContain(PACKED);
    expect(new Set([first, renamed, tried].map((zip) => path.basename(zip))).size).toBe(3);
    synthesize({ testCommand: 'tool' });
    expect(place.stderr).toBe('');
  });

  test('packs again if the source has changed', () => {
    const changing = new SmallRoot();
    const first = synthesize({ source: changing.source });
    changing.compile('/usr/bin/tool', EXIT.replace('xor %edi, %edi', 'mov $7, %edi'), ['-nostdlib', '-static']);
    const second = synthesize({ source: changing.source });
    expect(place.stderr).toContain(PACKED);
    expect(path.basename(second)).not.toBe(path.basename(first));
  });

  test('leaves nothing in the temporary directory', () => {
    const temporary = privateTemporaryDirectory();
    synthesize();
    synthesize();
    expect(fs.readdirSync(temporary)).toEqual([]);
  });
});

describe('a damaged zip is packed again', () => {
  test.each<[string, (file: string) => void]>([
    ['is empty', (file) => fs.truncateSync(file)],
    ['was cut off', (file) => fs.truncateSync(file, fs.statSync(file).size - 1)],
    ['has one byte changed, and its old times', corrupt],
    ['was replaced by another one of the same length', (file) => {
      const length = fs.statSync(file).size;
      fs.rmSync(file);
      fs.writeFileSync(file, noise(length, 1));
    }],
    ['was replaced by a directory', (file) => {
      fs.rmSync(file);
      fs.mkdirSync(path.join(file, 'below'), { recursive: true });
    }],
    ['was replaced by a link that leads nowhere', (file) => {
      fs.rmSync(file);
      fs.symlinkSync('/no/where', file);
    }],
    ['was deleted', (file) => fs.rmSync(file)],
  ])('if the one in cdk.out and the one in the cache %s', (_, spoil) => {
    const file = synthesize();
    const expected = sha256(file);
    spoil(file);
    for (const one of kept().filter((zip) => sha256(zip) === expected)) spoil(one);
    expect(synthesize({}, path.dirname(file))).toBe(file);
    expect(place.stderr).toContain(PACKED);
    expect(fs.lstatSync(file).isFile()).toBe(true);
    expect(sha256(file)).toBe(expected);
    expect(kept().map(sha256)).toEqual([expected]);
  });

  test('but comes from the cache if only the one in cdk.out was deleted', () => {
    const file = synthesize();
    const expected = sha256(file);
    fs.rmSync(file);
    synthesize({}, path.dirname(file));
    expect(place.stderr).toBe('');
    expect(sha256(file)).toBe(expected);
  });

  test.each(['nothing', 'an empty directory', 'a directory with part of a zip'])('without a cache, with %s beside it', (what) => {
    const file = synthesize();
    const expected = sha256(file);
    fs.rmSync(file);
    fs.rmSync(place.cache, { recursive: true });
    const beside = file.replace(/\.zip$/, '');
    fs.rmSync(beside, { recursive: true, force: true });
    if (what !== 'nothing') fs.mkdirSync(beside);
    if (what.includes('part')) fs.writeFileSync(path.join(beside, 'layer.zip'), 'PK');
    synthesize({}, path.dirname(file));
    expect(sha256(file)).toBe(expected);
  });

  test('and in another App that shares the file, its next synth repairs it', () => {
    const [first, second] = [synthesize(), synthesize()];
    const expected = sha256(first);
    corrupt(second);
    expect(sha256(first)).not.toBe(expected);
    synthesize({}, path.dirname(first));
    synthesize({}, path.dirname(second));
    expect([first, second, ...kept()].map(sha256)).toEqual([expected, expected, expected]);
  });
});

describe('the size limit of cached zips', () => {
  const megabyte = (name: string) => {
    const file = path.join(temporaryDirectory(), name);
    fs.writeFileSync(file, noise(1e6, name.charCodeAt(0)));
    return file;
  };
  const layerWith = (name: string) => {
    root().write({ [`/usr/share/${name}`]: fs.readFileSync(megabyte(name)) });
    return { include: [`/usr/share/${name}`] };
  };

  test('removes the least recently used zips first', () => {
    process.env.BINARY_LAYER_CACHE_MB = '2.5';
    const [a, b, c] = ['a', 'b', 'c'].map(layerWith);
    synthesize(a);
    synthesize(b);
    const twoHoursAgo = Date.now() / 1000 - 2 * 3600;
    for (const zip of kept()) fs.utimesSync(zip.replace(/\.zip$/, '.json'), twoHoursAgo, twoHoursAgo);
    synthesize(a);
    expect(place.stderr).toBe('');
    synthesize(c);
    expect(kept()).toHaveLength(2);
    synthesize(a);
    expect(place.stderr).toBe('');
    synthesize(b);
    expect(place.stderr).toContain(PACKED);
  });

  test('of 0 keeps no zips, and an unchanged asset in cdk.out is still not packed again', () => {
    process.env.BINARY_LAYER_CACHE_MB = '0';
    const file = synthesize();
    expect(kept()).toEqual([]);
    synthesize({}, path.dirname(file));
    expect(place.stderr).toBe('');
    synthesize();
    expect(place.stderr).toContain(PACKED);
  });

  test('keeps no zip that is larger than the limit', () => {
    process.env.BINARY_LAYER_CACHE_MB = '0.5';
    synthesize(layerWith('d'));
    expect(kept()).toEqual([]);
  });

  test.each(['many', '-1', 'NaN'])('is an error if it is %j', (value) => {
    process.env.BINARY_LAYER_CACHE_MB = value;
    expect(() => synthesize()).toThrow(
      `BinaryLayer Stack/Layer: the environment variable BINARY_LAYER_CACHE_MB is '${value}', expected a number of megabytes, or 0 ` +
        'to keep no zips',
    );
  });
});
