/**
 * Problem: read text in a picture, in more than one language.
 *
 * Languages are packages of their own (`apt-cache search tesseract-ocr-`). Tesseract's data files are found by the package database, and
 * the path of their directory in the program is replaced, so TESSDATA_PREFIX is not needed. The event is
 * `{"picture": BASE64, "languages": "eng+deu"}`.
 */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pythonFunction } from './python-function';
import { BinaryLayer, BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project

export class Ocr extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const layer = new BinaryLayer(this, 'Layer', {
      binary: 'tesseract',
      source: BinarySource.apt(['tesseract-ocr', 'tesseract-ocr-eng', 'tesseract-ocr-deu']),
      testCommand: 'tesseract --list-langs | grep deu && tesseract --list-langs | grep eng',
    });
    // OpenMP's threads wait for each other on one CPU
    pythonFunction(this, { code: 'ocr', layers: [layer], environment: { TESSERACT: layer.executablePath(), OMP_THREAD_LIMIT: '1' } });
  }
}
