#!/usr/bin/env bash
# The commands of first-run.sh, which are printed with their output and the time that slow ones took. Runs in a clone.
#
# usage: first-run-commands.sh demo | own
set -euo pipefail
export npm_config_fund=false npm_config_audit=false npm_config_update_notifier=false npm_config_loglevel=error NO_COLOR=1
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1

# usage: run COMMAND: prints a prompt, the command and its output; the shell keeps its state
run() {
  local started=$SECONDS
  printf '$ %s\n' "$1"
  eval "$1" 2>&1 </dev/null
  ((SECONDS - started < 5)) || printf '# %s s\n' $((SECONDS - started))
}

demo() {
  run 'npm ci'
  run 'npm run demo'
}

own() {
  run 'npm ci && npx projen compile && npx projen package:js >/dev/null'
  run 'mkdir ~/app && cp dist/js/*.tgz ~/app/cdk-binary-layer.tgz && cd ~/app'
  run 'npm init -y >/dev/null && npm install cdk-binary-layer.tgz aws-cdk-lib@2.240.0 constructs@10.5.0 aws-cdk'
  printf '$ %s\n' "cat > greet.c"
  tee greet.c <<'END'
#include <stdio.h>
int main(int argc, char **argv) { printf("Hello, %s\n", argc > 1 ? argv[1] : "world"); }
END
  run 'gcc -o greet greet.c'
  run 'npx binary-layer tree ./greet'
  run 'npx binary-layer build ./greet --test "greet Lambda" -o layer.zip'
  run 'npx binary-layer run layer.zip -- greet Lambda'
  run 'npx binary-layer inspect layer.zip'
  printf '$ %s\n' 'cat > app.js'
  tee app.js <<'END'
const { App, Stack } = require('aws-cdk-lib');
const lambda = require('aws-cdk-lib/aws-lambda');
const { BinaryLayer } = require('cdk-binary-layer');

const stack = new Stack(new App(), 'Greetings');
const greet = new BinaryLayer(stack, 'Greet', { binary: './greet', testCommand: 'greet Lambda' });
new lambda.Function(stack, 'Function', {
  runtime: lambda.Runtime.PYTHON_3_13,
  handler: 'index.handler',
  code: lambda.Code.fromInline('import subprocess\ndef handler(event, context): return subprocess.getoutput("greet Lambda")'),
  layers: [greet],
});
END
  run 'npx cdk synth --app "node app.js" --quiet'
  run 'ls cdk.out/*.zip'
  run 'npx binary-layer run cdk.out/asset.*.zip -- greet "cdk deploy"'
  run 'npx cdk synth --app "node app.js" --quiet   # nothing changed: nothing is packed'
}

"$1"
