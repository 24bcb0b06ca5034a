#!/usr/bin/env bash
# Synthesizes new apps with the packed library: the layout of `cdk init` in TypeScript, and JavaScript as ES and CommonJS modules; the
# oldest and the newest aws-cdk-lib; Node.js 22 and 24. Each app makes a layer with ls, and binary-layer runs it.
#
# usage: fresh-app.sh         needs: the compiled library, bubblewrap and busybox-static, and 1 GB in $TMPDIR
set -euo pipefail
project=$(dirname "$(dirname "$(realpath "$0")")")
oldest=$(node -p "require('$project/package.json').peerDependencies['aws-cdk-lib'].slice(1)")
oldest_constructs=$(node -p "require('$project/package.json').peerDependencies.constructs.slice(1)")
nodes=(22 24)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache CDK_DISABLE_CLI_TELEMETRY=true npm_config_update_notifier=false npm_config_fund=false

fail() { echo "fresh-app.sh: $*" >&2; exit 1; }

(cd "$project" && npm pack --silent --ignore-scripts --pack-destination "$work" >/dev/null)
tarball=$(echo "$work"/cdk-binary-layer-*.tgz)

for node in "${nodes[@]}"; do
  package=$(cd "$work" && npm pack --silent "node-linux-$(node -p process.arch)@$node")
  mkdir "$work/node$node"
  tar -xzf "$work/$package" -C "$work/node$node" --strip-components=2 package/bin/node
done

# usage: make_app DIRECTORY AWS-CDK-LIB CONSTRUCTS
make_app() {
  mkdir "$1"
  cd "$1"
  "$project/node_modules/.bin/cdk" init app --language typescript --generate-only >../init.log 2>&1 || fail "cdk init: $(tail -n 20 ../init.log)"
  npm pkg set "dependencies.aws-cdk-lib=$2" "dependencies.constructs=$3" "dependencies.cdk-binary-layer=file:$tarball"
  npm install --no-audit --loglevel error >/dev/null
  # where the template has its comment about resources
  sed -i "s|^import { Construct }|import { BinaryLayer } from 'cdk-binary-layer';\n&|; s|^    // example resource.*|    new BinaryLayer(this, 'Ls', { binary: 'ls' });|" lib/*-stack.ts
  grep -q 'new BinaryLayer' lib/*-stack.ts || fail "the template of cdk init has changed: $(cat lib/*-stack.ts)"
  cat >app.mjs <<'APP'
import { App, Stack } from 'aws-cdk-lib';
import { BinaryLayer } from 'cdk-binary-layer';

new BinaryLayer(new Stack(new App(), 'Stack'), 'Ls', { binary: 'ls' });
APP
  cat >app.cjs <<'APP'
const { App, Stack } = require('aws-cdk-lib');
const { BinaryLayer } = require('cdk-binary-layer');

new BinaryLayer(new Stack(new App(), 'Stack'), 'Ls', { binary: 'ls' });
APP
}

# usage: check NAME [OPTION OF CDK ...]
check() {
  local name=$1 layer
  shift
  rm -rf cdk.out
  npx cdk synth --quiet --no-notices "$@" >log 2>&1 || fail "$name: $(tail -n 20 log)"
  layer=$(echo cdk.out/asset.*.zip)
  [[ -f $layer ]] || fail "$name: no layer in cdk.out: $(ls cdk.out)"
  [[ $(npx binary-layer run "$layer" -- ls /opt/bin) == *ls* ]] || fail "$name: ls does not run in the layer"
  echo "ok   $name"
}

newest=$(npm view aws-cdk-lib version)
for version in "$oldest" "$newest"; do
  constructs=^10.5.0
  [[ $version != "$oldest" ]] || constructs=$oldest_constructs
  make_app "$work/app-$version" "$version" "$constructs"
  for node in "${nodes[@]}"; do
    export PATH=$work/node$node:$PATH
    [[ $(node --version) == "v$node."* ]] || fail "node is $(node --version), expected $node"
    with="aws-cdk-lib $version, Node.js $(node --version)"
    check "TypeScript, $with"
    check "ES module, $with" --app 'node app.mjs'
    check "CommonJS, $with" --app 'node app.cjs'
  done
done
