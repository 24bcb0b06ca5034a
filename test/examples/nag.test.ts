/**
 * The templates of the examples, checked with the rules of cdk-nag for AWS solutions. A finding is explained next to the code.
 */
import { App, Aspects, type IAspect, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { ConvertStack } from '../../examples/convert/stack';
import { recipes } from '../../examples/recipes/recipes';
import { RigStack } from '../../examples/rig/stack';

/** The part of cdk-nag that is used. */
const { AwsSolutionsChecks } = jest.requireActual<{ AwsSolutionsChecks: new (props: { verbose: boolean }) => IAspect }>('cdk-nag');

function app(): App {
  return new App({ context: { 'aws:cdk:bundling-stacks': [] } });
}

/** The rules that a stack breaks, with the resources. */
function findings(stack: Stack): string[] {
  Aspects.of(stack).add(new AwsSolutionsChecks({ verbose: true }));
  const annotations = Annotations.fromStack(stack);
  const any = Match.stringLikeRegexp('.*');
  return [...annotations.findError('*', any), ...annotations.findWarning('*', any)]
    .filter(({ entry }) => /AwsSolutions|CdkNag/.test(String(entry.data)))
    .map(({ id, entry }) => `${id}: ${entry.data}`);
}

const webhookUrl = 'https://example.com/pictures';

test.each<[string, () => Stack]>([
  ['rig with a function URL', () => new RigStack(app(), 'Rig')],
  ['rig with a public function URL', () => new RigStack(app(), 'Rig', { isPublic: true })],
  ['rig with an API', () => new RigStack(app(), 'Rig', { endpoint: 'api' })],
  ['rig with a public API', () => new RigStack(app(), 'Rig', { endpoint: 'api', isPublic: true })],
  ['convert in Python', () => new ConvertStack(app(), 'Convert', { webhookUrl })],
  ['convert in Node.js', () => new ConvertStack(app(), 'Convert', { webhookUrl, language: 'nodejs' })],
])('%s has no finding without an explanation', (_, create) => {
  expect(findings(create())).toEqual([]);
});

test('the recipes have no finding without an explanation', () => {
  const all = app();
  recipes(all);
  const stacks = all.node.children.filter((child) => Stack.isStack(child));
  expect(stacks).toHaveLength(13);
  expect(stacks.flatMap(findings)).toEqual([]);
});

test('a finding without an explanation is reported', () => {
  const stack = new RigStack(app(), 'Rig');
  const logPolicy = stack.node.findAll().find(({ node }) => node.path === 'Rig/Function/ServiceRole/Resource')!;
  (logPolicy as any).cfnOptions.metadata = {};
  expect(findings(stack)).toEqual([expect.stringContaining('AwsSolutions-IAM4')]);
});
