/**
 * Records the image that a registry's index contains for each platform. The key is the digest of the index, so entries stay valid.
 *
 * Most engines store only one platform's image per name. Two layers that use the same image name for different architectures would
 * make the engine pull each platform's image again at every synth. With these records, the image for one platform identifies the
 * image for the other. If the file system of that image is cached, nothing is pulled.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { type Image, isImage } from './engine';
import { cacheDirectory, makeCacheDirectory, readCached } from '../../process/cache-directory';
import { writeWhole } from '../../process/whole-file';

export function remember(platform: string, image: Image): void {
  for (const digest of image.digests) {
    const file = fileOf(digest, platform);
    if (fs.existsSync(file)) continue;
    makeCacheDirectory(path.dirname(file));
    writeWhole(file, JSON.stringify(image));
  }
}

/** @param other an image of the same name for another platform */
export function recall(platform: string, other: Image): Image | undefined {
  for (const digest of other.digests) {
    try {
      const image = JSON.parse(readCached(fileOf(digest, platform)) ?? 'null');
      if (isImage(image) && `${image.system}/${image.architecture}` === platform) return image;
    } catch {
      // unknown, or truncated
    }
  }
  return undefined;
}

function fileOf(digest: string, platform: string): string {
  return path.join(cacheDirectory(), 'platforms', `${createHash('sha256').update(JSON.stringify([digest, platform])).digest('hex')}.json`);
}
