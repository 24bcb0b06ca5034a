/**
 * Data that a program carries in its file and that no loader maps: behind the image, or in a section of its own, as `objcopy
 * --add-section` adds it. Programs find it by reading their own file.
 */
import { ByteReader } from './byte-reader';
import { readHeader } from './header';
import { HEADER_SIZE } from './identification';
import { Image } from './loaded-image';
import { readSegments } from './program-header';
import { ownSections } from './section-header';

/** @param bytes a whole ELF file */
export function carriedData(bytes: Buffer): readonly Buffer[] {
  const header = readHeader(bytes.subarray(0, HEADER_SIZE));
  const { end, hasOverlay } = Image.of(bytes, header, readSegments(new ByteReader(bytes), header));
  const sections = ownSections(bytes).map(({ offset, size }) => bytes.subarray(offset, offset + size));
  return hasOverlay ? [...sections, bytes.subarray(end)] : sections;
}
