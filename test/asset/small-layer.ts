/**
 * Layers with one small program, each synthesized into its own output directory, and the zips that the cache keeps of them.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import type { BinaryLayerProps } from '../../lib';
import { temporaryDirectory } from '../fixture';
import { SmallRoot } from '../small-root';
import { freshPlaces, synth, zips } from '../synth';

/** The output of packing the layer. */
export const PACKED = 'BinaryLayer Stack/Layer: tool and 0 libraries';

export const sha256 = (file: string) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

export function smallLayers() {
  const place = freshPlaces();
  let root: SmallRoot;
  beforeAll(() => {
    root = new SmallRoot();
  });

  return {
    place,
    root: () => root,

    /** Synthesizes, by default into a new output directory; returns the zip. */
    synthesize(props: Partial<BinaryLayerProps> = {}, outdir = path.join(temporaryDirectory(), 'cdk.out')): string {
      place.outdir = outdir;
      place.stderr = '';
      synth(place, { binary: 'tool', source: root.source, ...props });
      const [zip, ...more] = zips(place);
      expect(more).toEqual([]);
      return zip;
    },

    /** The zips in the cache. */
    kept(): string[] {
      const directory = path.join(place.cache, 'cdk-binary-layer', 'zip');
      const names = fs.existsSync(directory) ? fs.readdirSync(directory) : [];
      return names.filter((name) => name.endsWith('.zip')).map((name) => path.join(directory, name));
    },
  };
}
