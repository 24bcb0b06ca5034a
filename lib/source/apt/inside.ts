/**
 * Writes inside a root whose links are not trusted: whatever they say, nothing outside the root is touched.
 */
import * as fs from 'fs';
import * as path from 'path';
import { Root } from '../../root/root';

/** The place on this machine that a path on this machine leads to when the root is `/`. */
export function realInside(root: string, target: string): string | undefined {
  const inside = new Root(root);
  const real = inside.real(target.slice(root.length));
  return real === undefined ? undefined : inside.locate(real);
}

/**
 * The place on this machine of a directory inside a root, made where there is none. Whatever links there are on the
 * way, it is inside the root.
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

/** Makes a directory that everybody may read, whatever the umask. */
export function makeDirectory(directory: string, mode = 0o755): void {
  fs.mkdirSync(directory);
  fs.chmodSync(directory, mode);
}

/** Writes a file in a directory that is inside the root: what stood there, a link perhaps, is replaced and not followed. */
export function writeNew(file: string, content: string | Buffer, mode = 0o644): void {
  fs.rmSync(file, { force: true, recursive: true });
  fs.writeFileSync(file, content, { flag: 'wx' });
  fs.chmodSync(file, mode);
}

/** The text of a regular file, links not followed. */
export function readText(file: string): string | undefined {
  return fs.lstatSync(file, { throwIfNoEntry: false })?.isFile() ? fs.readFileSync(file, 'utf8') : undefined;
}

/** The place on this machine of a file inside the root, whose directory is made: a link that stands there is not followed. */
export function placeInside(root: string, file: string): string {
  const inside = path.posix.join('/', file);
  return path.join(directoryInside(root, path.posix.dirname(inside)), path.posix.basename(inside));
}

/** A file stays one. */
export function putLink(root: string, link: string, target: string): void {
  const place = placeInside(root, link);
  const stat = fs.lstatSync(place, { throwIfNoEntry: false });
  if (stat && !stat.isSymbolicLink()) return;
  if (stat) fs.unlinkSync(place);
  fs.symlinkSync(target, place);
}
