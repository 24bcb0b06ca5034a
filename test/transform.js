/**
 * Makes CommonJS of TypeScript for jest. Types are stripped, not checked, as by ts-jest with `isolatedModules`; ts-jest compiles with the
 * TypeScript compiler, which takes ten times as long.
 */
const { transform } = require('sucrase');

const OPTIONS = {
  transforms: ['typescript', 'imports'],
  disableESTransforms: true,
  // `import * as fs` is the module itself, not a copy of it, so that a spy on a function of Node.js is seen
  enableLegacyTypeScriptModuleInterop: true,
};

/** Line numbers stay the same, so stack traces need no source maps. */
exports.process = (source, filePath) => transform(source, { ...OPTIONS, filePath });
