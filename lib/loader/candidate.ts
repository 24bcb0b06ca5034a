/**
 * Checks a file that a loader's search has reached. glibc and musl have these checks in common.
 */
import { type Files, type Found, UnloadableError } from './search';
import { printableName } from '../text/printable';

/**
 * Opens a file.
 *
 * @param isSkipped whether the search continues after a file with these first bytes
 * @returns `undefined` if the file does not exist or is skipped
 * @throws UnloadableError if it is not an ELF file that a process can map
 */
export function openCandidate(
  file: string,
  reason: string,
  files: Files,
  isSkipped: (head: Buffer) => boolean = () => false,
): Found | undefined {
  const real = files.real(file);
  const type = real === undefined ? undefined : files.status(real)?.type;
  if (real === undefined || type === undefined) return undefined;
  if (type !== 'file') throw notLibrary(file, `but a ${type === 'directory' ? 'directory' : 'special file'}`);
  const { elf, elfError, head, size } = files.content(real);
  if (isSkipped(head)) return undefined;
  if (elf === undefined) {
    const problem = elfError?.message ?? (size === 0 ? 'an empty file' : 'not an ELF file');
    throw new UnloadableError(`${printableName(file)} is not a library: ${problem}`);
  }
  if (elf.type !== 'shared' && elf.type !== 'executable') throw notLibrary(file, `but an ELF file of type ${elf.type}`);
  return { path: file, real, elf, reason };
}

function notLibrary(file: string, but: string): UnloadableError {
  return new UnloadableError(`${printableName(file)} is not a library ${but}`);
}
