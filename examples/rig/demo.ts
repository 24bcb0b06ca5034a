/**
 * Calls the example's function without an AWS account: synthesizes the app, and runs the function with the layer that `cdk deploy` would
 * upload, in a sandbox like Lambda.
 *
 * If this machine has a rig of its own, it is hidden in the sandbox, with its data, so only the layer can answer.
 */
import * as fs from 'fs';
import * as path from 'path';
import { demo, synthesize } from '../demo';

const HIDDEN = ['/usr/bin/rig', '/usr/games/rig', '/usr/share/rig'];

/** A request as a function URL and API Gateway send it: payload format 2.0, shortened. */
const REQUEST = { version: '2.0', rawPath: '/', requestContext: { http: { method: 'GET', path: '/' } }, isBase64Encoded: false };

void demo(async (work) => {
  const assembly = synthesize(work, 'examples/rig/app.ts', HIDDEN.flatMap((hidden) => ['--hide', hidden]));
  const { Content } = assembly.resource('Rig', 'AWS::Lambda::LayerVersion', 'Layer');
  const megabytes = fs.statSync(path.join(work, 'cdk.out', `asset.${Content.S3Key}`)).size / 1e6;
  console.log(`\nThe layer is ${megabytes.toFixed(1)} MB zipped. In a sandbox like Lambda, from which this machine's own rig is hidden,`);
  console.log('the function answers an HTTP request with:\n');
  const { statusCode, headers, body } = await assembly.call('Rig', 'Function', REQUEST);
  console.log(`${statusCode} ${headers['content-type']}\n${body}\n`);
  console.log('and a direct call with:\n');
  console.log((await assembly.call('Rig', 'Function', {})).identity);
});
