/**
 * Synthesizes stacks of the examples for tests that call their functions.
 */
import * as path from 'path';
import { App } from 'aws-cdk-lib';
import { temporaryDirectory } from '../fixture';
import { Assembly, debian13 } from './lambda';

/** The cloud assembly of an app whose functions run in a Debian 13 with Python and the AWS SDK. */
export function synthesize(build: (app: App) => void, context: Record<string, unknown> = {}): Assembly {
  const outdir = path.join(temporaryDirectory(), 'cdk.out');
  const app = new App({ outdir, context: { 'aws:cdk:enable-path-metadata': true, ...context } });
  build(app);
  app.synth();
  return new Assembly(outdir, temporaryDirectory(), debian13('python3', 'python3-boto3'));
}
