/**
 * Writes inside a root whose links are not trusted: nothing outside the root is touched.
 */
import * as fs from 'fs';
import * as path from 'path';
import { DirectoryRoot } from '../../root/directory-root';

/** Resolves a path on this machine with the root as `/`. */
export function realInside(root: string, target: string): string | undefined {
  const inside = new DirectoryRoot(root);
  const real = inside.real(target.slice(root.length));
  return real === undefined ? undefined : inside.locate(real);
}

/**
 * The path on this machine of a directory inside a root. Creates the directory if it does not exist. The result is always
 * inside the root, whatever links the path contains.
 */
export function directoryInside(root: string, directory: string): string {
  let at = root;
  for (const name of path.posix.join('/', directory).split('/').filter(Boolean)) {
    const next = path.join(at, name);
    const stat = fs.lstatSync(next, { throwIfNoEntry: false });
    const real = stat?.isSymbolicLink() ? realInside(root, next) : next;
    if (stat && real !== undefined && fs.lstatSync(real).isDirectory()) {
      at = real;
      continue;
    }
    if (stat) fs.unlinkSync(next);
    makeDirectory(next);
    at = next;
  }
  return at;
}

/** Creates a directory with a mode that does not depend on the umask; world-readable by default. */
export function makeDirectory(directory: string, mode = 0o755): void {
  fs.mkdirSync(directory);
  fs.chmodSync(directory, mode);
}

/** Writes a file in a directory inside the root. Replaces an existing file or link and does not follow it. */
export function writeNew(file: string, content: string | Buffer, mode = 0o644): void {
  fs.rmSync(file, { force: true, recursive: true });
  fs.writeFileSync(file, content, { flag: 'wx' });
  fs.chmodSync(file, mode);
}

/** The text of a regular file. Links are not followed. */
export function readText(file: string): string | undefined {
  return fs.lstatSync(file, { throwIfNoEntry: false })?.isFile() ? fs.readFileSync(file, 'utf8') : undefined;
}

/** The path on this machine of a file inside the root. Creates its directory. A link at the path itself is not followed. */
export function placeInside(root: string, file: string): string {
  const inside = path.posix.join('/', file);
  return path.join(directoryInside(root, path.posix.dirname(inside)), path.posix.basename(inside));
}

/** Writes a link. An existing file that is not a link stays. */
export function putLink(root: string, link: string, target: string): void {
  const place = placeInside(root, link);
  const stat = fs.lstatSync(place, { throwIfNoEntry: false });
  if (stat && !stat.isSymbolicLink()) return;
  if (stat) fs.unlinkSync(place);
  fs.symlinkSync(target, place);
}
