/**
 * Problem: show the pages of a PDF as pictures, and make its text searchable.
 *
 * Two programs of poppler share one layer and most of its libraries. The event is `{"pdf": BASE64}`.
 */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pythonFunction } from './python-function';
import { BinaryLayer, BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project

export class PdfPages extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const layer = new BinaryLayer(this, 'Layer', {
      binary: 'pdftoppm',
      additionalBinaries: ['pdftotext'],
      // poppler-data: encodings of Chinese, Japanese and Korean; the fonts stand in for those that a PDF does not embed
      source: BinarySource.apt(['poppler-utils', 'poppler-data', 'fonts-urw-base35']),
    });
    pythonFunction(this, {
      code: 'pdf-pages',
      layers: [layer],
      environment: { PDFTOPPM: layer.executablePath(), PDFTOTEXT: layer.executablePath('pdftotext') },
    });
  }
}
