/**
 * The stages of making a layer, loaded when the first of them is called: an unchanged synth, which reads a fingerprint and looks whether
 * files have changed, would spend most of its time on loading them.
 */
import * as path from 'path';
import { bundleOf } from '../process/own-file';

let loaded: typeof import('./stages') | undefined;

/* eslint-disable @typescript-eslint/no-require-imports */
function stages(): typeof import('./stages') {
  loaded ??= require(bundleOf(path.join(__dirname, 'stages.js')) ?? './stages') as typeof import('./stages');
  return loaded;
}

export const planning = () => stages().planning();
export const roots = () => stages().roots();
/** Not in the bundle: the packing process is started before the bundle is loaded, and starts meanwhile. */
export const packing = () => require('./packing') as typeof import('./packing');
export const reports = () => stages().reports();
export const trials = () => stages().trials();
export const slimming = () => stages().slimming();
export const savings = () => stages().savings();
