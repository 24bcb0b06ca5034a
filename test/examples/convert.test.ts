/**
 * The functions of examples/convert, called in the sandbox with a local S3 and a local webhook, and the permissions in the template.
 */
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type { Assembly } from './lambda';
import { createdEvent, LocalS3, Webhook } from './local-s3';
import { synthesize } from './synthesize';
import { ConvertStack, type ConvertStackProps } from '../../examples/convert/stack';
import { temporaryDirectory } from '../fixture';

const BUCKET = 'pictures';
const webhookUrl = 'https://example.com/pictures';
const LANGUAGES = ['python', 'nodejs'] as const;

let assembly: Assembly;
let jpeg: Buffer;
/** It takes little time to convert. */
let small: Buffer;
let s3: LocalS3;
let webhook: Webhook;

beforeAll(async () => {
  assembly = synthesize((app) => LANGUAGES.forEach((language) => new ConvertStack(app, language, { webhookUrl, language })));
  const picture = (size: string) => assembly.run('python', ['/opt/bin/convert', '-size', size, 'gradient:tomato-steelblue', 'jpg:-']);
  [jpeg, small] = await Promise.all([picture('1600x1200'), picture('16x12')]);
  s3 = await LocalS3.start(temporaryDirectory(), BUCKET);
});

afterAll(() => s3.stop());

beforeEach(async () => {
  await s3.clear();
  webhook = await Webhook.start();
});

afterEach(() => webhook.stop());

/** Calls a function with the event for an object's key. */
function convert(language: string, key: string, environment: Record<string, string> = {}): Promise<unknown> {
  const event = createdEvent(BUCKET, key, jpeg.length);
  return assembly.call(language, 'Convert', event, {
    network: true,
    environment: { ...s3.environment, WEBHOOK_URL: webhook.url, ...environment },
  });
}

describe.each(LANGUAGES)('the function in %s', (language) => {
  test('converts a picture whose name needs encoding, and sends bucket and key to the webhook', async () => {
    const key = 'incoming/summer 2026/sea + sun (1) ü.jpg';
    await s3.put(key, jpeg);
    await convert(language, key);

    const outgoing = 'outgoing/summer 2026/sea + sun (1) ü.png';
    expect(webhook.requests).toMatchObject([{ method: 'POST', body: { bucket: BUCKET, key: outgoing } }]);
    const { body, type } = (await s3.get(outgoing))!;
    expect(type).toBe('image/png');
    const size = await assembly.run(language, ['/opt/bin/convert', 'png:-', '-format', '%m %w %h', 'info:'], body);
    expect(size.toString()).toBe('PNG 1024 768');
  });

  test('writes the same object with the same idempotency key if an event is repeated', async () => {
    await s3.put('incoming/a.jpg', small);
    await convert(language, 'incoming/a.jpg');
    const first = await s3.get('outgoing/a.png');
    await convert(language, 'incoming/a.jpg');
    expect(await s3.get('outgoing/a.png')).toEqual(first);
    expect(await s3.keys()).toEqual(['incoming/a.jpg', 'outgoing/a.png']);
    const [one, other] = webhook.requests.map(({ headers }) => headers['idempotency-key']);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(other).toBe(one);
  });

  test('fails if the webhook fails, so that Lambda repeats the event', async () => {
    await s3.put('incoming/a.jpg', small);
    webhook.status = 500;
    await expect(convert(language, 'incoming/a.jpg')).rejects.toThrow('500');
  });

  test.each<[string, string, Buffer | undefined, Record<string, string>, string]>([
    [
      'a key outside of incoming',
      'outgoing/a.jpg',
      undefined,
      {},
      'outgoing/a.jpg: expected a key that begins with incoming/ and ends with .jpg',
    ],
    ['an object that is too large', 'incoming/a.jpg', undefined, { MAX_BYTES: '100' }, 'the limit is 100'],
    ['an object that is not a picture', 'incoming/a.jpg', Buffer.from('<svg/>'), {}, 'error/jpeg.c'],
  ])('fails for %s, and writes nothing', async (_, key, content, environment, message) => {
    await s3.put(key, content ?? small);
    await expect(convert(language, key, environment)).rejects.toThrow(message);
    expect(await s3.keys()).toEqual([key]);
    expect(webhook.requests).toEqual([]);
  });

  test('ignores the test event that S3 sends when notifications are configured', async () => {
    const event = { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: BUCKET };
    await expect(assembly.call(language, 'Convert', event)).resolves.toBeNull();
  });
});

describe('the template of the example', () => {
  const stack = (props: Partial<ConvertStackProps> = {}) =>
    new ConvertStack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Convert', { webhookUrl, ...props });

  test('allows the function only to read below incoming, write below outgoing and report failures', () => {
    const below = (prefix: string) => ({
      'Fn::Join': ['', [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^Pictures'), 'Arn'] }, `/${prefix}/*`]],
    });
    const allow = (action: string | string[], resource: unknown) => ({ Effect: 'Allow', Action: action, Resource: resource });
    Template.fromStack(stack()).hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('^ConvertServiceRole'),
      PolicyDocument: {
        Statement: Match.exact([
          allow(['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'], {
            'Fn::GetAtt': [Match.stringLikeRegexp('^Failures'), 'Arn'],
          }),
          allow('s3:GetObject', below('incoming')),
          allow('s3:PutObject', below('outgoing')),
        ]),
      },
    });
  });

  test('sends only events for the prefix and suffix, and failed events to the queue', () => {
    const template = Template.fromStack(stack({ suffix: '.tif' }));
    const rules = [{ Name: 'suffix', Value: '.tif' }, { Name: 'prefix', Value: 'incoming/' }];
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: {
        LambdaFunctionConfigurations: [Match.objectLike({ Events: ['s3:ObjectCreated:*'], Filter: { Key: { FilterRules: rules } } })],
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumEventAgeInSeconds: 3600,
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    });
  });

  test('is an error if the webhook is not HTTPS', () => {
    expect(() => stack({ webhookUrl: 'http://example.com' })).toThrow('webhookUrl is \'http://example.com\', expected a URL that begins with https://');
  });
});
