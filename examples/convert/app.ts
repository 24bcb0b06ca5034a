/**
 * Deploys the conversion of pictures, for a webhook of yours:
 *
 *     npx projen compile && npx cdk deploy --app 'npx ts-node -T examples/convert/app.ts' -c webhookUrl=https://example.com/pictures
 *
 * More context: `suffix` (.jpg, .png, .tif) and `language` (python, nodejs).
 */
import { App } from 'aws-cdk-lib';
import { ConvertStack } from './stack';

const app = new App();

/** The value of a context key: by default the first of the allowed values. */
function choice<const T extends string>(key: string, values: readonly T[]): T {
  const value = app.node.tryGetContext(key) ?? values[0];
  if (!values.includes(value)) throw new Error(`context ${key} is '${value}', expected one of ${values.join(', ')}`);
  return value;
}

new ConvertStack(app, 'Convert', {
  webhookUrl: app.node.tryGetContext('webhookUrl') ?? 'https://example.com/pictures',
  suffix: choice('suffix', ['.jpg', '.png', '.tif']),
  language: choice('language', ['python', 'nodejs']),
});
