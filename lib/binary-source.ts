/**
 * `BinarySource`: where the programs of a layer come from.
 */
import type { DockerImage } from 'aws-cdk-lib';
import { checkResolved } from './deployment-values';
import type { Machine } from './elf';
import { THIS_MACHINE } from './loader/machine';
import { openHost } from './source/host';
import type { OpenedSource } from './source/source';

/* eslint-disable @typescript-eslint/no-require-imports -- most apps have one kind of source */
const apt = () => require('./source/apt/apt') as typeof import('./source/apt/apt');
const images = () => require('./source/image/image') as typeof import('./source/image/image');
const directories = () => require('./source/root-directory') as typeof import('./source/root-directory');
/* eslint-enable @typescript-eslint/no-require-imports */

/**
 * Options of BinarySource.apt.
 */
export interface AptSourceOptions {
  /**
   * Package sources for the download, as the text of a `.sources` file from `/etc/apt/sources.list.d` (deb822, see sources.list(5)).
   *
   * @default - the sources of this machine's apt
   */
  readonly sources?: string;

  /**
   * Whether to add recommended packages, as `apt-get install` does by default.
   *
   * @default false
   */
  readonly recommends?: boolean;

  /**
   * Whether to run the installation scripts of the packages. They make links and indexes that programs need.
   *
   * They run under bubblewrap, without network or privileges, and can write only to the new root.
   *
   * @default true
   */
  readonly maintainerScripts?: boolean;
}

/**
 * The root file system that programs, libraries and data of a layer come from.
 *
 * Use one of the static methods. Nothing outside of the source is packed, and nothing in it is executed, except for the
 * installation scripts of `apt` packages, and for the commands in `traceCommands`, `testCommand` and `workload`.
 *
 * @example
 * import { App, Stack } from 'aws-cdk-lib';
 * import * as lambda from 'aws-cdk-lib/aws-lambda';
 * import { BinaryLayer, BinarySource } from 'cdk-binary-layer';
 *
 * const stack = new Stack(new App(), 'Queries');
 * new BinaryLayer(stack, 'Jq', {
 *   binary: 'jq',
 *   source: BinarySource.apt(['jq']),
 *   architecture: lambda.Architecture.ARM_64,
 * });
 */
export class BinarySource {
  /**
   * The machine that synthesizes, which must run Linux.
   *
   * Commands are found on PATH. Relative paths are resolved against the working directory. On macOS and Windows, synthesis of a layer
   * from this source fails.
   */
  public static host(): BinarySource {
    return new BinarySource((machine) => openHost(machine));
  }

  /**
   * An unpacked root file system, made by `debootstrap`, for example, or by `docker export` and `tar -x`.
   *
   * The paths in `binary`, `additionalBinaries`, `include` and `exclude` are paths inside the root. Relative paths are resolved against
   * the root itself, and symbolic links never lead out of it. If the directory does not exist, synthesis fails.
   *
   * @param root The directory that contains `usr`. A relative path is resolved against the working directory.
   * @throws Error if the path is a CDK token
   */
  public static directory(root: string): BinarySource {
    checkResolved({ 'the root of BinarySource.directory': root });
    return new BinarySource((machine) => directories().openDirectory(root, machine));
  }

  /**
   * A container image, exported with Docker or the engine that the environment variable `CDK_DOCKER` names (`podman`, `finch`).
   *
   * An image that is not on this machine is pulled. To update a local image, use `docker pull`. The image is never run: its file
   * system is exported once for each image ID, and later syntheses ask the engine only for the ID. The exports are in
   * `cdk-binary-layer/image` below `$XDG_CACHE_HOME`, `~/.cache` or `~/Library/Caches`. You may delete this directory at any time.
   *
   * Commands are found on the PATH that the image sets. Relative paths are resolved against the root directory of the image. The
   * layer's `architecture` property selects the platform of the image. Without it, the engine selects one. If there is no engine
   * or no such image, synthesis fails.
   *
   * @param reference The name of the image: `debian:12`, `public.ecr.aws/debian/debian:12`, `debian@sha256:…`
   * @throws Error if the name is a CDK token
   */
  public static image(reference: string): BinarySource {
    checkResolved({ 'the reference of BinarySource.image': reference });
    return new BinarySource((machine) => images().openImage(reference, machine));
  }

  /**
   * A container image that CDK builds, such as `DockerImage.fromBuild('./tools')`. See `image`.
   *
   * For an architecture other than this machine's, build the image for that platform: `fromBuild('./tools', { platform: 'linux/arm64' })`.
   *
   * @param image The image. `DockerImage.fromBuild` builds it when it is called.
   */
  public static dockerImage(image: DockerImage): BinarySource {
    return BinarySource.image(image.image);
  }

  /**
   * Packages of Debian or Ubuntu with their dependencies, for the layer's `architecture`. They need not be installed.
   *
   * This machine's apt downloads them from its configured sources and verifies them with its keys. They are unpacked into a separate root:
   * nothing is installed, and root rights are not needed. Needs apt, bubblewrap and busybox-static.
   *
   * The root is cached in `cdk-binary-layer/apt` below `$XDG_CACHE_HOME` or `~/.cache`. Later syntheses use the same package
   * versions. To use newer versions, delete this directory or set the environment variable `BINARY_LAYER_REFRESH` to `1`. If a
   * package cannot be downloaded, synthesis fails.
   *
   * @param packages Names as in `apt-get install`: `jq`, `jq=1.6-2.1`, `jq/bookworm-backports`
   * @param options Package sources, recommended packages and installation scripts. By default, packages come from the sources of this
   * machine's apt.
   * @throws Error if a name or an option is a CDK token
   */
  public static apt(packages: string[], options?: AptSourceOptions): BinarySource {
    checkResolved({ 'packages of BinarySource.apt': packages, 'options of BinarySource.apt': options });
    return new BinarySource((machine) => apt().openApt(packages, options, machine), THIS_MACHINE);
  }

  /**
   * The target architecture if none is given; undefined if it is known only once the source is opened.
   *
   * @internal
   */
  public readonly _machine?: Machine;

  private readonly opened = new Map<Machine | undefined, OpenedSource>();

  private constructor(private readonly open: (machine?: Machine) => OpenedSource, machine?: Machine) {
    this._machine = machine;
  }

  /**
   * Opens the source. All layers with the same target architecture share the result.
   *
   * @internal
   */
  public _open(machine?: Machine): OpenedSource {
    let opened = this.opened.get(machine);
    if (!opened) this.opened.set(machine, (opened = this.open(machine)));
    return opened;
  }
}
