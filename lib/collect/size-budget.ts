/**
 * Size budgets: how much optional data may be added to what the requested packages need. What these mention themselves has no
 * limit, unless they only recommend it.
 */

/** Most bytes that one path mention may add: data, and plug-ins with the libraries that they need. */
export interface Limit {
  readonly data: number;
  readonly plugIns: number;
}

export interface SizeBudget {
  /** for mentions in files of packages that are not requested */
  readonly others: Limit;
  /** for mentions in such files of paths of the same source package: a library's own modules */
  readonly siblings: Limit;
  /**
   * bytes of data that a package may have to be packed as an add-on; with `none`, files in the directories of other packages
   * are not packed even if these depend on them
   */
  readonly addOns: number | 'none';
}

const MB = 1024 * 1024;

/**
 * Measured on Debian 12: fonts, character maps, map projections and the modules of most libraries are smaller; drivers of
 * graphics hardware, which Lambda does not have, are larger.
 */
const GENEROUS = { others: { data: 32 * MB, plugIns: 8 * MB }, siblings: { data: 64 * MB, plugIns: 64 * MB } };
const TIGHT = { data: 64 * 1024, plugIns: 64 * 1024 };

/** The first is tried first, each of the others in turn if the layer would be too large with those before it. */
export const BUDGETS: readonly SizeBudget[] = [
  ...[Infinity, 8 * MB, 3 * MB, 0].map((addOns) => ({ ...GENEROUS, addOns })),
  { others: TIGHT, siblings: TIGHT, addOns: 'none' },
];

/** The part of a layer's size limit that may be used before a smaller budget is tried. */
export const FULL = 0.98;

/** For paths that requested packages mention, but only recommend. */
export const RECOMMENDED: Limit = { data: 12 * 1000 * 1000, plugIns: 8 * MB };
