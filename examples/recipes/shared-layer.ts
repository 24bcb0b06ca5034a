/**
 * Problem: functions in several stacks and languages use the same program.
 *
 * One stack publishes the layer, and its ARN in a parameter of Systems Manager. The other stacks read the parameter when they are
 * deployed. An export of CloudFormation would do as well, but it cannot change while a stack imports it, so the layer could not be updated.
 *
 *     npx cdk deploy SharedLayer && npx cdk deploy PythonUser NodejsUser JavaUser
 */
import { execFileSync } from 'child_process';
import * as path from 'path';
import { DockerImage, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { logGroup } from './python-function';
import { BinaryLayer, BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project
import { explain, LOG_POLICY } from '../explain';

const PARAMETER = '/tools/layer-arn';
const FUNCTIONS = path.join(__dirname, 'functions', 'shared');

export class SharedLayer extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const layer = new BinaryLayer(this, 'Layer', {
      binary: 'jq',
      source: BinarySource.apt(['jq']),
      removalPolicy: RemovalPolicy.RETAIN, // functions keep their version until they are deployed again
    });
    new StringParameter(this, 'Arn', { parameterName: PARAMETER, stringValue: layer.layerVersionArn });
  }
}

export class LayerUser extends Stack {
  constructor(scope: Construct, id: string, props: { runtime: lambda.Runtime; handler: string; code: lambda.Code }) {
    super(scope, id);
    const arn = StringParameter.valueForStringParameter(this, PARAMETER);
    const user = new lambda.Function(this, 'Function', {
      ...props,
      layers: [lambda.LayerVersion.fromLayerVersionArn(this, 'Tools', arn)],
      environment: { JQ: '/opt/bin/jq' },
      timeout: Duration.seconds(10),
      memorySize: 512,
      logGroup: logGroup(this, 'Logs'),
    });
    explain(user, 'AwsSolutions-IAM4', LOG_POLICY);
  }
}

/** The stacks of this recipe. */
export function sharedLayer(scope: Construct): void {
  new SharedLayer(scope, 'SharedLayer');
  const code = (language: string) => lambda.Code.fromAsset(path.join(FUNCTIONS, language));
  new LayerUser(scope, 'PythonUser', { runtime: lambda.Runtime.PYTHON_3_14, handler: 'handler.handler', code: code('python') });
  new LayerUser(scope, 'NodejsUser', { runtime: lambda.Runtime.NODEJS_24_X, handler: 'handler.handler', code: code('nodejs') });
  new LayerUser(scope, 'JavaUser', { runtime: lambda.Runtime.JAVA_25, handler: 'Keys::handler', code: javaCode() });
}

/** Classes, compiled by this machine's javac. */
function javaCode(): lambda.Code {
  const compile = (output: string) => {
    execFileSync('javac', ['--release', '17', '-d', output, path.join(FUNCTIONS, 'java', 'src', 'Keys.java')], { stdio: 'inherit' });
    return true;
  };
  const image = DockerImage.fromRegistry('public.ecr.aws/sam/build-java25'); // never used: compile does not fall back to Docker
  return lambda.Code.fromAsset(path.join(FUNCTIONS, 'java'), { bundling: { image, local: { tryBundle: compile } } });
}
