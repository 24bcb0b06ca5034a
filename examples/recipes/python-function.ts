/**
 * The function of a recipe: Python, a layer, and variables with the paths of its programs.
 */
import * as path from 'path';
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { explain, LOG_POLICY } from '../explain';

export interface PythonFunctionProps {
  /** The directory below `functions/` that contains handler.py. */
  readonly code: string;
  readonly layers: lambda.ILayerVersion[];
  /** Variables: by convention the name of a program in capitals, with its path. */
  readonly environment: { [name: string]: string };
  /** @default Duration.seconds(30) */
  readonly timeout?: Duration;
  /** @default 1769 - in MB; one full CPU */
  readonly memorySize?: number;
  /** @default - x86_64 */
  readonly architecture?: lambda.Architecture;
}

/** Adds a function with the ID `Function` to a stack. */
export function pythonFunction(stack: Stack, { code, ...props }: PythonFunctionProps): lambda.Function {
  const added = new lambda.Function(stack, 'Function', {
    runtime: lambda.Runtime.PYTHON_3_14,
    handler: 'handler.handler',
    code: lambda.Code.fromAsset(path.join(__dirname, 'functions', code)),
    timeout: Duration.seconds(30),
    memorySize: 1769,
    logGroup: logGroup(stack, 'Logs'),
    ...props,
  });
  explain(added, 'AwsSolutions-IAM4', LOG_POLICY);
  return added;
}

export function logGroup(stack: Stack, id: string): logs.LogGroup {
  return new logs.LogGroup(stack, id, { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
}
