/**
 * Compiled files of this package that run as processes of their own.
 */
import * as fs from 'fs';
import * as path from 'path';

/** The package's own directory: this file is two levels below it, compiled or not. */
const PACKAGE = path.join(__dirname, '..', '..');

/**
 * Returns the absolute path of a compiled file of this package.
 *
 * @param name relative to `build`, such as `pack/process.js`
 * @throws Error if the file does not exist: a bundler has moved this code away from it
 */
export function ownFile(name: string): string {
  const file = path.join(PACKAGE, 'build', name);
  if (fs.existsSync(file)) return file;
  throw new Error([
    `${file} not found: cdk-binary-layer runs this file as a separate process, so it must be loaded from its own package directory.`,
    `  Its code was loaded from ${__dirname}. If a bundler put it there, mark the package as external:`,
    '  esbuild --external:cdk-binary-layer, or externals: { \'cdk-binary-layer\': \'commonjs cdk-binary-layer\' } for webpack.',
    '  Otherwise reinstall cdk-binary-layer; in a checkout of it, run npx projen compile.',
  ].join('\n'));
}
