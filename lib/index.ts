export * from './binary-layer';
export * from './binary-source';
