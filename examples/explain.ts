/**
 * Findings of cdk-nag that the examples accept, explained next to the code. cdk-nag reads this metadata, and reports findings without it.
 * The format is that of its `NagSuppressions`, so that the examples do not depend on cdk-nag.
 */
import { CfnResource } from 'aws-cdk-lib';
import { type IConstruct } from 'constructs';

export const LOG_POLICY = 'AWSLambdaBasicExecutionRole, the default of the CDK, only allows a function to write its log.';

const METADATA = 'cdk_nag';

/**
 * Accepts a finding for the resources below a construct.
 *
 * @param rule The rule, such as `AwsSolutions-IAM4`, or a finding of one, such as `AwsSolutions-IAM5[Resource::*]`
 * @param reason Why the finding is acceptable here, in at least ten characters
 */
export function explain(construct: IConstruct, rule: string, reason: string): void {
  const [, id, finding] = /^([^[]+)(?:\[(.+)\])?$/.exec(rule)!;
  for (const resource of construct.node.findAll().filter((child) => CfnResource.isCfnResource(child))) {
    const rules = resource.getMetadata(METADATA)?.rules_to_suppress ?? [];
    resource.addMetadata(METADATA, { rules_to_suppress: [...rules, { id, reason, ...(finding && { applies_to: [finding] }) }] });
  }
}
