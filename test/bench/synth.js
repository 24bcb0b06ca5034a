/**
 * One synth with one layer, in a process of its own as every synth is. Prints two times in milliseconds, beyond
 * the start of Node and the load of what CDK needs for any layer: the load of the library, and the construct.
 *
 * usage: node synth.js BINARY OUTDIR
 */
const path = require('path');
const { App, Stack } = require('aws-cdk-lib');
const lambda = require('aws-cdk-lib/aws-lambda');

const [binary, outdir] = process.argv.slice(2);
const stack = new Stack(new App({ outdir }), 'Bench');
// aws-cdk-lib loads its parts when they are first used
new lambda.LayerVersion(stack, 'Plain', { code: lambda.Code.fromAsset(__dirname) });

const started = performance.now();
const { BinaryLayer } = require(path.join(__dirname, '..', '..'));
const loaded = performance.now();
new BinaryLayer(stack, 'Layer', { binary });
console.log(`${loaded - started} ${performance.now() - loaded}`);
