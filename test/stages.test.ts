/**
 * The warning about a function's architecture, wherever the function and its layer are in the tree of constructs.
 */
import { App, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { BinaryLayer } from '../lib';
import { temporaryDirectory } from './fixture';
import { SmallRoot } from './small-root';
import { freshPlaces } from './synth';

freshPlaces();
let root: SmallRoot;
let app: App;
beforeAll(() => {
  root = new SmallRoot();
});
beforeEach(() => {
  app = new App({ outdir: temporaryDirectory() });
});

const layerIn = (stack: Stack) => new BinaryLayer(stack, 'Layer', { binary: 'tool', source: root.source });

function functionIn(stack: Stack, layer: lambda.ILayerVersion, architecture = lambda.Architecture.ARM_64): void {
  const code = lambda.Code.fromInline('def handler(event, context): pass');
  new lambda.Function(stack, 'Function', {
    runtime: lambda.Runtime.PYTHON_3_12, handler: 'index.handler', code, layers: [layer], architecture,
  });
}

const warnings = (stack: Stack) => {
  const found = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('its programs will not start'));
  return found.map(({ id }) => id);
};

test('each of two stages has its own warning', () => {
  const stacks = ['Dev', 'Prod'].map((name) => new Stack(new Stage(app, name), 'Stack'));
  for (const stack of stacks) functionIn(stack, layerIn(stack));
  expect(stacks.map(warnings)).toEqual([['/Dev/Stack/Function'], ['/Prod/Stack/Function']]);
});

test('a stage in a stage has its own warning', () => {
  const outer = new Stage(app, 'Outer');
  const [above, below] = [new Stack(outer, 'Stack'), new Stack(new Stage(outer, 'Inner'), 'Stack')];
  for (const stack of [above, below]) functionIn(stack, layerIn(stack));
  expect([above, below].map(warnings)).toEqual([['/Outer/Stack/Function'], ['/Outer/Inner/Stack/Function']]);
});

test('a function in a nested stack gets the warning, if the layer is in the nested stack or in the stack above', () => {
  const top = new Stack(app, 'Top');
  const [own, other] = [new NestedStack(top, 'Own'), new NestedStack(top, 'Other')];
  functionIn(own, layerIn(own));
  functionIn(other, layerIn(top));
  expect(warnings(top)).toEqual(['/Top/Own/Function', '/Top/Other/Function']);
});

test('a function in another stack of the same stage gets the warning', () => {
  const stage = new Stage(app, 'Stage');
  const [layers, functions] = [new Stack(stage, 'Layers'), new Stack(stage, 'Functions')];
  functionIn(functions, layerIn(layers));
  expect([layers, functions].map(warnings)).toEqual([[], ['/Stage/Functions/Function']]);
});

test('a function in another stage than its layer is an error of the CDK', () => {
  const [layers, functions] = ['Layers', 'Functions'].map((name) => new Stack(new Stage(app, name), 'Stack'));
  functionIn(functions, layerIn(layers));
  expect(() => app.synth()).toThrow(/cannot (?:reference|depend)|dependency cannot cross stage boundaries/);
});

test('a function with the architecture of the layer gets no warning in a stage', () => {
  const stack = new Stack(new Stage(app, 'Stage'), 'Stack');
  functionIn(stack, layerIn(stack), lambda.Architecture.X86_64);
  expect(warnings(stack)).toEqual([]);
});
