// Makes one layer in several Apps of one process, as unit tests do, with an empty cache: milliseconds for each.
//
// usage: node test/bench/apps.js BINARY [COUNT]      needs the compiled library
const fs = require('fs');
const os = require('os');
const path = require('path');
const { App, Stack } = require('aws-cdk-lib');
const { Template } = require('aws-cdk-lib/assertions');

const [binary, count = '5'] = process.argv.slice(2);
if (!binary) {
  console.error('usage: node test/bench/apps.js BINARY [COUNT]');
  process.exit(2);
}
process.env.XDG_CACHE_HOME = fs.mkdtempSync(path.join(os.tmpdir(), 'apps-'));
try {
  const { BinaryLayer } = require('../../build');
  for (let number = 1; number <= Number(count); number++) {
    const start = performance.now();
    const stack = new Stack(new App(), 'Stack');
    new BinaryLayer(stack, 'Layer', { binary });
    Template.fromStack(stack);
    console.log(`App ${number}: ${Math.round(performance.now() - start)} ms`);
  }
} finally {
  fs.rmSync(process.env.XDG_CACHE_HOME, { recursive: true, force: true });
}
