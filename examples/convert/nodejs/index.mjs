/**
 * Converts a picture in S3 with ImageMagick: incoming/NAME.jpg to outgoing/NAME.png. The same as ../python/index.py, see stack.ts.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'; // part of Lambda's runtime

const { CONVERT, INCOMING, OUTGOING, SUFFIX, WEBHOOK_URL } = process.env;
const MAX_BYTES = Number(process.env.MAX_BYTES);
// The format is stated: a file cannot choose another decoder of ImageMagick by its first bytes.
const FORMAT = { '.jpg': 'jpeg', '.png': 'png', '.tif': 'tiff' }[SUFFIX];
// Small files can hold large pictures.
const LIMITS = ['-limit', 'width', '20KP', '-limit', 'height', '20KP', '-limit', 'memory', '768MiB', '-limit', 'map', '768MiB', '-limit', 'disk', '256MiB'];
// Time to upload the result and to call the webhook.
const RESERVED_MILLISECONDS = 20_000;

const s3 = new S3Client({});
const run = promisify(execFile);

export async function handler({ Records: records = [] }, context) { // S3 sends s3:TestEvent without records
  for (const { s3: event } of records) await convertObject(event, context);
}

async function convertObject({ bucket: { name: bucket }, object }, context) {
  // Keys in events are encoded like forms: "my+picture%28 1%29.jpg"
  const key = decodeURIComponent(object.key.replaceAll('+', ' '));
  if (!key.startsWith(INCOMING) || !key.endsWith(SUFFIX)) {
    throw new Error(`${key}: expected a key that begins with ${INCOMING} and ends with ${SUFFIX}`);
  }
  const outgoing = `${OUTGOING}${key.slice(INCOMING.length, -SUFFIX.length)}.png`;

  const work = await mkdtemp(join(tmpdir(), 'convert-')); // in /tmp, which other invocations see
  let etag;
  try {
    const [source, result] = [join(work, 'source'), join(work, 'result.png')];
    etag = await download(bucket, key, source);
    await convert(source, result, context);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: outgoing, Body: await readFile(result), ContentType: 'image/png' }));
  } finally {
    await rm(work, { recursive: true });
  }
  await notify(bucket, outgoing, etag);
  console.log(`${bucket}: ${key} converted to ${outgoing}`);
}

async function download(bucket, key, file) {
  const { Body: body, ContentLength: length, ETag: etag } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (length > MAX_BYTES) {
    body.destroy();
    throw new Error(`${key} has ${length} bytes, the limit is ${MAX_BYTES}`);
  }
  await pipeline(body, createWriteStream(file));
  return etag;
}

async function convert(source, result, context) {
  const timeout = context.getRemainingTimeInMillis() - RESERVED_MILLISECONDS;
  // -strip removes the camera's data and the time of conversion, so the same picture gives the same bytes
  await run(CONVERT, [...LIMITS, `${FORMAT}:${source}[0]`, '-auto-orient', '-resize', '1024x1024>', '-strip', `png:${result}`], { timeout });
}

async function notify(bucket, key, etag) {
  const response = await fetch(WEBHOOK_URL, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      // the same for a repeated event, so the receiver can ignore it
      'idempotency-key': createHash('sha256').update(`${bucket}/${key}/${etag}`).digest('hex'),
    },
    body: JSON.stringify({ bucket, key }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`${WEBHOOK_URL} answered with status ${response.status}`);
}
