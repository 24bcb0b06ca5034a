/**
 * Synthesizes an app with one layer, with its own cdk.out and cache file, and keeps its messages on stderr.
 */
import * as fs from 'fs';
import * as path from 'path';
import { App, AssetStaging, Stack } from 'aws-cdk-lib';
import { temporaryDirectory } from './fixture';
import { BinaryLayer, type BinaryLayerProps } from '../lib';

export interface Place {
  outdir: string;
  cache: string;
  /** the messages on stderr since this was emptied */
  stderr: string;
}

/** A directory for each test; the environment is restored after it. */
export function freshPlaces(): Place {
  const place: Place = { outdir: '', cache: '', stderr: '' };
  const environment = process.env;
  beforeEach(() => {
    place.outdir = path.join(temporaryDirectory(), 'cdk.out');
    place.cache = temporaryDirectory();
    place.stderr = '';
    process.env = { ...environment, XDG_CACHE_HOME: place.cache, BINARY_LAYER_VERBOSE: undefined };
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      if (!String(text).startsWith('Bundling asset ')) place.stderr += text; // messages of CDK itself
      return true;
    });
  });
  afterEach(() => {
    process.env = environment;
    jest.restoreAllMocks();
  });
  return place;
}

/** Synthesizes like a new process: without anything that CDK keeps in memory. Data detection is off by default. */
export function synth({ outdir }: Place, props: BinaryLayerProps): void {
  AssetStaging.clearAssetHashCache();
  const app = new App({ outdir });
  new BinaryLayer(new Stack(app, 'Stack'), 'Layer', { detectData: false, ...props });
  app.synth();
}

/** The zips in cdk.out. */
export function zips({ outdir }: Place): string[] {
  if (!fs.existsSync(outdir)) return [];
  return fs.readdirSync(outdir).filter((name) => name.endsWith('.zip')).map((name) => path.join(outdir, name));
}

/** A directory for temporary files, which must be empty at the end. */
export function privateTemporaryDirectory(): string {
  const directory = temporaryDirectory();
  fs.chmodSync(directory, 0o1777);
  process.env.TMPDIR = directory;
  return directory;
}
