import type { DockerImage } from 'aws-cdk-lib';
import { checkResolved } from './deployment-values';
import type { Machine } from './elf';
import { THIS_MACHINE } from './loader/machine';
import { openApt } from './source/apt/apt';
import { openDirectory } from './source/directory';
import { openHost } from './source/host';
import { openImage } from './source/image/image';
import type { OpenedSource } from './source/source';

/**
 * How packages are fetched and unpacked.
 */
export interface AptSourceOptions {
  /**
   * Where from: the text of a deb822 file, as it stands in `/etc/apt/sources.list.d/*.sources` (sources.list(5)).
   *
   * @default - what the machine's own apt has
   */
  readonly sources?: string;

  /**
   * Whether to bring what packages recommend, beside what they depend on.
   *
   * @default false
   */
  readonly recommends?: boolean;

  /**
   * Whether to run the scripts of the packages that an installation would run, which make links and indexes that
   * programs need: under bubblewrap, without network and privileges, with nothing but the new root to write to.
   *
   * @default true
   */
  readonly maintainerScripts?: boolean;
}

/**
 * Where the programs of a layer are taken from: a root file system of Linux, whatever it was made by.
 *
 * Nothing of any other source is read than of the one that is given, and nothing in it is executed.
 */
export abstract class BinarySource {
  /**
   * The machine that synthesizes, which has to run Linux.
   *
   * Commands are looked for on its PATH, and relative paths count from the working directory.
   */
  public static host(): BinarySource {
    return new Opener((machine) => openHost(machine));
  }

  /**
   * An unpacked root file system, as `debootstrap` makes it, or `docker export` and `tar -x`.
   *
   * Paths are those inside it, and so are symbolic links, absolute ones included. Relative paths of a layer count from
   * its top.
   *
   * @param root the directory that holds `usr`, relative to the working directory
   */
  public static directory(root: string): BinarySource {
    checkResolved({ 'the root of BinarySource.directory': root });
    return new Opener((machine) => openDirectory(root, machine));
  }

  /**
   * A container image, through Docker or the engine that the environment variable `CDK_DOCKER` names (`podman`, `finch`).
   *
   * Nothing of the image is run: its file system is exported once, and kept by the image's id in `cdk-binary-layer/image`
   * below `$XDG_CACHE_HOME`, `~/.cache` or `~/Library/Caches`, which may be deleted at any time. From then on the engine
   * is only asked for the id, so that a name which has come to stand for another image is noticed. An image that is not
   * there is pulled; one that is there is not updated, `docker pull` does that.
   *
   * Commands are looked for on the PATH that the image sets, and relative paths count from its top. With `architecture` it
   * is the image for that platform; without, the engine's own choice.
   *
   * @param reference `debian:12`, `public.ecr.aws/debian/debian:12`, `debian@sha256:…`
   */
  public static image(reference: string): BinarySource {
    checkResolved({ 'the reference of BinarySource.image': reference });
    return new Opener((machine) => openImage(reference, machine));
  }

  /**
   * An image that CDK builds or names, as `DockerImage.fromBuild('./tools')`. See `image`.
   *
   * An image that is built here for another architecture has to be told so: `fromBuild('./tools', { platform: 'linux/arm64' })`.
   */
  public static dockerImage(image: DockerImage): BinarySource {
    return BinarySource.image(image.image);
  }

  /**
   * Packages of Debian or Ubuntu, with all that they depend on, whether or not they are installed and for either
   * architecture, which is the layer's `architecture`.
   *
   * The machine's apt fetches them, from its own sources and checked by its own keys, and they are unpacked into a root of
   * their own: nothing is installed, and no root rights are needed. The root is kept by the versions of its packages in
   * `cdk-binary-layer/apt` below `$XDG_CACHE_HOME` or `~/.cache`. Newer versions are looked for when that is deleted, and
   * where the environment variable `BINARY_LAYER_REFRESH` is `1`.
   *
   * @param packages as `apt-get install` takes them: `jq`, `jq=1.6-2.1`, `jq/bookworm-backports`
   */
  public static apt(packages: string[], options?: AptSourceOptions): BinarySource {
    checkResolved({ 'packages of BinarySource.apt': packages, 'options of BinarySource.apt': options });
    return new Opener((machine) => openApt(packages, options, machine), THIS_MACHINE);
  }

  /**
   * What its programs are for if no architecture is given; undefined if that is known only when it is opened.
   *
   * @internal
   */
  public abstract readonly _machine?: Machine;

  /** @internal */
  public abstract _open(machine?: Machine): OpenedSource;
}

/** Opens a source once for each machine, however many layers are made from it. */
class Opener extends BinarySource {
  private readonly opened = new Map<Machine | undefined, OpenedSource>();

  /** @internal */
  constructor(private readonly open: (machine?: Machine) => OpenedSource, public readonly _machine?: Machine) {
    super();
  }

  /** @internal */
  public _open(machine?: Machine): OpenedSource {
    let opened = this.opened.get(machine);
    if (!opened) this.opened.set(machine, (opened = this.open(machine)));
    return opened;
  }
}
