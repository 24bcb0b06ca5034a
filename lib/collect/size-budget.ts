/**
 * How much joins that a program's own package does not name itself. What that mentions has no limit.
 */
import { AddOnLimit } from './belonging';

/** Bytes that one mention may bring, in data and in plug-ins with the libraries that they need. */
export interface Limit {
  readonly data: number;
  readonly plugIns: number;
}

export interface Bounds {
  /** what a library of others mentions */
  readonly others: Limit;
  /** what it mentions of its own source package: its modules */
  readonly family: Limit;
  /** which packages join that are installed on top of a program's own */
  readonly addOns: AddOnLimit;
}

const MB = 1024 * 1024;

/**
 * Measured on Debian 12: fonts, character maps, map projections and the modules of most libraries stay below; drivers of
 * graphics hardware, which no function has, are above.
 */
const GENEROUS = { others: { data: 32 * MB, plugIns: 8 * MB }, family: { data: 64 * MB, plugIns: 64 * MB } };
const TIGHT = { data: 64 * 1024, plugIns: 64 * 1024 };

/** The first, and what is tried in turn where the ones before are more than a layer holds. */
export const BOUNDS: readonly Bounds[] = [
  ...[Infinity, 8 * MB, 3 * MB, 0].map((addOns) => ({ ...GENEROUS, addOns })),
  { others: TIGHT, family: TIGHT, addOns: 'own' },
];
/** How much of a layer may be filled before less joins. */
export const FULL = 0.98;
/** What a program's own package mentions, but only recommends. */
export const RECOMMENDED: Limit = { data: 12 * 1000 * 1000, plugIns: 8 * MB };
