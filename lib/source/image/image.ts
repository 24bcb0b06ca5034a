/**
 * A container image as a source: a container engine exports its file system once, and the result is cached. The image never
 * runs.
 *
 * The cache key is the image id, which is requested from the engine every time, so a name that now refers to another image
 * is noticed.
 */
import { createHash, randomBytes } from 'crypto';
import { engine, failure, type Image, inspect, removal, run } from './engine';
import type { Export } from './export';
import type { Machine } from '../../elf';
import { MACHINES } from '../../loader/machine';
import { cachedRoot, isCached } from '../cached-root';
import { recall, remember } from './platforms';
import { runChild } from '../../process/child';
import { howItEnded } from '../../process/command';
import { engineEnvironment, nodeEnvironment } from '../../process/environment';
import { ownFile } from '../../process/own-file';
import { hasBars, withProgress } from '../../process/progress';
import { megabytes } from '../../text/megabytes';
import { printable } from '../../text/printable';
import { type OpenedSource, SEARCH_PATH, SourceError } from '../source';

/** The exporting process. See `ownFile`. */
const EXPORT = 'source/image/export.js';

const KIND = 'image';
/** Incremented when the rules for unpacking change, so that cached roots are exported again. */
const RULES = 1;

/** Image names: nothing that an engine would interpret as an option, and no line breaks. */
const REFERENCE = /^[A-Za-z0-9[][\x21-\x7e]*$/;

/**
 * @param reference a name that the engine knows or can pull: `debian:12`, with or without registry and digest
 * @param machine the platform to request @default - the engine's own
 * @throws SourceError
 */
export function openImage(reference: string, machine?: Machine): OpenedSource {
  const name = `the image ${printable(reference)}`;
  try {
    if (!REFERENCE.test(reference)) throw new Error('expected the name of an image, such as debian:12 or public.ecr.aws/debian/debian:12');
    const platform = machine && `linux/${MACHINES[machine].debian}`;
    const image = find(reference, platform);
    const directory = cachedRoot(KIND, keyOf(image), (root) => {
      exportImage(reference, platform, root, image.size);
      if (lookUp(reference, platform)?.id !== image.id) throw new Error('the name was moved to another image during the export: try again');
    });
    if (platform) remember(platform, image);
    const searchPath = (variable(image, 'PATH') ?? '').split(':').filter((entry) => entry.startsWith('/'));
    const libraryPath = variable(image, 'LD_LIBRARY_PATH') ?? '';
    return { name, directory, searchPath: searchPath.length > 0 ? searchPath : SEARCH_PATH, libraryPath, cwd: '/', machine };
  } catch (error) {
    throw new SourceError(`source ${name}: ${(error as Error).message}`);
  }
}

/** The image for the requested platform. Pulls it if necessary. */
function find(reference: string, platform?: string): Image {
  const local = lookUp(reference, platform);
  if (local && isFor(local, platform)) return local;
  const known = local && platform && recall(platform, local);
  if (known && isCached(KIND, keyOf(known))) return known;
  const pull = ['pull', ...platformOption(platform), reference];
  const pulled = withProgress({ title: `source the image ${printable(reference)}: pulling it` }, () => run(pull));
  if (pulled.failed) {
    throw new Error(
      [
        local
          ? `the local image is ${otherwise(local, platform)}, and no other could be pulled`
          : 'no such local image, and it could not be pulled',
        failure([engine(), ...pull], pulled, pulled.stderr),
        ...(platform ? [`  if the image is built locally, build it for ${platform}`] : []),
      ].join('\n'),
    );
  }
  const image = lookUp(reference, platform);
  if (!image) throw new Error(`${printable([engine(), ...pull].join(' '))} succeeded, but the image does not exist`);
  if (!isFor(image, platform)) {
    throw new Error(`the image is ${otherwise(image, platform)}: use an image for that platform, or set architecture to the image's`);
  }
  return image;
}

/** The local image with the name, preferably for the platform. */
function lookUp(reference: string, platform?: string): Image | undefined {
  const image = inspect(reference);
  if (!image || isFor(image, platform)) return image;
  // with containerd, one name may refer to several images, one for each platform; then the engine's `inspect` has this option, too
  return inspect(reference, platformOption(platform)) ?? image;
}

function isFor({ system, architecture }: Image, platform = `linux/${architecture}`): boolean {
  return `${system}/${architecture}` === platform;
}

/** How an image's platform differs from the requested one, for messages. */
function otherwise({ system, architecture }: Image, platform = `linux/${architecture}`): string {
  return `for ${printable(`${system}/${architecture}`)}, not for ${platform}`;
}

function platformOption(platform?: string): string[] {
  return platform ? ['--platform', platform] : [];
}

function variable({ environment }: Image, name: string): string | undefined {
  return environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Includes the architecture, because an engine may use one id for the images of all platforms. */
function keyOf({ id, architecture }: Image): string {
  return createHash('sha256').update(JSON.stringify([RULES, id, architecture])).digest('hex');
}

/** Exports the image's file system to an empty directory. */
function exportImage(reference: string, platform: string | undefined, directory: string, size?: number): void {
  const step = {
    title: `source the image ${printable(reference)}: exporting its file system`,
    ...size === undefined ? {} : { total: size, shown: megabytes(size) },
  };
  const hasTerminal = hasBars() && size !== undefined;
  const request: Export = {
    engine: engine(),
    reference,
    platform,
    container: `cdk-binary-layer-${randomBytes(8).toString('hex')}`,
    directory,
    ...hasTerminal ? { step } : {},
  };
  // if this process ends first, the exporting process still removes the container before it ends
  const environment = { ...nodeEnvironment(), ...engineEnvironment() };
  const options = { environment, diesWithParent: false, hasTerminal };
  const work = () => runChild(process.execPath, [ownFile(EXPORT), JSON.stringify(request)], options);
  // only the exporting process knows how much it has written, so it draws the bar
  const ended = hasTerminal ? work() : withProgress(step, work);
  if (ended.exitCode === undefined) run(removal(request.container)); // it was killed before it could clean up
  if (ended.failed) {
    throw new Error(`export failed, nothing was cached: ${ended.stderr || `the exporting process ended with ${howItEnded(ended)}`}`);
  }
  if (ended.stderr !== '') process.stderr.write(`${ended.stderr}\n`);
}
