/**
 * A function in Python that calls `rig`, and the layer that brings it.
 */
import * as path from 'path';
import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { BinaryLayer, type BinarySource } from '../../lib'; // 'cdk-binary-layer' in a project of yours

export interface RigStackProps extends StackProps {
  /**
   * Where rig is taken from.
   *
   * @default - the machine that synthesizes
   */
  readonly source?: BinarySource;
}

export class RigStack extends Stack {
  constructor(scope: Construct, id: string, props?: RigStackProps) {
    super(scope, id, props);

    const layer = new BinaryLayer(this, 'Layer', {
      binary: 'rig',
      source: props?.source,
      // Each deployment of another rig makes a new version; the old ones stay, to switch back to.
      removalPolicy: RemovalPolicy.RETAIN,
    });

    const identity = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: 'handler.handler',
      code: lambda.Code.fromAsset(path.join(__dirname, 'function')),
      layers: [layer],
    });

    new CfnOutput(this, 'LayerVersionArn', { value: layer.layerVersionArn });
    new CfnOutput(this, 'FunctionName', { value: identity.functionName });
  }
}
