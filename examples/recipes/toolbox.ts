/**
 * Problem: a function needs several programs.
 *
 * One layer has them all: libraries that they share are packed once, and a function can have only five layers. Two programs with the same
 * name get other names with `rename`. The event is `{"file": BASE64}`.
 */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pythonFunction } from './python-function';
import { BinaryLayer, BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project

export class Toolbox extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const layer = new BinaryLayer(this, 'Layer', {
      binary: 'file',
      additionalBinaries: ['cwebp', 'optipng', '/usr/bin/brotli'],
      rename: { '/usr/bin/brotli': 'compress' },
      source: BinarySource.apt(['file', 'webp', 'optipng', 'brotli']),
    });
    pythonFunction(this, {
      code: 'toolbox',
      layers: [layer],
      environment: {
        FILE: layer.executablePath(),
        CWEBP: layer.executablePath('cwebp'),
        OPTIPNG: layer.executablePath('optipng'),
        COMPRESS: layer.executablePath('/usr/bin/brotli'),
      },
    });
  }
}
