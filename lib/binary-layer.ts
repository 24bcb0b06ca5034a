import * as fs from 'fs';
import { Aspects, Duration, Stack, Stage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ArchitectureCheck } from './architecture-check';
import type { Checks } from './asset/layer-asset';
import { LayerAsset } from './asset/layer-asset';
import { LayerCode, UnbundledCode } from './asset/layer-code';
import { BinarySource } from './binary-source';
import { checkResolved } from './deployment-values';
import type { Machine } from './elf';
import { readContents } from './inspect/contents';
import { isOwnSbom, sbomOf } from './inspect/sbom';
import { programName } from './plan/plan-layer';
import { writeWhole } from './process/whole-file';
import { requestOf, trialOf } from './request';
import { fileError } from './text/file-error';

/**
 * Properties of a BinaryLayer.
 */
export interface BinaryLayerProps extends lambda.LayerVersionOptions {
  /**
   * The program: a command, looked for in the directories of PATH, or the path to a file.
   *
   * What has a `/` is a path, relative ones from the working directory, or from the top of a source that is given.
   */
  readonly binary: string;

  /**
   * Where the programs are taken from, with their libraries and data.
   *
   * @default BinarySource.host()
   */
  readonly source?: BinarySource;

  /**
   * What the programs are to be for. One that is for anything else is an error.
   *
   * @default - what the source has; the machine's own, where the source could have either
   */
  readonly architecture?: lambda.Architecture;

  /**
   * More programs for the same layer, each a command or a path. What they share is packed once.
   *
   * @default - none
   */
  readonly additionalBinaries?: string[];

  /**
   * Names of the programs in the layer, by what they were asked for as: `{ '/usr/bin/convert-im6.q16': 'convert' }`.
   *
   * @default - each program keeps its file's name
   */
  readonly rename?: { [binary: string]: string };

  /**
   * Files, directories and globs to pack beside what is found, relative ones as those of `binary`.
   *
   * What not everybody may read is packed only where it is named here.
   *
   * @default - nothing
   */
  readonly include?: string[];

  /**
   * Files, directories and globs among the data that are not to be packed.
   *
   * @default - nothing
   */
  readonly exclude?: string[];

  /**
   * Whether to look for the data and plug-ins of the programs.
   *
   * @default true
   */
  readonly detectData?: boolean;

  /**
   * Command lines that show what else the programs need: what they open or execute is packed as well.
   *
   * Each is run by `sh -c` under strace, in an empty temporary directory, when the layer is first made of what this
   * machine has, and again when a file that it opened, looked for or listed has changed. Its environment is PATH and
   * LD_LIBRARY_PATH of this process, HOME (the empty directory), TMPDIR, LANG=C.UTF-8 and TZ=:UTC; set other variables in
   * the command line, such as `STAGE=test tool`. Files in temporary and home directories, those that belong to
   * the machine, and those that not everybody may read are not packed.
   *
   * @default - none
   */
  readonly traceCommands?: string[];

  /**
   * A command line that has to exit with status 0 in the layer before that is accepted.
   *
   * It is run by a static shell under bubblewrap, whenever the layer is packed, where there is nothing but the layer in
   * `/opt`, an empty `/tmp`, `/dev` and `/proc`, with the environment of a function and without network.
   *
   * @default - the layer is not tried
   */
  readonly testCommand?: string;

  /**
   * How long `testCommand` may take.
   *
   * @default Duration.seconds(30)
   */
  readonly testTimeout?: Duration;

  /**
   * Whether to say on standard error what is packed and why, and what was found and left out.
   *
   * The environment variable `BINARY_LAYER_VERBOSE=1` asks for the same of every layer that does not say.
   *
   * @default false
   */
  readonly verbose?: boolean;

  /**
   * Whether to write a software bill of materials beside the layer's asset, as `asset.HASH.cdx.json` in `cdk.out`.
   *
   * It is CycloneDX 1.6: packages with their versions, package URLs and licences, and files with the SHA-256 that they have
   * in the layer.
   *
   * @default false
   */
  readonly sbom?: boolean;

  /**
   * The runtimes that the layer is listed for. The programs in it do not depend on any.
   *
   * @default - all runtimes
   */
  readonly compatibleRuntimes?: lambda.Runtime[];
}

/**
 * A Lambda layer in which a Linux program runs, with its libraries, loader, plug-ins and data.
 *
 * They are found on the machine that synthesizes, or in the source that is given. The program is at `/opt/bin/NAME`, which is on the PATH of
 * every function that has the layer.
 *
 * @example
 * const rig = new BinaryLayer(this, 'Rig', { binary: 'rig' });
 */
export class BinaryLayer extends lambda.LayerVersion {
  private readonly names: ReadonlyMap<string, string>;
  private readonly binary: string;

