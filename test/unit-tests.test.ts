/**
 * Unit tests of an app: bundling switched off, and templates that stay the same without it.
 */
import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { BinaryLayerProps } from '../lib';
import { BinaryLayer, BinarySource } from '../lib';
import { temporaryDirectory } from './fixture';
import { SmallRoot } from './small-root';
import { freshPlaces } from './synth';
import { THIS_MACHINE } from '../lib/loader/machine';

const place = freshPlaces();
let root: SmallRoot;
beforeAll(() => {
  root = new SmallRoot();
});

/** Ways to switch bundling off. */
const OFF = ['BINARY_LAYER_SKIP', 'context', 'CDK_CONTEXT_JSON'] as const;

function templateOf(props: Partial<BinaryLayerProps>, off?: typeof OFF[number]): Template {
  const context = { 'aws:cdk:bundling-stacks': [] };
  if (off === 'BINARY_LAYER_SKIP') process.env.BINARY_LAYER_SKIP = '1';
  if (off === 'CDK_CONTEXT_JSON') process.env.CDK_CONTEXT_JSON = JSON.stringify(context);
  place.outdir = path.join(temporaryDirectory(), 'cdk.out');
  const stack = new Stack(new App({ outdir: place.outdir, context: off === 'context' ? context : {} }), 'Stack');
  new BinaryLayer(stack, 'Layer', { binary: 'tool', source: root.source, ...props });
  return Template.fromStack(stack);
}

describe.each(OFF)('without bundling (%s)', (off) => {
  test('no file is read, cached or written, and nothing is printed', () => {
    const source = BinarySource.directory('/no/such/directory');
    templateOf({ binary: 'gone', source }, off).resourceCountIs('AWS::Lambda::LayerVersion', 1);
    expect(fs.readdirSync(place.outdir).filter((name) => name.startsWith('asset.'))).toEqual([]);
    expect(fs.readdirSync(place.cache)).toEqual([]);
    expect(place.stderr).toBe('');
  });

  test('the template is the same for every program, and cannot be deployed', () => {
    const [one, other] = [templateOf({}, off), templateOf({ binary: 'other' }, off)];
    expect(one.toJSON()).toEqual(other.toJSON());
    // S3 allows neither capitals nor underscores in the name of a bucket
    one.hasResourceProperties('AWS::Lambda::LayerVersion', { Content: { S3Bucket: 'BUNDLING_IS_OFF' } });
  });

  test.each<[string, Partial<BinaryLayerProps>, string]>([
    ['the architecture that is given', { architecture: lambda.Architecture.ARM_64 }, 'arm64'],
    ['the machine\'s own, of packages without one', { source: BinarySource.apt(['jq']) }, THIS_MACHINE === 'x86_64' ? 'x86_64' : 'arm64'],
    ['the one that is given, of packages', { source: BinarySource.apt(['jq']), architecture: lambda.Architecture.ARM_64 }, 'arm64'],
  ])('CompatibleArchitectures is %s', (_, props, expected) => {
    templateOf(props, off).hasResourceProperties('AWS::Lambda::LayerVersion', { CompatibleArchitectures: [expected] });
  });

  test('CompatibleArchitectures is absent if only the program determines it', () => {
    templateOf({}, off).hasResourceProperties('AWS::Lambda::LayerVersion', { CompatibleArchitectures: Match.absent() });
  });

  test('an architecture that Lambda does not have is still an error', () => {
    const architecture = lambda.Architecture.custom('riscv64');
    expect(() => templateOf({ architecture }, off)).toThrow(
      'BinaryLayer Stack/Layer: architecture is riscv64, expected one of x86_64, arm64',
    );
  });
});

test('with architecture, CompatibleArchitectures is the same with and without bundling', () => {
  const architecture = lambda.Architecture.X86_64;
  const properties = (template: Template) => {
    const [{ Properties: { Content, ...others } }] = Object.values(template.findResources('AWS::Lambda::LayerVersion'));
    return others;
  };
  expect(properties(templateOf({ architecture }, 'context'))).toEqual(properties(templateOf({ architecture })));
});

test.each(['0', ''])('BINARY_LAYER_SKIP=%s does not turn bundling off', (value) => {
  process.env.BINARY_LAYER_SKIP = value;
  templateOf({});
  expect(fs.readdirSync(place.outdir).filter((name) => name.endsWith('.zip'))).toHaveLength(1);
});
