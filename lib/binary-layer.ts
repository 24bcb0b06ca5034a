/**
 * The construct `BinaryLayer`, and its properties.
 */
import * as fs from 'fs';
import { Aspects, Duration, Stack, Stage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ArchitectureCheck } from './architecture-check';
import type { LayerAssetOptions } from './asset/layer-asset';
import { LayerAsset } from './asset/layer-asset';
import { LayerCode, UnbundledCode } from './asset/layer-code';
import { BinarySource } from './binary-source';
import { checkResolved } from './deployment-values';
import type { Machine } from './elf';
import { EphemeralStorageCheck } from './ephemeral-storage-check';
import { programName } from './plan/edits/program-name';
import { writeWhole } from './process/whole-file';
import { requestOf, trialOf, workloadOf } from './request';
import { fileError } from './text/file-error';

/**
 * Properties of a BinaryLayer.
 */
export interface BinaryLayerProps extends lambda.LayerVersionOptions {
  /**
   * The program that the layer is for: a command or a path.
   *
   * A name without `/` is a command on PATH, such as `rig`. A name with `/` is a path, such as `./build/tool`. A relative
   * path is resolved against the working directory, or against the root of a `source` other than `BinarySource.host()`.
   */
  readonly binary: string;

  /**
   * Where the programs come from, with their libraries and data.
   *
   * @default BinarySource.host()
   */
  readonly source?: BinarySource;

  /**
   * Target architecture. A program for another architecture is an error.
   *
   * @default - the architecture of the source, or of this machine if the source has several
   */
  readonly architecture?: lambda.Architecture;

  /**
   * More programs for the same layer, each a command or a path like `binary`.
   *
   * Files that the programs share are packed once.
   *
   * @default - none
   */
  readonly additionalBinaries?: string[];

  /**
   * Names of programs in the layer. The keys are values of `binary` and `additionalBinaries`.
   *
   * For example, `{ '/usr/bin/convert-im6.q16': 'convert' }`.
   *
   * @default - the last part of each requested name
   */
  readonly rename?: { [binary: string]: string };

  /**
   * Files, directories and globs to pack in addition to the files that are found.
   *
   * Relative paths are resolved like those of `binary`. A pattern that matches nothing is an error. Files that
   * are not world-readable, and machine-specific files such as `/etc/passwd`, are packed only if listed here. Files that may hold
   * credentials are packed only if listed individually, not as part of a directory or a glob.
   *
   * @default - none
   */
  readonly include?: string[];

  /**
   * Data files, directories and globs to leave out.
   *
   * Libraries that the programs need are packed even if they match. If a pattern leaves out nothing, a notice says so.
   *
   * @default - none
   */
  readonly exclude?: string[];

  /**
   * Whether to find data and plug-ins of the programs.
   *
   * @default true
   */
  readonly detectData?: boolean;

  /**
   * Command lines to run under strace during synthesis. The files that they open or execute are packed.
   *
   * Each runs with `sh -c` in an empty temporary directory, for at most 10 minutes. It runs when the layer is first made on this
   * machine, and again when a file that it opened or looked for, or a directory that it listed, has changed. PATH and LD_LIBRARY_PATH
   * are inherited, HOME is the empty directory, and TMPDIR, LANG=C.UTF-8 and TZ=:UTC are set. Set other variables in the command line,
   * such as `STAGE=test tool`.
   *
   * Files in temporary and home directories, machine-specific files such as `/etc/passwd`, and files that are not world-readable
   * are not packed. Needs strace and the default `source`, `BinarySource.host()`.
   *
   * @default - none
   */
  readonly traceCommands?: string[];

  /**
   * Whether to store the largest files compressed if the layer is larger than 202 MB.
   *
   * By default, files are compressed only if the layer would otherwise be too large for Lambda, or lack files of the packages that the
   * program's package depends on. Synthesis then prints a notice with the size of the compressed files. With `false`, files are never
   * compressed.
   *
   * The first program that starts in an execution environment unpacks these files to `/tmp`, at 300 MB per second or faster. Later
   * starts use the unpacked files. If the function's `ephemeralStorageSize` is too small for them, synthesis prints a warning with
   * the required size. Programs must be started by their paths in `/opt/bin`.
   *
   * @default - only if the layer would otherwise be too large, or lack data of a direct dependency
   */
  readonly compress?: boolean;

  /**
   * A command line that must exit 0 inside the layer, or synthesis fails.
   *
   * It runs in a sandbox whenever the layer is packed. The sandbox contains the layer in `/opt`, an empty `/tmp`, `/dev`,
   * `/proc` and a static shell. It has the environment of a function and no network. Needs bubblewrap and busybox-static.
   *
   * @default - the layer is not tested
   */
  readonly testCommand?: string;

  /**
   * Time limit of `testCommand`: a command that exceeds it is killed, and synthesis fails.
   *
   * @default Duration.seconds(30)
   */
  readonly testTimeout?: Duration;

