/**
 * Problem: turn HTML with CSS into a PDF, such as an invoice.
 *
 * WeasyPrint is a Python program: its interpreter, its modules and the libraries that these open by name (Pango, HarfBuzz) are packed with
 * it, whatever the Python of the function is. The event is `{"html": TEXT}`. WeasyPrint does not run JavaScript; pages that need it take
 * a browser.
 */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pythonFunction } from './python-function';
import { BinaryLayer, BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project

export class HtmlToPdf extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const layer = new BinaryLayer(this, 'Layer', {
      binary: 'weasyprint',
      source: BinarySource.apt(['weasyprint', 'fonts-dejavu-core']),
      // WeasyPrint's package depends on SciPy, by way of parts of fontTools that it does not use: 720 MB in all
      exclude: ['/usr/lib/python3*/dist-packages/{numpy,scipy,pythran}', '/usr/lib/python3.11/config-*'],
      testCommand: 'weasyprint --version',
    });
    pythonFunction(this, { code: 'html-to-pdf', layers: [layer], environment: { WEASYPRINT: layer.executablePath() } });
  }
}
