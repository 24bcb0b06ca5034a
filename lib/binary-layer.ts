import * as fs from 'fs';
import * as path from 'path';
import { AssetHashType, Aspects, Annotations, BundlingOutput, DockerImage, Duration, IAspect, Stack, Stage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct, IConstruct } from 'constructs';
import { BinarySource } from './binary-source';
import { Bundling, Checks } from './bundling';
import { checkResolved } from './deployment-values';
import { Machine } from './elf';
import { readContents } from './inspect/contents';
import { isOwnSbom, sbomOf } from './inspect/sbom';
import { LayerRequest, programName } from './plan/plan-layer';
import { writeWhole } from './process/whole-file';
import { OpenedSource } from './source/source';

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
    // `cdk ls` and `cdk destroy` ask for no assets: nothing is looked at then
    const bundling = Stack.of(scope).bundlingRequired ? bundle(label, props) : undefined;
    const {
      binary, source, architecture, additionalBinaries, rename, include, exclude, detectData, traceCommands, testCommand, testTimeout, verbose,
      sbom, ...options
    } = props;
    try {
      super(scope, id, {
        ...options,
        code: lambda.Code.fromAsset(__dirname, {
          assetHash: bundling?.assetHash ?? 'not bundled',
          assetHashType: AssetHashType.CUSTOM,
          bundling: {
            image: DockerImage.fromRegistry('not used: this asset is bundled without a container'),
            local: bundling,
            outputType: BundlingOutput.ARCHIVED,
          },
        }),
        compatibleArchitectures: bundling && [ARCHITECTURES[bundling.fingerprint.machine]],
      });
    } catch (error) {
      throw bundling ? bundling.unwrapped(error) : error;
    }
    this.binary = binary;
    this.names = new Map([binary, ...(additionalBinaries ?? [])].map((name) => [name, programName(name, rename ?? {})]));
    if (bundling) {
      const zip = this.stagedZip();
      if (zip !== undefined) restore(zip, bundling);
      if (zip !== undefined && sbom) labelled(label, () => writeSbom(zip));
      Aspects.of(this.node.root).add(new ArchitectureCheck(this, ARCHITECTURES[bundling.fingerprint.machine]));
    }
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

  /** Where CDK has put the layer's zip. */
  private stagedZip(): string | undefined {
    const asset = this.node.tryFindChild('Code') as Asset | undefined;
    const outdir = Stage.of(this)?.outdir;
    const file = asset && outdir !== undefined ? path.resolve(outdir, asset.assetPath) : undefined;
    return file?.endsWith('.zip') ? file : undefined;
  }
}

/**
 * CDK takes an asset for complete while the directory beside its zip stands: where only the zip was deleted, it would
 * stage an empty one.
 */
function restore(zip: string, bundling: Bundling): void {
  if (!fs.existsSync(zip) || fs.statSync(zip).size === 0) bundling.pack(zip);
}

/** The zip is named by its content: what describes it once holds for good, unless it was cut off, or another version says it otherwise. */
function writeSbom(zip: string): void {
  const file = zip.replace(/\.zip$/, '.cdx.json');
  if (!fs.existsSync(file) || !isOwnSbom(fs.readFileSync(file, 'utf8'))) writeWhole(file, sbomOf(readContents(zip)));
}

const ARCHITECTURES: Record<Machine, lambda.Architecture> = {
  x86_64: lambda.Architecture.X86_64,
  aarch64: lambda.Architecture.ARM_64,
};

function bundle(label: string, props: BinaryLayerProps): Bundling {
  return labelled(label, () => {
    const source = (props.source ?? BinarySource.host())._open(machineOf(props.architecture));
    return Bundling.of(label, source, requestOf(props, source), checksOf(props));
  });
}

/** What is thrown says which layer it is about. */
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

function machineOf(architecture: lambda.Architecture | undefined): Machine | undefined {
  if (architecture === undefined) return undefined;
  const [machine] = Object.entries(ARCHITECTURES).find(([, { name }]) => name === architecture.name) ?? [];
  if (machine === undefined) throw new Error(`architecture is ${architecture.name}, expected one of ${Object.values(ARCHITECTURES).map(({ name }) => name).join(', ')}`);
  return machine as Machine;
}

function requestOf(props: BinaryLayerProps, { machine, searchPath, libraryPath, cwd }: OpenedSource): LayerRequest {
  for (const command of props.traceCommands ?? []) checkCommand('a command of traceCommands', command);
  return {
    binaries: [props.binary, ...(props.additionalBinaries ?? [])],
    rename: props.rename ?? {},
    include: props.include ?? [],
    exclude: props.exclude ?? [],
    detectData: props.detectData ?? true,
    traceCommands: props.traceCommands ?? [],
    machine,
    searchPath,
    libraryPath,
    cwd,
  };
}

function checksOf({ testCommand, testTimeout = Duration.seconds(30), verbose }: BinaryLayerProps): Checks {
  if (testCommand !== undefined) checkCommand('testCommand', testCommand);
  const timeout = testTimeout.toMilliseconds();
  if (timeout === 0) throw new Error('testTimeout is 0, expected some time for testCommand to end');
  return {
    trial: testCommand === undefined ? undefined : { command: testCommand, timeout },
    verbose: verbose ?? process.env.BINARY_LAYER_VERBOSE === '1',
  };
}

function checkCommand(what: string, command: string): void {
  if (command.trim() === '') throw new Error(`${what} is empty, expected a command line for sh`);
  if (command.includes('\0')) throw new Error(`${what} has a NUL character, expected a command line for sh: ${JSON.stringify(command)}`);
}

/** CDK does not warn when a function runs on another architecture than its layer is for. */
class ArchitectureCheck implements IAspect {
  constructor(private readonly layer: BinaryLayer, private readonly architecture: lambda.Architecture) {}

  public visit(node: IConstruct): void {
    if (!(node instanceof lambda.Function) || node.architecture.name === this.architecture.name) return;
    // CDK keeps a function's layers to itself
    const { _layers: layers = [] } = node as unknown as { _layers?: lambda.ILayerVersion[] };
    if (!layers.includes(this.layer)) return;
    Annotations.of(node).addWarningV2('cdk-binary-layer:architecture', [
      `the layer ${this.layer.node.path} is for ${this.architecture.name}, the function runs on ${node.architecture.name}:`,
      `its programs will not start. Set the function's architecture to lambda.Architecture.${this.architecture === lambda.Architecture.ARM_64 ? 'ARM_64' : 'X86_64'}.`,
    ].join(' '));
  }
}