  /**
   * Command lines that represent everything the function does with the programs. The layer contains only what they use.
   *
   * Libraries that no command calls are left out, or replaced by stubs if a kept file depends on them. A stub has the name and the
   * functions of the library, but no code. A program that calls a stub prints the path of the program, the function and the library
   * on standard error, and exits with code 127.
   *
   * A library also stays if a kept program or library imports data from it, such as a variable. The exception is a library larger than
   * 1 MB whose data no command reads: it becomes a stub. If a program is killed by SIGSEGV because it reads data of a stub, name the
   * library in `keep`.
   *
   * Data, plug-ins and helper programs that no command opens, executes or looks at are left out. A directory that a command lists is
   * kept, but only with the files that a command uses. These files are always kept: licences, files that the C library opens, the
   * files of `include` and `keep`, and the configuration of the requested packages.
   *
   * The commands run under strace in the sandbox of `testCommand`, first in the complete layer and then with stubs. A command that
   * calls a stub runs again with the library. At the end, all commands run twice in the slim layer. Each must exit 0 within 10
   * minutes. They run when the layer is first made on this machine, and again when the commands, `workloadFiles`, or files of the
   * layer have changed. Only the slim layer has to fit Lambda's quota. Needs strace, bubblewrap and busybox-static.
   *
   * @default - the layer contains everything that is found
   */
  readonly workload?: string[];

  /**
   * A directory with files for the commands of `workload`. It is mounted at `/var/task`, their working directory.
   *
   * A relative path is resolved against the working directory of synthesis.
   *
   * @default - an empty directory
   */
  readonly workloadFiles?: string;

  /**
   * Globs for libraries and files to keep even if the `workload` does not use them.
   *
   * A glob without `/` matches file names, such as `libx265.so.*`. A glob with `/` matches paths, and selects everything below them.
   * A glob that matches nothing is an error. `keep` cannot add files that were not found: use `include` for that.
   *
   * @default - none
   */
  readonly keep?: string[];

  /**
   * A lock file that records which files the `workload` uses. Commit it: with it, synthesis runs no commands.
   *
   * Synthesis writes it if it does not exist. If the programs, the architecture, the workload, or the used files have changed
   * since, synthesis fails: run `binary-layer slim` with `--lock` to renew the file. A relative path is resolved
   * against the working directory of synthesis.
   *
   * @default - the result is stored only in this user's cache
   */
  readonly workloadLock?: string;

  /**
   * Whether to print why each file is packed or skipped, on standard error.
   *
   * The environment variable `BINARY_LAYER_VERBOSE=1` turns this on for every layer that does not set it.
   *
   * @default false
   */
  readonly verbose?: boolean;

  /**
   * Whether to write a software bill of materials beside the asset: `asset.HASH.cdx.json` in `cdk.out`.
   *
   * The format is CycloneDX 1.6, in JSON: packages with their versions, package URLs and licences, and files with their SHA-256 in
   * the layer.
   *
   * @default false
   */
  readonly sbom?: boolean;

  /**
   * Runtimes that the layer is declared compatible with. The programs do not depend on a runtime.
   *
   * @default - all runtimes
   */
  readonly compatibleRuntimes?: lambda.Runtime[];
}

/**
 * A Lambda layer in which a Linux program runs, with its libraries, dynamic loader, plug-ins and data.
 *
 * The files are found during synthesis, on this machine or in a `source`. The program is at `/opt/bin/NAME`, which is on the PATH
 * of every function that has the layer.
 *
 * If the layer cannot be made, is larger than Lambda accepts, or does not pass `testCommand`, the constructor throws an error and
 * writes nothing. The zip is packed while the app makes other constructs, and is complete when the app is synthesized. If packing
 * fails, for example because the disk is full, `app.synth()` throws the error.
 *
 * For unit tests, set `BINARY_LAYER_SKIP=1` in the environment, or the context `aws:cdk:bundling-stacks: []`. No layer is made then,
 * and the template cannot be deployed.
 *
 * @example
 * import { App, Stack } from 'aws-cdk-lib';
 * import * as lambda from 'aws-cdk-lib/aws-lambda';
 * import { BinaryLayer } from 'cdk-binary-layer';
 *
 * const stack = new Stack(new App(), 'Identities');
 * const rig = new BinaryLayer(stack, 'Rig', { binary: 'rig' });
 * new lambda.Function(stack, 'Function', {
 *   runtime: lambda.Runtime.PYTHON_3_13, handler: 'handler.handler', code: lambda.Code.fromAsset('function'), layers: [rig],
 * });
 */
export class BinaryLayer extends lambda.LayerVersion {
  private readonly names: ReadonlyMap<string, string>;
  private readonly binary: string;

