/**
 * An HTTP endpoint that answers with a random identity. A Python function runs `rig`, which comes from the layer.
 *
 * To go back to an older rig, attach an older version of the layer: every deployment of a changed rig publishes a new version and keeps
 * the old ones. `aws lambda list-layer-versions --layer-name NAME` lists them, and
 *
 *     npx cdk deploy -c previousLayer=arn:aws:lambda:us-east-1:111122223333:layer:Layer0123ABCD:3
 *
 * attaches one. Deploying an old cloud assembly (`cdk deploy --app old-cdk.out`) also brings back the old program, but not the old
 * version: CloudFormation publishes the same bytes as a new version, with the next number.
 */
import * as path from 'path';
import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { type CfnStage, HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { type Construct } from 'constructs';
import { BinaryLayer, type BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project
import { explain, LOG_POLICY } from '../explain';

export interface RigStackProps extends StackProps {
  /**
   * Where rig is taken from.
   *
   * @default - the machine that synthesizes
   */
  readonly source?: BinarySource;

  /**
   * What receives HTTP requests.
   *
   * @default 'url' - the URL of the function
   */
  readonly endpoint?: 'url' | 'api';

  /**
   * Whether requests need no signature. Everyone on the internet can then call the function, at your cost.
   *
   * @default false - requests are signed with AWS credentials
   */
  readonly isPublic?: boolean;

  /**
   * ARN of an older version of the layer, to attach in place of the newest.
   *
   * @default - the newest version
   */
  readonly previousLayer?: string;
}

export class RigStack extends Stack {
  constructor(scope: Construct, id: string, props: RigStackProps = {}) {
    super(scope, id, props);

    const layer = new BinaryLayer(this, 'Layer', {
      binary: 'rig',
      source: props.source,
      // CloudFormation deletes the old version when it publishes a new one, unless it is told to keep it.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const { previousLayer } = props;
    const attached = previousLayer ? lambda.LayerVersion.fromLayerVersionArn(this, 'PreviousLayer', previousLayer) : layer;

    const identity = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.PYTHON_3_14,
      handler: 'handler.handler',
      code: lambda.Code.fromAsset(path.join(__dirname, 'function')),
      layers: [attached],
      environment: { RIG: layer.executablePath() },
      timeout: Duration.seconds(10),
      logGroup: new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
    });
    explain(identity, 'AwsSolutions-IAM4', LOG_POLICY);

    const url = props.endpoint === 'api' ? this.api(identity, props.isPublic) : this.functionUrl(identity, props.isPublic);
    new CfnOutput(this, 'Url', { value: url });
    new CfnOutput(this, 'LayerVersionArn', { value: layer.layerVersionArn });
    new CfnOutput(this, 'FunctionName', { value: identity.functionName });
  }

  private functionUrl(identity: lambda.Function, isPublic = false): string {
    const authType = isPublic ? lambda.FunctionUrlAuthType.NONE : lambda.FunctionUrlAuthType.AWS_IAM;
    return identity.addFunctionUrl({ authType }).url;
  }

  private api(identity: lambda.Function, isPublic = false): string {
    const api = new HttpApi(this, 'Api', { createDefaultStage: false, defaultAuthorizer: isPublic ? undefined : new HttpIamAuthorizer() });
    const routes = api.addRoutes({
      path: '/',
      methods: [HttpMethod.GET],
      integration: new HttpLambdaIntegration('Identity', identity),
    });
    if (isPublic) routes.forEach((route) => explain(route, 'AwsSolutions-APIG4', 'The context asks for a public endpoint.'));

    const stage = api.addStage('Stage', { autoDeploy: true, throttle: { rateLimit: 10, burstLimit: 20 } });
    const accessLogs = new logs.LogGroup(this, 'AccessLogs', {
      retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY,
    });
    accessLogs.grantWrite(new iam.ServicePrincipal('apigateway.amazonaws.com'));
    (stage.node.defaultChild as CfnStage).accessLogSettings = {
      destinationArn: accessLogs.logGroupArn,
      format: '{"requestId":"$context.requestId","status":"$context.status","ip":"$context.identity.sourceIp"}',
    };
    return stage.url;
  }
}
