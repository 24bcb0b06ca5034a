/**
 * The code of a layer version: an asset whose zip a bundling hook makes, or a placeholder if bundling is off.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import type { BundlingOptions, CfnResource, ILocalBundling } from 'aws-cdk-lib';
import { Aspects, AssetHashType, BundlingOutput, DockerImage, Stage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { LayerAsset } from './layer-asset';
import { UnfinishedZip } from './unfinished-zip';
import { removeLeftovers } from '../process/leftovers';
import { withLock } from '../process/lock';
import { fileError } from '../text/file-error';

/** The lock file in the output directory. It exists while an asset is staged. */
const LOCK = '.cdk-binary-layer.lock';

/** The error for a zip that cannot be written. */
function cannotWrite(error: unknown, file: string): unknown {
  return fileError(error, 'cannot write', file, 'choose another output directory with cdk --output, or make room there');
}

/**
 * CDK's bundling hook. It takes the zip from the cache if it is there. Otherwise, a layer with a test is packed and tested now; a layer
 * without one is packed later, and CDK gets an empty file. The request is checked before CDK calls the hook.
 */
class BundlingHook implements ILocalBundling {
  // #private fields, because CDK's asset hash includes all enumerable properties
  readonly #asset: LayerAsset;
  #failure?: unknown;
  #isDone = false;

  constructor(asset: LayerAsset) {
    this.#asset = asset;
  }

  /** The original error of `tryBundle`. CDK throws another one instead, which names an output directory. */
  public get failure(): unknown {
    return this.#failure;
  }

  /** True if this hook has written the zip. */
  public get isDone(): boolean {
    return this.#isDone;
  }

  public tryBundle(outputDir: string, _options: BundlingOptions): boolean {
    const zip = path.join(outputDir, 'layer.zip');
    try {
      if (this.#asset.isTested) this.#asset.write(zip);
      this.#isDone = this.#asset.isTested || this.#asset.restore(zip);
      if (!this.#isDone) fs.writeFileSync(zip, '');
      return true;
    } catch (error) {
      fs.rmSync(outputDir, { recursive: true, force: true });
      this.#failure = error;
      throw error;
    }
  }
}

/** A zip that CDK stages when the layer version is made, and uploads as it is. Packing may continue until the app is synthesized. */
export class LayerCode extends lambda.Code {
  public readonly isInline = false;
  private code?: lambda.Code;
  private file?: string;
  private unfinished?: UnfinishedZip;

  /** @param named adds the layer's name to errors */
  constructor(private readonly asset: LayerAsset, private readonly named: <T>(work: () => T) => T) {
    super();
  }

  public bind(scope: Construct): lambda.CodeConfig {
    const stage = Stage.of(scope);
    if (!stage) throw new Error(`BinaryLayer ${scope.node.path} is not in an App or a Stage: create its stack in one`);
    const config = this.named(() => this.stage(scope, stage));
    if (this.unfinished) Aspects.of(scope).add({ visit: () => this.unfinished?.finish() });
    return config;
  }

  public bindToResource(resource: CfnResource, options?: lambda.ResourceBindOptions): void {
    this.code?.bindToResource(resource, options);
  }

  /**
   * Waits until the zip is complete.
   *
   * @returns its path, if it is staged
   * @throws Error if the zip could not be packed
   */
  public finished(): string | undefined {
    this.unfinished?.finish();
    return this.file;
  }

  /**
   * CDK bundles in a directory whose name is the same in every process, so apps that share an output directory stage their layers one
   * after the other. CDK assumes that an existing directory with the asset's name is complete, so a directory without the right zip is
   * removed first.
   */
  private stage(scope: Construct, { outdir: stageOutdir, assetOutdir: outdir }: Stage): lambda.CodeConfig {
    const { hash } = this.asset;
    UnfinishedZip.settle(hash);
    const hook = new BundlingHook(this.asset);
    const bundling = {
      image: DockerImage.fromRegistry('not used: this asset is bundled without a container'),
      local: hook,
      outputType: BundlingOutput.ARCHIVED,
    };
    const directory = path.join(outdir, `asset.${bundledHash(hash, bundling)}`);
    const expected = `${directory}.zip`;
    const clear = () => {
      for (const place of [directory, expected]) fs.rmSync(place, { recursive: true, force: true });
    };
    try {
      removeLeftovers(outdir, LOCK);
      return withLock(path.join(outdir, LOCK), () => {
        if (!this.asset.isAt(expected)) clear();
        this.code = lambda.Code.fromAsset(__dirname, { assetHash: hash, assetHashType: AssetHashType.CUSTOM, bundling });
        const config = this.code.bind(scope);
        const file = path.resolve(stageOutdir, (scope.node.findChild('Code') as Asset).assetPath);
        if (hook.isDone) {
          this.asset.renamed(file);
        } else if (!this.asset.isAt(file)) {
          // removes the hook's empty file. CDK stages an asset only once in a process, so no file is there if the staged zip was removed
          fs.rmSync(file, { force: true });
          if (this.asset.isTested) this.asset.write(file);
          else this.unfinished = this.packed(file, clear);
        }
        this.file = file;
        return config;
      });
    } catch (error) {
      throw cannotWrite(hook.failure ?? error, expected);
    }
  }

  /** Starts to pack the zip. @param clear removes what CDK has staged */
  private packed(file: string, clear: () => void): UnfinishedZip {
    const orClear = <T>(work: () => T): T => {
      try {
        return work();
      } catch (error) {
        clear();
        throw cannotWrite(error, file);
      }
    };
    const finish = orClear(() => this.asset.pack(file));
    return new UnfinishedZip(this.asset.hash, () => this.named(() => orClear(() => finish(file))));
  }
}

/** The hash that CDK names the asset by: see `calculateHash` in aws-cdk-lib/core/lib/asset-staging.ts. */
function bundledHash(assetHash: string, bundling: BundlingOptions): string {
  return createHash('sha256').update(assetHash).update(JSON.stringify(bundling)).digest('hex');
}

/**
 * An S3 object that cannot exist: no bucket can be created with this name (underscores and capitals are not allowed), so a template
 * that was synthesized without bundling cannot be deployed by mistake. It is the same for all layers and on all machines, so
 * that snapshots of templates are stable.
 */
const NOT_BUNDLED = { bucketName: 'BUNDLING_IS_OFF', objectKey: 'layer.zip' };

export class UnbundledCode extends lambda.Code {
  public readonly isInline = false;

  public bind(_scope: Construct): lambda.CodeConfig {
    return { s3Location: NOT_BUNDLED };
  }

  public finished(): undefined {
    return undefined;
  }
}
