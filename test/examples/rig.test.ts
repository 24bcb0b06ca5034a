/**
 * The function of examples/rig, called in the sandbox, and the effect of its context on the template.
 */
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type { Assembly } from './lambda';
import { synthesize } from './synthesize';
import { RigStack, type RigStackProps } from '../../examples/rig/stack';
import { BinarySource } from '../../lib';

let assembly: Assembly;
beforeAll(() => {
  assembly = synthesize((app) => new RigStack(app, 'Rig', { source: BinarySource.host() }));
});

/** The template, without a layer. */
function templateOf(props: RigStackProps): Template {
  return Template.fromStack(new RigStack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Rig', props));
}

test('an HTTP request is answered with an identity in JSON', async () => {
  const request = { version: '2.0', rawPath: '/', requestContext: { http: { method: 'GET', path: '/' } } };
  const response = await assembly.call('Rig', 'Function', request);
  expect(response).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
  expect(JSON.parse(response.body)).toEqual({
    name: expect.stringMatching(/^\S+ \S+/),
    street: expect.stringMatching(/^\d+ \S/),
    city: expect.stringMatching(/, [A-Z]{2} +\d{5}$/),
    phone: expect.stringMatching(/^\(\d{3}\)/),
  });
});

test('a direct call is answered with the text that rig prints', async () => {
  const { identity } = await assembly.call('Rig', 'Function', {});
  expect(identity.split('\n')).toHaveLength(4);
});

test('the function has the newest layer, which is kept when a newer one replaces it', () => {
  const template = templateOf({});
  const [layer] = Object.keys(template.findResources('AWS::Lambda::LayerVersion'));
  template.hasResource('AWS::Lambda::LayerVersion', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  template.hasResourceProperties('AWS::Lambda::Function', { Layers: [{ Ref: layer }] });
});

test('an older version of the layer is attached by its ARN, and the newest stays in the stack', () => {
  const previousLayer = 'arn:aws:lambda:us-east-1:111122223333:layer:Layer:3';
  const template = templateOf({ previousLayer });
  template.hasResourceProperties('AWS::Lambda::Function', { Layers: [previousLayer] });
  template.resourceCountIs('AWS::Lambda::LayerVersion', 1);
});

test.each([
  [false, 'AWS_IAM'],
  [true, 'NONE'],
])('with isPublic %s, the function URL has the authorization %s', (isPublic, authorization) => {
  const template = templateOf({ isPublic });
  template.hasResourceProperties('AWS::Lambda::Url', { AuthType: authorization });
  template.resourceCountIs('AWS::ApiGatewayV2::Api', 0);
});

test.each([[false, 'AWS_IAM'], [true, 'NONE']])('with isPublic %s, the API has the authorization %s', (isPublic, authorization) => {
  const template = templateOf({ endpoint: 'api', isPublic });
  template.hasResourceProperties('AWS::ApiGatewayV2::Route', { RouteKey: 'GET /', AuthorizationType: authorization });
  template.hasResourceProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0' });
  template.hasResourceProperties('AWS::ApiGatewayV2::Stage', { AccessLogSettings: Match.objectLike({ Format: Match.anyValue() }) });
  template.resourceCountIs('AWS::Lambda::Url', 0);
});
