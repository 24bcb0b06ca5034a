/**
 * Problem: functions on Graviton are cheaper, and the app is synthesized on x86_64.
 *
 * The packages are Debian's for arm64. None of their programs runs during synthesis, so no emulator is needed. The event is any JSON, and
 * the result is what jq makes of it.
 */
import { Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { pythonFunction } from './python-function';
import { BinaryLayer, BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project

export class Arm64 extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const architecture = lambda.Architecture.ARM_64;
    const layer = new BinaryLayer(this, 'Layer', { binary: 'jq', source: BinarySource.apt(['jq']), architecture });
    pythonFunction(this, { code: 'shared/python', layers: [layer], environment: { JQ: layer.executablePath() }, architecture });
  }
}
