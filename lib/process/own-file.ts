/**
 * Compiled files of this package that run as processes of their own.
 */
import * as fs from 'fs';
import * as path from 'path';

/** The package's own directory, two levels above this file, whether that is the source file, the compiled file or a bundle. */
export const PACKAGE = path.join(__dirname, '..', '..');

/** The packing process. */
export const PACK = 'pack/process.js';

/**
 * Returns the absolute path of a compiled file of this package.
 *
 * @param name relative to `build`, such as `pack/process.js`
 * @throws Error if the file does not exist, for example because a bundler has moved this code
 * @throws Error if the caller runs from source, and the compiled library is older than the source
 */
export function ownFile(name: string): string {
  const build = path.join(PACKAGE, 'build');
  if (__filename.endsWith('.ts')) checkBuild(path.join(PACKAGE, 'lib'), build);
  const file = path.join(build, name);
  if (fs.existsSync(file)) return bundleOf(file) ?? file;
  throw new Error([
    `${file} not found: cdk-binary-layer runs this file as a separate process, so it must be loaded from its own package directory.`,
    `  Its code was loaded from ${__dirname}. If a bundler put it there, mark the package as external:`,
    '  esbuild --external:cdk-binary-layer, or externals: { \'cdk-binary-layer\': \'commonjs cdk-binary-layer\' } for webpack.',
    '  Otherwise reinstall cdk-binary-layer; in a checkout of it, run npx projen compile.',
  ].join('\n'));
}

/**
 * The bundle of a compiled file and everything that it imports. A bundle loads in half the time of the separate files. The task `compile`
 * makes bundles.
 *
 * The result is `undefined` if there is no bundle, or if a checkout has been compiled since the bundle was made. In an installed package,
 * times are not compared: some package managers set them to the time of the installation.
 *
 * @param directory of the package, or of its checkout
 */
export function bundleOf(file: string, directory = PACKAGE): string | undefined {
  const bundle = file.replace(/\.js$/, '.bundle.js');
  const made = modified(bundle);
  // every compilation writes .jsii
  const compiled = fs.existsSync(path.join(directory, '.projenrc.ts')) ? modified(path.join(directory, '.jsii')) : 0;
  return made > 0 && made >= compiled ? bundle : undefined;
}

const checked = new Set<string>();

/**
 * Checks, once per process, that every source file was compiled after its last change.
 *
 * @throws Error otherwise
 */
export function checkBuild(lib: string, build: string): void {
  if (checked.has(build)) return;
  // declarations are not compiled
  const isSource = (name: string) => name.endsWith('.ts') && !name.endsWith('.d.ts');
  const sources = fs.readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter(isSource);
  const isStale = (name: string) => modified(path.join(build, name.replace(/\.ts$/, '.js'))) < modified(path.join(lib, name));
  const stale = sources.filter(isStale).sort();
  if (stale.length > 0) {
    const more = stale.length > 1 ? ` and ${stale.length - 1} more` : '';
    throw new Error(`${build} is older than ${path.join(lib, stale[0])}${more}, and this process runs both: run npx projen compile`);
  }
  checked.add(build);
}

/** Milliseconds since 1970; 0 if the file does not exist. */
function modified(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
