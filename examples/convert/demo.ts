/**
 * Runs the example without an AWS account: uploads a picture to a local S3, calls the function with the event that S3 would send, and
 * shows the webhook's request and the resulting picture.
 */
import * as fs from 'fs';
import * as path from 'path';
import { debian13 } from '../../test/examples/lambda';
import { createdEvent, emptyDirectory, LocalS3, Webhook } from '../../test/examples/local-s3';
import { demo, synthesize } from '../demo';

const BUCKET = 'pictures';
const RESULT = 'picture.png';

void demo(async (work) => {
  const language = process.argv.includes('--nodejs') ? 'nodejs' : 'python';
  const root = debian13('python3', 'python3-boto3'); // Lambda's Python runtime has boto3
  const assembly = synthesize(work, 'examples/convert/app.ts', root, '--context', `language=${language}`);

  const s3 = await LocalS3.start(emptyDirectory(work, 's3'), BUCKET);
  const webhook = await Webhook.start();
  try {
    const jpeg = await assembly.run('Convert', ['/opt/bin/convert', '-size', '1600x1200', 'plasma:tomato-steelblue', 'jpg:-']);
    const key = 'incoming/summer holidays/sea & sun.jpg';
    await s3.put(key, jpeg);
    console.log(`\nuploaded     ${key}, ${jpeg.length} bytes`);

    await assembly.call('Convert', 'Convert', createdEvent(BUCKET, key, jpeg.length), {
      network: true,
      environment: { ...s3.environment, WEBHOOK_URL: webhook.url },
    });

    const [{ body }] = webhook.requests;
    console.log(`webhook      ${JSON.stringify(body)}`);
    const { body: picture } = (await s3.get(body.key))!;
    fs.writeFileSync(RESULT, picture);
    console.log(`written to   ${path.resolve(RESULT)}`);
    const identify = ['/opt/bin/convert', 'png:-', '-format', '%m %wx%h %[bit-depth]-bit %[colorspace] %b', 'info:'];
    console.log(`identify     ${await assembly.run('Convert', identify, picture)}`);
  } finally {
    webhook.stop();
    await s3.stop();
  }
});
