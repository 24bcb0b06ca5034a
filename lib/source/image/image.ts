/**
 * A container image as a source: its file system is exported by a container engine, once, and kept. Nothing of it is run.
 *
 * What is kept goes by the image's id, which the engine is asked for every time: a name that has come to stand for another
 * image is noticed.
 */
import { createHash, randomBytes } from 'crypto';
import { engine, failure, type Image, inspect, removal, run } from './engine';
import type { Export } from './export';
import type { Machine } from '../../elf';
import { MACHINES } from '../../loader/machine';
import { isKept, keptRoot } from '../kept';
import { recall, remember } from './platforms';
import { runChild } from '../../process/child';
import { howItEnded } from '../../process/command';
import { engineEnvironment, nodeEnvironment } from '../../process/environment';
import { ownFile } from '../../process/own-file';
import { printable } from '../../text/printable';
import { type OpenedSource, SEARCH_PATH, SourceError } from '../source';

/** The exporting process: see `ownFile`. */
const EXPORT = 'source/image/export.js';

const KIND = 'image';
/** What is kept is made again where this is another number: of the rules that file systems are unpacked by. */
const RULES = 1;

/** What an engine could take for an image: no option, nothing to end a line with. */
const REFERENCE = /^[A-Za-z0-9[][\x21-\x7e]*$/;

/**
 * @param reference a name that the engine knows, or can pull: `debian:12`, with registry and digest as well
 * @param machine the platform to ask for; the engine's own if not given
 * @throws SourceError
 */
export function openImage(reference: string, machine?: Machine): OpenedSource {
  const name = `the image ${printable(reference)}`;
  try {
    if (!REFERENCE.test(reference)) throw new Error('expected the name of an image, as debian:12 or public.ecr.aws/debian/debian:12');
    const platform = machine && `linux/${MACHINES[machine].debian}`;
    const image = find(reference, platform);
    const directory = keptRoot(KIND, keyOf(image), (made) => {
      exportImage(reference, platform, made);
      if (lookUp(reference, platform)?.id !== image.id) throw new Error('the name came to stand for another image while this one was exported: run it again');
    });
    if (platform) remember(platform, image);
    const searchPath = (variable(image, 'PATH') ?? '').split(':').filter((one) => one.startsWith('/'));
    const libraryPath = variable(image, 'LD_LIBRARY_PATH') ?? '';
    return { name, directory, searchPath: searchPath.length > 0 ? searchPath : SEARCH_PATH, libraryPath, cwd: '/', machine };
  } catch (error) {
    throw new SourceError(`source ${name}: ${(error as Error).message}`);
  }
}

/** The image for the platform that is asked for; it is pulled if need be. */
function find(reference: string, platform?: string): Image {
  const local = lookUp(reference, platform);
  if (local && isFor(local, platform)) return local;
  const known = local && platform && recall(platform, local);
  if (known && isKept(KIND, keyOf(known))) return known;
  const pull = ['pull', ...platformOption(platform), reference];
  const pulled = run(pull);
  if (pulled.failed) {
    throw new Error([
      local ? `the one that is here is ${otherwise(local, platform)}, and no other could be pulled` : 'it is not here, and could not be pulled',
      failure([engine(), ...pull], pulled, pulled.stderr),
      ...(platform ? [`  an image that is built here has to be built for ${platform}`] : []),
    ].join('\n'));
  }
  const image = lookUp(reference, platform);
  if (!image) throw new Error(`${printable([engine(), ...pull].join(' '))} succeeded, and there is no such image now`);
  if (!isFor(image, platform)) {
    throw new Error(`it is ${otherwise(image, platform)}: name an image that there is for that platform, or ask for the architecture that this one has`);
  }
  return image;
}

/** What the engine has by that name, for the platform if it has that. */
function lookUp(reference: string, platform?: string): Image | undefined {
  const image = inspect(reference);
  if (!image || isFor(image, platform)) return image;
  // one name may stand for an image of each platform where containerd keeps them; engines that do so know the option
  return inspect(reference, platformOption(platform)) ?? image;
}

function isFor({ system, architecture }: Image, platform = `linux/${architecture}`): boolean {
  return `${system}/${architecture}` === platform;
}

/** What is wrong with an image's platform. */
function otherwise({ system, architecture }: Image, platform = `linux/${architecture}`): string {
  return `for ${printable(`${system}/${architecture}`)}, not for ${platform}`;
}

function platformOption(platform?: string): string[] {
  return platform ? ['--platform', platform] : [];
}

function variable({ environment }: Image, name: string): string | undefined {
  return environment.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** An engine may give the images of all platforms one id. */
function keyOf({ id, architecture }: Image): string {
  return createHash('sha256').update(JSON.stringify([RULES, id, architecture])).digest('hex');
}

/** Writes the image's file system below an empty directory. */
function exportImage(reference: string, platform: string | undefined, directory: string): void {
  const request: Export = { engine: engine(), reference, platform, container: `cdk-binary-layer-${randomBytes(8).toString('hex')}`, directory };
  // it removes the container when this process has ended, and ends by itself then
  const environment = { ...nodeEnvironment(), ...engineEnvironment() };
  const ended = runChild(process.execPath, [ownFile(EXPORT), JSON.stringify(request)], { environment, diesWithParent: false });
  if (ended.exitCode === undefined) run(removal(request.container)); // it could not clean up
  if (ended.failed) throw new Error(`its export failed, and nothing of it is kept: ${ended.stderr || `the exporting process ended with ${howItEnded(ended)}`}`);
  if (ended.stderr !== '') process.stderr.write(`${ended.stderr}\n`);
}
