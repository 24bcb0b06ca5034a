/**
 * The code of a layer version: its zip as an asset, or none if bundling is off.
 */
import type { CfnResource } from 'aws-cdk-lib';
import { AssetHashType, Stage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { LayerAsset } from './layer-asset';

/** A zip that is written when the layer version is made, and uploaded as it is. */
export class LayerCode extends lambda.Code {
  public readonly isInline = false;
  /** the path of the zip */
  public file?: string;
  private code?: lambda.Code;

  /** @param named adds the layer's name to errors */
  constructor(private readonly asset: LayerAsset, private readonly named: <T>(work: () => T) => T) {
    super();
  }

  public bind(scope: Construct): lambda.CodeConfig {
    const stage = Stage.of(scope);
    if (!stage) throw new Error(`BinaryLayer ${scope.node.path} is not in an App or a Stage: create its stack in one`);
    this.file = this.named(() => this.asset.writeTo(stage.assetOutdir));
    this.code = lambda.Code.fromAsset(this.file, { assetHash: this.asset.hash, assetHashType: AssetHashType.CUSTOM });
    return this.code.bind(scope);
  }

  public bindToResource(resource: CfnResource, options?: lambda.ResourceBindOptions): void {
    this.code?.bindToResource(resource, options);
  }
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
