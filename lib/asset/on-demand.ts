/**
 * The stages of making a layer, loaded when the first of them is called: an unchanged synth, which reads a fingerprint and looks whether
 * files have changed, would spend most of its time on loading them.
 */
import * as path from 'path';
import { bundleOf } from '../process/own-file';

let loaded: typeof import('./stages') | undefined;

function stages(): typeof import('./stages') {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  loaded ??= require(bundleOf(path.join(__dirname, 'stages.js')) ?? './stages') as typeof import('./stages');
  return loaded;
}

export const planning = () => stages().planning();
export const roots = () => stages().roots();
export const packing = () => stages().packing();
export const reports = () => stages().reports();
export const trials = () => stages().trials();
export const slimming = () => stages().slimming();
export const savings = () => stages().savings();
