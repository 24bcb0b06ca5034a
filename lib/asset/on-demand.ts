/**
 * The stages of making a layer, loaded when the first of them is called. An unchanged synth needs none of them: it only reads a
 * fingerprint and checks whether files have changed. If it loaded the stages, this would take most of its time.
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

/** The module that starts the packing process. It is not in the bundle, so that the process can start up while the bundle is loaded. */
export const packing = () => require('./packing') as typeof import('./packing');
