/**
 * Converts each picture that is uploaded to `incoming/` of a bucket, writes the result to `outgoing/`, and posts bucket and key to a
 * webhook.
 *
 * - The picture is converted by ImageMagick, in a Python function or in a Node.js function.
 * - S3 delivers an event at least once, and Lambda retries a failed one twice. A repeated event overwrites the same object with the same
 *   picture, and its webhook request has the same `Idempotency-Key`.
 * - An event that fails three times, or that waits for an hour, goes to a queue together with the error.
 * - The function cannot trigger itself: only keys below `incoming/` send events, and its role can write only below `outgoing/`.
 */
import * as path from 'path';
import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { LambdaDestination } from 'aws-cdk-lib/aws-s3-notifications';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { type Construct } from 'constructs';
import { BinaryLayer, BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project
import { explain, LOG_POLICY } from '../explain';

/** Where pictures arrive and where results are written. They must differ, or the function triggers itself. */
const INCOMING = 'incoming/';
const OUTGOING = 'outgoing/';

export interface ConvertStackProps extends StackProps {
  /** The URL that receives a POST request with JSON for each result. Must begin with `https://`. */
  readonly webhookUrl: string;

  /**
   * The suffix of the keys to convert. S3 distinguishes upper and lower case.
   *
   * @default '.jpg'
   */
  readonly suffix?: '.jpg' | '.png' | '.tif';

  /**
   * The language of the function.
   *
   * @default 'python'
   */
  readonly language?: 'python' | 'nodejs';

  /**
   * Where ImageMagick is taken from.
   *
   * @default - Debian's packages
   */
  readonly source?: BinarySource;
}

export class ConvertStack extends Stack {
  constructor(scope: Construct, id: string, props: ConvertStackProps) {
    super(scope, id, props);
    const { webhookUrl, suffix = '.jpg', language = 'python' } = props;
    if (!Token.isUnresolved(webhookUrl) && !webhookUrl.startsWith('https://')) {
      throw new Error(`webhookUrl is '${webhookUrl}', expected a URL that begins with https://`);
    }

    const imageMagick = new BinaryLayer(this, 'ImageMagick', {
      binary: 'convert',
      source: props.source ?? BinarySource.apt(['imagemagick']),
      testCommand: 'convert -size 8x8 xc:red png:/tmp/red.png',
    });

    const bucket = new s3.Bucket(this, 'Pictures', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN, // it holds data
    });
    explain(bucket, 'AwsSolutions-S1', 'Access logs need another bucket. Log data events in CloudTrail instead, for the whole account.');

    const failures = new sqs.Queue(this, 'Failures', { enforceSSL: true, retentionPeriod: Duration.days(14) });
    explain(failures, 'AwsSolutions-SQS3', 'This queue is where failed events end. Nothing consumes it automatically.');

    const convert = new lambda.Function(this, 'Convert', {
      runtime: language === 'python' ? lambda.Runtime.PYTHON_3_14 : lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(path.join(__dirname, language)),
      layers: [imageMagick],
      environment: {
        CONVERT: imageMagick.executablePath(),
        INCOMING,
        OUTGOING,
        SUFFIX: suffix,
        WEBHOOK_URL: webhookUrl,
        MAX_BYTES: String(50_000_000),
      },
      memorySize: 1769, // one full CPU
      timeout: Duration.minutes(2),
      retryAttempts: 2,
      maxEventAge: Duration.hours(1),
      onFailure: new SqsDestination(failures),
      logGroup: new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
    });
    // bucket.grantRead would allow to list the bucket, too
    convert.addToRolePolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [bucket.arnForObjects(`${INCOMING}*`)] }));
    convert.addToRolePolicy(new iam.PolicyStatement({ actions: ['s3:PutObject'], resources: [bucket.arnForObjects(`${OUTGOING}*`)] }));
    explain(convert, 'AwsSolutions-IAM4', LOG_POLICY);
    explain(convert, 'AwsSolutions-IAM5', 'The function reads keys below incoming/ and writes keys below outgoing/, and nothing else.');

    bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new LambdaDestination(convert), { prefix: INCOMING, suffix });
    // The CDK sets the notification by a function of its own, which it adds to the stack.
    const notifications = this.node.findChild('BucketNotificationsHandler050a0587b7544547bf325f094a3db834');
    explain(notifications, 'AwsSolutions-IAM4', LOG_POLICY);
    explain(notifications, 'AwsSolutions-IAM5', 'The CDK lets its handler set the notifications of each bucket in the stack.');

    new CfnOutput(this, 'Bucket', { value: bucket.bucketName });
    new CfnOutput(this, 'FailuresUrl', { value: failures.queueUrl });
  }
}
