/**
 * Warns if a function's architecture differs from that of one of its layers. The CDK does not check this.
 */
import type { IAspect } from 'aws-cdk-lib';
import { Annotations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';

export class ArchitectureCheck implements IAspect {
  constructor(private readonly layer: lambda.LayerVersion, private readonly architecture: lambda.Architecture) {}

  public visit(node: IConstruct): void {
    if (!(node instanceof lambda.Function) || node.architecture.name === this.architecture.name) return;
    if (!hasLayer(node, this.layer)) return;
    const { name } = this.architecture;
    Annotations.of(node).addWarningV2('cdk-binary-layer:architecture', [
      `the layer ${this.layer.node.path} is for ${name}, the function runs on ${node.architecture.name}: its programs will not start.`,
      `Set the function's architecture to lambda.Architecture.${name === lambda.Architecture.ARM_64.name ? 'ARM_64' : 'X86_64'}.`,
    ].join(' '));
  }
}

/** True if a function has the given layer. The CDK keeps the layers of a function in a private field. */
export function hasLayer(node: lambda.Function, layer: lambda.ILayerVersion): boolean {
  const { _layers: layers = [] } = node as unknown as { _layers?: lambda.ILayerVersion[] };
  return layers.includes(layer);
}
