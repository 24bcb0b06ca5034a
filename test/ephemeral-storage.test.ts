/**
 * The warning about a /tmp that is too small, wherever the function and its layer are in the tree of constructs.
 */
import * as fs from 'fs';
import { App, CfnParameter, NestedStack, Size, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { BinaryLayer } from '../lib';
import { temporaryDirectory } from './fixture';
import { SmallRoot } from './small-root';

const MIB = 1024 * 1024;
let root: SmallRoot;
let app: App;
const environment = process.env;
beforeAll(() => {
  // one cache: 520 MiB are compressed once
  process.env = { ...environment, XDG_CACHE_HOME: temporaryDirectory() };
  root = new SmallRoot();
  // each is larger than half a layer, and together they are larger than the default /tmp
  for (const name of ['a', 'b']) {
    root.write({ [`/usr/share/tool/${name}`]: name });
    fs.truncateSync(root.locate(`/usr/share/tool/${name}`), 260 * MIB);
  }
});
afterAll(() => {
  process.env = environment;
});
beforeEach(() => {
  app = new App({ outdir: temporaryDirectory() });
});

const layerIn = (stack: Stack, files: string, compress?: boolean) =>
  new BinaryLayer(stack, 'Layer', {
    binary: 'tool',
    source: root.source,
    include: [`/usr/share/tool/${files}`],
    compress,
    detectData: false,
  });

function functionIn(stack: Stack, layer: lambda.ILayerVersion, ephemeralStorageSize?: Size): lambda.Function {
  const code = lambda.Code.fromInline('def handler(event, context): pass');
  return new lambda.Function(stack, 'Function', {
    runtime: lambda.Runtime.PYTHON_3_12, handler: 'index.handler', code, layers: [layer], ephemeralStorageSize,
  });
}

const warnings = (stack: Stack) => {
  const found = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('ephemeralStorageSize'));
  return found.map(({ id, entry: { data } }) => `${id}: ${String(data)}`);
};

test('a function with the default /tmp gets a warning with the size that is needed', () => {
  const stack = new Stack(new Stage(app, 'Stage'), 'Stack');
  functionIn(stack, layerIn(stack, '[ab]'));
  expect(warnings(stack)).toEqual([
    '/Stage/Stack/Function: programs of the layer Stage/Stack/Layer unpack 520 MiB to /tmp, and the function has 512 MiB there: they ' +
    'will not start. ' +
    'Set the function\'s ephemeralStorageSize to Size.mebibytes(520) or more. [ack: cdk-binary-layer:ephemeralStorageSize]',
  ]);
});

test('the warning does not depend on whether compression is stated', () => {
  const stack = new Stack(app, 'Stack');
  functionIn(stack, layerIn(stack, '[ab]', true));
  expect(warnings(stack)).toHaveLength(1);
});

test('a function gets no warning if its /tmp is large enough, or known only at deployment', () => {
  const stack = new Stack(app, 'Stack');
  const layer = layerIn(stack, '[ab]');
  functionIn(stack, layer, Size.mebibytes(520));
  const other = functionIn(new Stack(app, 'Other'), layer);
  const size = new CfnParameter(Stack.of(other), 'Size', { type: 'Number' }).valueAsNumber;
  (other.node.defaultChild as lambda.CfnFunction).ephemeralStorage = { size };
  expect([stack, Stack.of(other)].map(warnings)).toEqual([[], []]);
});

test('a function in a nested stack gets the warning', () => {
  const top = new Stack(app, 'Top');
  functionIn(new NestedStack(top, 'Below'), layerIn(top, '[ab]'));
  expect(warnings(top)).toHaveLength(1);
});

test('there is no warning if the files fit into the default /tmp', () => {
  const stack = new Stack(app, 'Stack');
  functionIn(stack, layerIn(stack, 'a', true));
  expect(warnings(stack)).toEqual([]);
});

test('the size is known without planning the layer again', () => {
  for (const name of ['One', 'Two']) {
    const stack = new Stack(new App({ outdir: temporaryDirectory() }), name);
    functionIn(stack, layerIn(stack, '[ab]'));
    expect(warnings(stack)).toHaveLength(1);
  }
});
