/**
 * The stages of making a layer, loaded when the first of them is called: an unchanged synth, which reads a fingerprint and looks whether
 * files have changed, would spend most of its time on loading them.
 */
import * as path from 'path';
import { loadCompiled } from '../process/compiled-code';
import { bundleOf } from '../process/own-file';

let loaded: typeof import('./stages') | undefined;

/* eslint-disable @typescript-eslint/no-require-imports */
export function stages(): typeof import('./stages') {
  if (loaded === undefined) {
    const bundle = bundleOf(path.join(__dirname, 'stages.js'));
    loaded = (bundle === undefined ? require('./stages') : loadCompiled(bundle)) as typeof import('./stages');
  }
  return loaded;
}

/** Not in the bundle: the packing process is started before the bundle is loaded, and starts meanwhile. */
export const packing = () => require('./packing') as typeof import('./packing');
