/**
 * The code of a layer version: an asset whose zip a bundling hook makes, or a placeholder if bundling is off.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import type { BundlingOptions, CfnResource, ILocalBundling } from 'aws-cdk-lib';
import { AssetHashType, BundlingOutput, DockerImage, Stage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { LayerAsset } from './layer-asset';
import { removeLeftovers } from '../process/leftovers';
import { withLock } from '../process/lock';
import { fileError } from '../text/file-error';

/** The lock file in the output directory, which exists while an asset is staged. */
const LOCK = '.cdk-binary-layer.lock';

/**
 * CDK's bundling hook: packs the plan, or copies the zip from the cache. The request is checked before CDK calls it.
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
    try {
      this.#asset.write(path.join(outputDir, 'layer.zip'));
      this.#isDone = true;
      return true;
    } catch (error) {
      fs.rmSync(outputDir, { recursive: true, force: true });
      this.#failure = error;
      throw error;
    }
  }
}

/** A zip that CDK stages when the layer version is made, and uploads as it is. */
export class LayerCode extends lambda.Code {
  public readonly isInline = false;
  /** the path of the zip, once it is staged */
  public file?: string;
  private code?: lambda.Code;

  /** @param named adds the layer's name to errors */
  constructor(private readonly asset: LayerAsset, private readonly named: <T>(work: () => T) => T) {
    super();
  }

  public bind(scope: Construct): lambda.CodeConfig {
    const stage = Stage.of(scope);
    if (!stage) throw new Error(`BinaryLayer ${scope.node.path} is not in an App or a Stage: create its stack in one`);
    return this.named(() => this.stage(scope, stage));
  }

  public bindToResource(resource: CfnResource, options?: lambda.ResourceBindOptions): void {
    this.code?.bindToResource(resource, options);
  }

  /**
   * CDK bundles in a directory whose name is the same in every process, so apps that share an output directory stage one after
   * the other. CDK assumes that an existing directory with the asset's name is complete, so one without the right zip is removed first.
   */
  private stage(scope: Construct, { outdir: stageOutdir, assetOutdir: outdir }: Stage): lambda.CodeConfig {
    const hook = new BundlingHook(this.asset);
    const bundling = {
      image: DockerImage.fromRegistry('not used: this asset is bundled without a container'),
      local: hook,
      outputType: BundlingOutput.ARCHIVED,
    };
    const directory = path.join(outdir, `asset.${bundledHash(this.asset.hash, bundling)}`);
    const file = `${directory}.zip`;
    try {
      removeLeftovers(outdir, LOCK);
      return withLock(path.join(outdir, LOCK), () => {
        if (!this.asset.isAt(file)) for (const place of [directory, file]) fs.rmSync(place, { recursive: true, force: true });
        this.code = lambda.Code.fromAsset(__dirname, { assetHash: this.asset.hash, assetHashType: AssetHashType.CUSTOM, bundling });
        const config = this.code.bind(scope);
        this.file = path.resolve(stageOutdir, (scope.node.findChild('Code') as Asset).assetPath);
        if (hook.isDone) this.asset.renamed(this.file);
        // within a process, CDK stages an asset only once, even if its zip is gone
        else if (!this.asset.isAt(this.file)) this.asset.write(this.file);
        return config;
      });
    } catch (error) {
      throw hook.failure ?? fileError(error, 'cannot write', file, 'choose another output directory with cdk --output, or make room there');
    }
  }
}

/** The hash that CDK names the asset by: see `calculateHash` in aws-cdk-lib/core/lib/asset-staging.ts. */
function bundledHash(assetHash: string, bundling: BundlingOptions): string {
  return createHash('sha256').update(assetHash).update(JSON.stringify(bundling)).digest('hex');
}

/**
 * An object that cannot exist: no bucket can be created with this name (underscores and capitals are not allowed), so a template
 * that was synthesized without bundling cannot be deployed by mistake. It is the same for all layers and on all machines, so
 * that snapshots of templates are stable.
 */
const NOT_BUNDLED = { bucketName: 'BUNDLING_IS_OFF', objectKey: 'layer.zip' };

export class UnbundledCode extends lambda.Code {
  public readonly isInline = false;
  public readonly file = undefined;

  public bind(_scope: Construct): lambda.CodeConfig {
    return { s3Location: NOT_BUNDLED };
  }
}