  constructor(scope: Construct, id: string, props: BinaryLayerProps) {
    const label = `${scope.node.path}/${id}`.replace(/^\//, '');
    labelled(label, () => checkResolved(ownPropsOf(props)));
    const asset = isBundlingRequired(scope) ? labelled(label, () => assetOf(label, props)) : undefined;
    const code = asset ? new LayerCode(asset, (work) => labelled(label, work)) : new UnbundledCode();
    const builtFor = asset ? ARCHITECTURES[asset.machine] : labelled(label, () => statedArchitecture(props));
    const {
      binary, source, architecture, additionalBinaries, rename, include, exclude, detectData, traceCommands, testCommand, testTimeout, verbose,
      sbom, ...options
    } = props;
    super(scope, id, { ...options, code, compatibleArchitectures: builtFor && [builtFor] });
    this.binary = binary;
    this.names = new Map([binary, ...(additionalBinaries ?? [])].map((name) => [name, programName(name, rename ?? {})]));
    const { file } = code;
    if (file !== undefined && sbom) labelled(label, () => writeSbom(file));
    // aspects do not enter a stage from outside, and no layer is used outside of its own
    if (builtFor) Aspects.of(Stage.of(this) ?? this.node.root).add(new ArchitectureCheck(this, builtFor));
  }

  /**
   * Where a program is inside the function, as `/opt/bin/rig`.
   *
   * @param binary one of the programs, as it was asked for @default - the layer's own, `binary`
   */
  public executablePath(binary?: string): string {
    const name = this.names.get(binary ?? this.binary);
    if (name === undefined) throw new Error(`BinaryLayer ${this.node.path}: no program '${binary}' in this layer, it has ${[...this.names.keys()].join(', ')}`);
    return `/opt/bin/${name}`;
  }
}

/**
 * Whether the layer is made: `cdk ls` and `cdk destroy` ask for no assets, and unit tests may do without. Otherwise nothing is
 * looked at, and the program need not exist.
 */
function isBundlingRequired(scope: Construct): boolean {
  return process.env.BINARY_LAYER_SKIP !== '1' && Stack.of(scope).bundlingRequired;
}

const ARCHITECTURES: Record<Machine, lambda.Architecture> = {
  x86_64: lambda.Architecture.X86_64,
  aarch64: lambda.Architecture.ARM_64,
};

function assetOf(label: string, props: BinaryLayerProps): LayerAsset {
  const source = (props.source ?? BinarySource.host())._open(machineOf(props.architecture));
  const { binary, additionalBinaries = [], ...options } = props;
  return new LayerAsset(label, source, requestOf({ binaries: [binary, ...additionalBinaries], ...options }, source), checksOf(props));
}

function checksOf({ testCommand, testTimeout = Duration.seconds(30), verbose }: BinaryLayerProps): Checks {
  return {
    trial: trialOf(testCommand, testTimeout.toMilliseconds()),
    verbose: verbose ?? process.env.BINARY_LAYER_VERBOSE === '1',
  };
}

/** The architecture that the properties determine, so that templates without bundling have it, too. */
function statedArchitecture({ architecture, source }: BinaryLayerProps): lambda.Architecture | undefined {
  const machine = machineOf(architecture) ?? source?._machine;
  return machine && ARCHITECTURES[machine];
}

function machineOf(architecture: lambda.Architecture | undefined): Machine | undefined {
  if (architecture === undefined) return undefined;
  const [machine] = Object.entries(ARCHITECTURES).find(([, { name }]) => name === architecture.name) ?? [];
  if (machine === undefined) {
    const names = Object.values(ARCHITECTURES).map(({ name }) => name);
    throw new Error(`architecture is ${architecture.name}, expected one of ${names.join(', ')}`);
  }
  return machine as Machine;
}

/** Errors name the layer. */
function labelled<T>(label: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`BinaryLayer ${label}: ${(error as Error).message}`);
  }
}

/** The properties that are used during synthesis; CloudFormation resolves tokens in the others. */
function ownPropsOf({
  binary, architecture, additionalBinaries, rename, include, exclude, detectData, traceCommands, testCommand, testTimeout, verbose, sbom,
}: BinaryLayerProps): Record<string, unknown> {
  return {
    ...{ binary, architecture: architecture?.name, additionalBinaries, rename, include, exclude },
    ...{ detectData, traceCommands, testCommand, testTimeout, verbose, sbom },
  };
}

/** The zip is named by its content, so an existing bill stays correct, unless it was cut off or another version wrote it. */
function writeSbom(zip: string): void {
  const file = zip.replace(/\.zip$/, '.cdx.json');
  try {
    if (!fs.existsSync(file) || !isOwnSbom(fs.readFileSync(file, 'utf8'))) writeWhole(file, sbomOf(readContents(zip)));
  } catch (error) {
    throw fileError(error, 'cannot write', file);
  }
}