  /**
   * Makes the layer, or reuses the last one if its source is unchanged.
   *
   * @param scope The stack, or a construct in one
   * @param id The name of the layer in its scope
   * @param props The program and its options
   * @throws Error if the layer cannot be made, is larger than Lambda accepts, or does not pass `testCommand`; nothing is written then
   */
  constructor(scope: Construct, id: string, props: BinaryLayerProps) {
    const label = `${scope.node.path}/${id}`.replace(/^\//, '');
    labelled(label, () => checkResolved(ownPropsOf(props)));
    const asset = isBundlingRequired(scope) ? labelled(label, () => assetOf(label, props)) : undefined;
    const code = asset ? new LayerCode(asset, (work) => labelled(label, work)) : new UnbundledCode();
    const builtFor = asset ? ARCHITECTURES[asset.machine] : labelled(label, () => statedArchitecture(props));
    const {
      binary,
      source,
      architecture,
      additionalBinaries,
      rename,
      include,
      exclude,
      detectData,
      traceCommands,
      compress,
      testCommand,
      testTimeout,
      verbose,
      sbom,
      workload,
      workloadFiles,
      keep,
      workloadLock,
      ...options
    } = props;
    super(scope, id, { ...options, code, compatibleArchitectures: builtFor && [builtFor] });
    this.binary = binary;
    this.names = new Map([binary, ...(additionalBinaries ?? [])].map((name) => [name, programName(name, rename ?? {})]));
    const file = sbom ? code.finished() : undefined;
    if (file !== undefined) labelled(label, () => writeSbom(file));
    // added to the stage, because aspects of an app do not visit constructs in its stages. A layer is used only inside its own stage
    const aspects = Aspects.of(Stage.of(this) ?? this.node.root);
    if (builtFor) aspects.add(new ArchitectureCheck(this, builtFor));
    if (asset && asset.temporaryBytes > 0) aspects.add(new EphemeralStorageCheck(this, asset.temporaryBytes));
  }

  /**
   * The path of a program in the function, such as `/opt/bin/rig`.
   *
   * @param binary The program: the value of `binary`, or one of `additionalBinaries`. The default is the value of `binary`.
   * @returns An absolute path
   * @throws Error if the layer has no such program
   */
  public executablePath(binary?: string): string {
    const name = this.names.get(binary ?? this.binary);
    if (name === undefined) {
      throw new Error(`BinaryLayer ${this.node.path}: no program '${binary}' in this layer, it has ${[...this.names.keys()].join(', ')}`);
    }
    return `/opt/bin/${name}`;
  }
}

/**
 * True if the layer must be made. False for `cdk ls` and `cdk destroy`, which need no assets, and for unit tests that skip layers: then
 * no file is read, and the program need not exist.
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
  return new LayerAsset(label, source, requestOf({ binaries: [binary, ...additionalBinaries], ...options }, source), assetOptionsOf(props));
}

function assetOptionsOf({ testCommand, testTimeout = Duration.seconds(30), verbose, ...options }: BinaryLayerProps): LayerAssetOptions {
  return {
    workload: workloadOf(options),
    trial: trialOf(testCommand, testTimeout.toMilliseconds()),
    verbose: verbose ?? process.env.BINARY_LAYER_VERBOSE === '1',
  };
}

/** The target architecture if the properties state it, directly or by the source. Templates include it even if nothing is bundled. */
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

/** Adds the layer's name to errors. */
function labelled<T>(label: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`BinaryLayer ${label}: ${(error as Error).message}`);
  }
}

/** The properties that are used during synthesis. CloudFormation resolves tokens in the others. */
function ownPropsOf({
  binary, architecture, additionalBinaries, rename, include, exclude, detectData, traceCommands, compress, testCommand, testTimeout,
  verbose, sbom, workload, workloadFiles, keep, workloadLock,
}: BinaryLayerProps): Record<string, unknown> {
  return {
    ...{ binary, architecture: architecture?.name, additionalBinaries, rename, include, exclude },
    ...{ detectData, traceCommands, compress, testCommand, testTimeout, verbose, sbom, workload, workloadFiles, keep, workloadLock },
  };
}

/**
 * Writes the bill of materials beside the zip. The zip's name is a hash of its content, so an existing bill of materials stays valid
 * unless it is truncated, or another version of this package wrote it.
 */
function writeSbom(zip: string): void {
  const file = zip.replace(/\.zip$/, '.cdx.json');
  /* eslint-disable @typescript-eslint/no-require-imports -- most layers have no bill of materials */
  const { readContents } = require('./inspect/contents') as typeof import('./inspect/contents');
  const { isOwnSbom, sbomOf } = require('./inspect/sbom') as typeof import('./inspect/sbom');
  /* eslint-enable @typescript-eslint/no-require-imports */
  try {
    if (!fs.existsSync(file) || !isOwnSbom(fs.readFileSync(file, 'utf8'))) writeWhole(file, sbomOf(readContents(zip)));
  } catch (error) {
    throw fileError(error, 'cannot write', file);
  }
}
