/**
 * The cache directory: its mode, its owner, and synthesis without it.
 */
import * as fs from 'fs';
import * as path from 'path';
import { PACKED, sha256, smallLayers } from './small-layer';

const { place, synthesize, kept } = smallLayers();

describe('the cache directory', () => {
  test('and everything in it has mode 0700, whatever the umask', () => {
    const umask = process.umask(0);
    try {
      place.cache = process.env.XDG_CACHE_HOME = path.join(place.cache, 'new');
      synthesize();
    } finally {
      process.umask(umask);
    }
    const directories = ['', 'cdk-binary-layer', 'cdk-binary-layer/zip', 'cdk-binary-layer/fingerprint'];
    expect(directories.map((name) => fs.statSync(path.join(place.cache, name)).mode & 0o777)).toEqual([0o700, 0o700, 0o700, 0o700]);
  });

  test('is not used if other users can read it', () => {
    synthesize();
    fs.chmodSync(path.join(place.cache, 'cdk-binary-layer'), 0o777);
    synthesize({ rename: { tool: 'closed' } });
    expect(fs.statSync(path.join(place.cache, 'cdk-binary-layer')).mode & 0o777).toBe(0o700);
  });

  const asRoot = process.geteuid?.() === 0 ? test : test.skip;

  asRoot.each(['cdk-binary-layer', 'cdk-binary-layer/zip/ZIP'])('is not trusted where another user owns %s', (what) => {
    const first = synthesize();
    fs.chownSync(path.join(place.cache, what.replace('ZIP', path.basename(kept()[0]))), 12345, 12345);
    const second = synthesize();
    expect(place.stderr).toContain(PACKED);
    expect(sha256(second)).toBe(sha256(first));
    expect(fs.statSync(second).uid).toBe(0);
  });

  test('is not needed: if it cannot be written, each App packs its layers', () => {
    process.env.XDG_CACHE_HOME = '/dev/null';
    synthesize();
    const file = synthesize();
    expect(place.stderr).toContain(PACKED);
    synthesize({}, path.dirname(file));
    expect(place.stderr).toBe('');
  });

  test.each(['', '{', 'null', '{"bytes":1,"sha256":"00","stamps":[]}', '{"bytes":"1"}'])(
    'may contain %j as the record of a zip without harm',
    (text) => {
      const first = synthesize();
      const [zip] = kept();
      fs.writeFileSync(zip.replace(/\.zip$/, '.json'), text);
      const second = synthesize();
      expect(sha256(second)).toBe(sha256(first));
      synthesize();
      expect(place.stderr).toBe('');
    },
  );
});
