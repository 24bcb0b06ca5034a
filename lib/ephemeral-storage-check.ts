/**
 * Warns if a function's /tmp is too small for the compressed files of one of its layers: the layer's programs would end with an error.
 */
import type { IAspect } from 'aws-cdk-lib';
import { Annotations, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import { hasLayer } from './architecture-check';
import { EPHEMERAL_BYTES } from './lambda';

const MIB = 1024 * 1024;

export class EphemeralStorageCheck implements IAspect {
  /** @param bytes of `/tmp` that the layer's compressed files take when they are unpacked */
  constructor(private readonly layer: lambda.LayerVersion, private readonly bytes: number) {}

  public visit(node: IConstruct): void {
    if (!(node instanceof lambda.Function) || !hasLayer(node, this.layer)) return;
    const size = ephemeralStorageOf(node);
    if (size === undefined || size >= this.bytes) return;
    Annotations.of(node).addWarningV2('cdk-binary-layer:ephemeralStorageSize', [
      `programs of the layer ${this.layer.node.path} unpack ${Math.ceil(this.bytes / MIB)} MiB to /tmp,`,
      `and the function has ${size / MIB} MiB there: they will not start.`,
      `Set the function's ephemeralStorageSize to Size.mebibytes(${Math.ceil(this.bytes / MIB)}) or more.`,
    ].join(' '));
  }
}

/** Bytes of a function's /tmp, `undefined` if they are known only at deployment. */
function ephemeralStorageOf({ node: { defaultChild } }: lambda.Function): number | undefined {
  const storage = (defaultChild as lambda.CfnFunction | undefined)?.ephemeralStorage;
  if (storage === undefined) return EPHEMERAL_BYTES;
  if (Token.isUnresolved(storage)) return undefined;
  const { size } = storage as lambda.CfnFunction.EphemeralStorageProperty;
  return Token.isUnresolved(size) ? undefined : size * MIB;
}
