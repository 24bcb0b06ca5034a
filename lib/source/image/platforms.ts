/**
 * Which image an index of a registry has for each platform. An index goes by a digest of its content, so what it has for a
 * platform it has for good.
 *
 * Most engines keep the image of one platform by a name. Two layers of one name, for two architectures, would pull it anew
 * in turn, at every synth: with this the one that the name does not stand for at the moment is known from the one that it does.
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

/** @param other an image of the same name, for another platform */
export function recall(platform: string, other: Image): Image | undefined {
  for (const digest of other.digests) {
    try {
      const image = JSON.parse(readCached(fileOf(digest, platform)) ?? 'null');
      if (isImage(image) && `${image.system}/${image.architecture}` === platform) return image;
    } catch {
      // not known, or cut off
    }
  }
  return undefined;
}

function fileOf(digest: string, platform: string): string {
  return path.join(cacheDirectory(), 'platforms', `${createHash('sha256').update(JSON.stringify([digest, platform])).digest('hex')}.json`);
}
