/**
 * The files of a layer as its programs see them: files that are stored compressed are unpacked, at their own paths.
 */
import { MOST_EPHEMERAL_BYTES } from '../lambda';
import { LIMITS } from '../limits';
import { CompressedFileError, decompress, describeCompressed } from '../pack/compressed';
import { COMPRESSED } from '../plan/size/compress';
import type { ZipEntry, ZippedFile } from '../zip/entry';

export interface UnpackedFile extends ZippedFile {
  /** of a file that is stored compressed: its size in `/tmp`, in bytes */
  readonly unpackedSize?: number;
}

/**
 * @param mirrored the name of the mirrored root, `elf/KEY`
 * @param refuse throws an error for a layer with a damaged file
 * @returns the files by their paths below the mirrored root
 */
export function unpackedFiles(
  entries: readonly ZipEntry[],
  mirrored: string,
  refuse: (problem: string) => never,
): Map<string, UnpackedFile> {
  const files = new Map(
    entries.flatMap((entry) => (entry.type === 'file' ? [[entry.name.slice(mirrored.length), entry as UnpackedFile]] : [])),
  );
  let bytes = 0;
  for (const { type, name } of entries) {
    const place = name.slice(mirrored.length);
    const stored = type === 'link' ? files.get(COMPRESSED + place) : undefined;
    if (stored === undefined) continue;
    const checked = <T>(read: () => T): T => {
      try {
        return read();
      } catch (error) {
        if (error instanceof CompressedFileError) return refuse(`${stored.name}: ${error.message}`);
        throw error;
      }
    };
    const { size, mode } = checked(() => describeCompressed(stored.content(), LIMITS.file.most));
    bytes += size;
    if (bytes > MOST_EPHEMERAL_BYTES) {
      refuse(`its compressed files are more than the ${MOST_EPHEMERAL_BYTES} bytes that /tmp of a function may have`);
    }
    files.delete(COMPRESSED + place);
    files.set(place, {
      ...stored,
      name,
      mode,
      unpackedSize: size,
      content: () => checked(() => decompress(stored.content(), size).content),
    });
  }
  return files;
}
