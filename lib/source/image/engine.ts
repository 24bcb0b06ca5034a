/**
 * The container engine: Docker, or what goes by its command line, as Podman, Finch and nerdctl do.
 */
import { type EndedChild, runChild } from '../../process/child';
import { type Ended, howItEnded, lastLines } from '../../process/command';
import { engineEnvironment } from '../../process/environment';
import { printable } from '../../text/printable';

/** With which CDK itself is told which engine to use. */
const VARIABLE = 'CDK_DOCKER';

/** An image as the engine describes it. */
export interface Image {
  readonly id: string;
  /** in the words of the image format, which are Go's: `linux` */
  readonly system: string;
  /** likewise: `amd64`, `arm64` */
  readonly architecture: string;
  /** what registries have it as, or an index of several that it is in: `debian@sha256:…` */
  readonly digests: readonly string[];
  /** `PATH=/usr/bin` */
  readonly environment: readonly string[];
}

export function engine(): string {
  return process.env[VARIABLE] || 'docker';
}

/** @throws where there is no engine */
export function run(args: readonly string[]): EndedChild {
  const ended = runChild(engine(), args, { environment: engineEnvironment() });
  const { code } = ended;
  if (code === 'ENOENT' || code === 'EACCES') {
    throw new Error([
      `there is no container engine ${printable(engine())} ${engine().includes('/') ? 'there' : 'on PATH'} (${code})`,
      `  install Docker, or name another engine in the environment: ${VARIABLE}=podman, ${VARIABLE}=finch`,
    ].join('\n'));
  }
  return ended;
}

/** What the engine has by a name; `undefined` where that is nothing. */
export function inspect(reference: string, options: readonly string[] = []): Image | undefined {
  const { failed, stdout } = run(['image', 'inspect', ...options, reference]);
  if (failed) return undefined;
  try {
    const [{ Id: id, Os: system, Architecture: architecture, RepoDigests: digests, Config: config }] = JSON.parse(stdout);
    const image = { id, system, architecture, digests: digests ?? [], environment: config?.Env ?? [] };
    if (isImage(image)) return image;
  } catch {
    // no JSON, or no list
  }
  throw new Error(`${printable(engine())} image inspect answered what is not understood: ${printable(stdout.slice(0, 200))}`);
}

export function isImage(image: any): image is Image {
  const isText = (value: unknown) => typeof value === 'string';
  return /^(?:sha256:)?[0-9a-f]{64}$/.test(image?.id) && [image.system, image.architecture].every(isText) &&
    [image.digests, image.environment].every((list) => Array.isArray(list) && list.every(isText));
}

/** What is said of a command line of the engine that failed. */
export function failure(command: readonly string[], ended: Ended, stderr: string): string {
  return `${printable(command.join(' '))} ended with ${howItEnded(ended)}\n${lastLines(stderr)}`;
}

/** Of a container that was never run, with the volumes that it brought about. */
export function removal(container: string): string[] {
  return ['rm', '--force', '--volumes', container];
}
