export * from './binary-layer';
