/**
 * Deploys the endpoint. If rig is not installed, it comes from Debian's packages.
 *
 *     npx projen compile && npx cdk deploy                     a function URL; requests are signed with AWS credentials
 *     npx cdk deploy -c endpoint=api                           API Gateway in place of the function URL
 *     npx cdk deploy -c public=true                            requests need no signature
 *     npx cdk deploy -c previousLayer=ARN                      an older version of the layer
 */
import * as fs from 'fs';
import * as path from 'path';
import { App } from 'aws-cdk-lib';
import { RigStack } from './stack';
import { BinarySource } from '../../lib';

const app = new App();
const endpoint = app.node.tryGetContext('endpoint') ?? 'url';
if (endpoint !== 'url' && endpoint !== 'api') throw new Error(`context endpoint is '${endpoint}', expected 'url' or 'api'`);

const isInstalled = (process.env.PATH ?? '').split(':').some((directory) => fs.existsSync(path.join(directory, 'rig')));

new RigStack(app, 'Rig', {
  source: isInstalled ? BinarySource.host() : BinarySource.apt(['rig']),
  endpoint,
  isPublic: app.node.tryGetContext('public') === 'true',
  previousLayer: app.node.tryGetContext('previousLayer'),
});
