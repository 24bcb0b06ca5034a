/**
 * Problem: run a shell script that works on a laptop.
 *
 * The layer is made from the script. Its interpreter (Bash) and the commands that it calls (jq, sort, column) are packed with it and are
 * on its PATH. The event is `{"events": [{"user": …, "bytes": …}, …]}`.
 */
import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pythonFunction } from './python-function';
import { BinaryLayer } from '../../lib'; // 'cdk-binary-layer' in your project

export class JsonReport extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const layer = new BinaryLayer(this, 'Layer', {
      binary: path.join(__dirname, 'json-report.sh'),
      rename: { [path.join(__dirname, 'json-report.sh')]: 'json-report' },
      additionalBinaries: ['jq'], // needs jq on this machine, as the script does
    });
    pythonFunction(this, { code: 'json-report', layers: [layer], environment: { JSON_REPORT: layer.executablePath() } });
  }
}
