import * as fs from 'fs';
import * as path from 'path';
import { bundleOf, checkBuild } from '../../lib/process/own-file';
import { temporaryDirectory } from '../fixture';

const HOUR = 3600;

let lib: string;
let build: string;
beforeEach(() => {
  const directory = temporaryDirectory();
  lib = path.join(directory, 'lib');
  build = path.join(directory, 'build');
});

/** Writes a file whose last change was this number of hours after 1970. */
function write(file: string, hours: number): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, '');
  fs.utimesSync(file, hours * HOUR, hours * HOUR);
}

test('a build that is newer than every source file is accepted', () => {
  write(path.join(lib, 'index.ts'), 1);
  write(path.join(lib, 'pack/zip.ts'), 2);
  write(path.join(lib, 'inspect/page.css'), 9);
  write(path.join(lib, 'inspect/page/d3.d.ts'), 9);
  write(path.join(build, 'index.js'), 1);
  write(path.join(build, 'pack/zip.js'), 3);
  expect(() => checkBuild(lib, build)).not.toThrow();
});

test('a build that is older than a source file is rejected, with the file and the command that compiles it', () => {
  write(path.join(lib, 'index.ts'), 1);
  write(path.join(lib, 'pack/zip.ts'), 2);
  write(path.join(build, 'index.js'), 1);
  write(path.join(build, 'pack/zip.js'), 1);
  expect(() => checkBuild(lib, build)).toThrow(
    new Error(`${build} is older than ${lib}/pack/zip.ts, and this process runs both: run npx projen compile`));
});

test('a build that lacks source files is rejected, with their number', () => {
  write(path.join(lib, 'index.ts'), 1);
  write(path.join(lib, 'pack/tar.ts'), 1);
  write(path.join(lib, 'pack/zip.ts'), 1);
  write(path.join(build, 'index.js'), 1);
  expect(() => checkBuild(lib, build)).toThrow(`${build} is older than ${lib}/pack/tar.ts and 1 more, and`);
});

test('in a checkout, the bundle of a file is used unless the package was compiled after it was made', () => {
  const checkout = path.dirname(build);
  const [file, bundle] = ['pack/zip.js', 'pack/zip.bundle.js'].map((name) => path.join(build, name));
  const compiled = path.join(checkout, '.jsii');
  write(path.join(checkout, '.projenrc.ts'), 1);
  write(file, 1);
  write(compiled, 2);
  expect(bundleOf(file, checkout)).toBeUndefined();
  write(bundle, 2);
  expect(bundleOf(file, checkout)).toBe(bundle);
  write(compiled, 3);
  expect(bundleOf(file, checkout)).toBeUndefined();
});

test('in an installed package, whose files may have any times, the bundle of a file is used', () => {
  const [file, bundle] = ['pack/zip.js', 'pack/zip.bundle.js'].map((name) => path.join(build, name));
  write(path.join(path.dirname(build), '.jsii'), 3);
  write(file, 2);
  write(bundle, 1);
  expect(bundleOf(file, path.dirname(build))).toBe(bundle);
});
