/**
 * The container engine: Docker, or another with the same command line: Podman, Finch, nerdctl.
 */
import { type EndedChild, runChild } from '../../process/child';
import { type Ended, howItEnded, lastLines } from '../../process/command';
import { engineEnvironment } from '../../process/environment';
import { printable } from '../../text/printable';

/** The variable from which CDK itself reads the engine to use. */
const VARIABLE = 'CDK_DOCKER';

/** An image, from the output of `image inspect`. */
export interface Image {
  readonly id: string;
  /** operating system, by its name in Go: `linux` */
  readonly system: string;
  /** by its name in Go: `amd64`, `arm64` */
  readonly architecture: string;
  /** digests of the image, or of an index that contains it, in registries: `debian@sha256:…` */
  readonly digests: readonly string[];
  /** variables, such as `PATH=/usr/bin` */
  readonly environment: readonly string[];
  /** approximate size of its file system, in bytes @default - unknown */
  readonly size?: number;
}

export function engine(): string {
  return process.env[VARIABLE] || 'docker';
}

/** @throws Error if there is no engine */
export function run(args: readonly string[]): EndedChild {
  const ended = runChild(engine(), args, { environment: engineEnvironment() });
  const { code } = ended;
  if (code === 'ENOENT' || code === 'EACCES') {
    throw new Error([
      `container engine ${printable(engine())} not found${engine().includes('/') ? '' : ' on PATH'} (${code})`,
      `  install Docker, or set another engine in the environment: ${VARIABLE}=podman, ${VARIABLE}=finch`,
    ].join('\n'));
  }
  return ended;
}

/** The local image with a name; `undefined` if there is none. */
export function inspect(reference: string, options: readonly string[] = []): Image | undefined {
  const { failed, stdout } = run(['image', 'inspect', ...options, reference]);
  if (failed) return undefined;
  try {
    const [{ Id: id, Os: system, Architecture: architecture, RepoDigests: digests, Config: config, Size: size }] = JSON.parse(stdout);
    const sized = size > 0 ? { size: Number(size) } : {};
    const image = { id, system, architecture, digests: digests ?? [], environment: config?.Env ?? [], ...sized };
    if (isImage(image)) return image;
  } catch {
    // not JSON, or not a list
  }
  throw new Error(`${printable(engine())} image inspect: unexpected output: ${printable(stdout.slice(0, 200))}`);
}

export function isImage(image: any): image is Image {
  const isText = (value: unknown) => typeof value === 'string';
  return /^(?:sha256:)?[0-9a-f]{64}$/.test(image?.id) && [image.system, image.architecture].every(isText) &&
    [image.digests, image.environment].every((list) => Array.isArray(list) && list.every(isText));
}

/** The message for a failed command of the engine. */
export function failure(command: readonly string[], ended: Ended, stderr: string): string {
  return `${printable(command.join(' '))} ended with ${howItEnded(ended)}\n${lastLines(stderr)}`;
}

/** The arguments that remove a container that never ran, and its volumes. */
export function removal(container: string): string[] {
  return ['rm', '--force', '--volumes', container];
}
