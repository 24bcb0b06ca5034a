/**
 * The public API.
 */
export * from './binary-layer';
export * from './binary-source';
