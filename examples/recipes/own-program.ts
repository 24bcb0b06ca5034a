/**
 * Problem: run a program of one's own, written in a compiled language.
 *
 * The app builds it during synthesis, unless bundling is off for this stack (as for `cdk ls`). The layer has its shared libraries, and
 * gets a new version only if the build has other bytes. For Go or Rust, only the command and the path change:
 *
 *     go build -trimpath -o dist/words ./words                      (CGO_ENABLED=0: a static program, which is packed as it is)
 *     cargo build --release                                         (then binary: 'target/release/words')
 *
 * Context: `language` (c, go).
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pythonFunction } from './python-function';
import { BinaryLayer } from '../../lib'; // 'cdk-binary-layer' in your project

const SOURCE = path.join(__dirname, 'own-program');
const BUILDS: Record<string, (output: string) => string[]> = {
  c: (output) => ['cc', '-O2', '-Wl,--build-id=none', '-o', output, 'words.c', '-lm'],
  go: (output) => ['go', 'build', '-trimpath', '-buildvcs=false', '-o', output, 'words.go'],
};

export class OwnProgram extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const program = path.join(SOURCE, 'dist', 'words');
    const [command, ...options] = BUILDS[this.node.tryGetContext('language') ?? 'c'](program);
    if (this.bundlingRequired) {
      fs.mkdirSync(path.dirname(program), { recursive: true });
      execFileSync(command, options, { cwd: SOURCE, stdio: ['ignore', 'ignore', 'inherit'] });
    }
    const layer = new BinaryLayer(this, 'Layer', { binary: program, testCommand: 'echo two words | words' });
    pythonFunction(this, { code: 'own-program', layers: [layer], environment: { WORDS: layer.executablePath() } });
  }
}
