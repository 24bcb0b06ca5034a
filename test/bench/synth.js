/**
 * One synth, in a process of its own as every synth is. Prints three times in milliseconds: a layer that the CDK bundles from a
 * directory, the load of this library, and our layers with their zips. The start of Node.js and the load of the CDK are in none of them.
 *
 * usage: node synth.js CHECKOUT OUTDIR ROOT BINARY...      ROOT: a root directory as the source, or '' for this machine
 */
const { createRequire } = require('module');
const fs = require('fs');
const path = require('path');

const [checkout, outdir, root, ...binaries] = process.argv.slice(2);
// the CDK that the library loads: a second copy of it would take longer than everything that is measured
const requireFromCheckout = createRequire(path.join(checkout, 'package.json'));
const { App, DockerImage, Stack } = requireFromCheckout('aws-cdk-lib');
const lambda = requireFromCheckout('aws-cdk-lib/aws-lambda');
const stack = new Stack(new App({ outdir }), 'Bench');

const local = { tryBundle: (output) => fs.cpSync(__filename, path.join(output, 'file')) || true };
const bundling = { image: DockerImage.fromRegistry('not used'), local };
const started = performance.now();
new lambda.LayerVersion(stack, 'Plain', { code: lambda.Code.fromAsset(__dirname, { bundling }) });
const plain = performance.now();
const { BinaryLayer, BinarySource } = require(checkout);
const loaded = performance.now();
const source = root === '' ? undefined : BinarySource.directory(root);
for (const binary of binaries) new BinaryLayer(stack, path.basename(binary), { binary, source });
// packed while the app makes other constructs; earlier versions have no such file
const unfinished = path.join(checkout, 'build/asset/unfinished-zip.js');
if (fs.existsSync(unfinished)) require(unfinished).UnfinishedZip.settleAll();
console.log(`${plain - started} ${loaded - plain} ${performance.now() - loaded}`);
