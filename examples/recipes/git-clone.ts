/**
 * Problem: look at a Git repository in a function, over HTTPS.
 *
 * Lambda has no git. git's helpers (`git-remote-https`), its templates and the certificates of Debian are packed with it. The event is
 * `{"url": "https://…", "branch": "main"}`. For a private server with an authority of its own, set GIT_SSL_CAINFO to its certificate.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pythonFunction } from './python-function';
import { BinaryLayer, BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project

export class GitClone extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const layer = new BinaryLayer(this, 'Layer', {
      binary: 'git',
      source: BinarySource.apt(['git', 'ca-certificates']),
      testCommand: 'git init -q /tmp/new && git -C /tmp/new status',
    });
    pythonFunction(this, {
      code: 'git-clone', layers: [layer], environment: { GIT: layer.executablePath() }, timeout: Duration.minutes(1),
    });
  }
}
