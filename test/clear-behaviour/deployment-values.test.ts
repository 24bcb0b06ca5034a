import { App, CfnParameter, DockerImage, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { BinaryLayer, type BinaryLayerProps, BinarySource } from '../../lib';

const word = Lazy.string({ produce: () => 'jq' });
const list = Lazy.list({ produce: () => ['jq'] });

function layer(props: Partial<BinaryLayerProps>, context: Record<string, unknown> = {}): void {
  new BinaryLayer(new Stack(new App({ context }), 'Stack'), 'Layer', { binary: 'true', ...props });
}

const CASES: [name: string, props: Partial<BinaryLayerProps>][] = [
  ['binary', { binary: word }],
  ['additionalBinaries', { additionalBinaries: list }],
  ['additionalBinaries[1]', { additionalBinaries: ['cat', `/opt/${word}`] }],
  ['rename[\'true\']', { rename: { true: word } }],
  ['a key of rename', { rename: { [word]: 'other' } }],
  ['include[0]', { include: [word] }],
  ['exclude[0]', { exclude: [`/usr/share/${word}`] }],
  ['traceCommands[0]', { traceCommands: [`true ${word}`] }],
  ['testCommand', { testCommand: word }],
  ['testTimeout', { testTimeout: Duration.seconds(Lazy.number({ produce: () => 3 })) }],
  ['architecture', { architecture: Architecture.custom(word) }],
  ['detectData', { detectData: Lazy.any({ produce: () => true }) as unknown as boolean }],
];

test.each(CASES)('a token as %s is an error that says what to pass instead', (name, props) => {
  expect(() => layer(props)).toThrow(
    new RegExp(
      [
        `^BinaryLayer Stack/Layer: ${name.replace(/[[\]]/g, '\\$&')} is a CDK token.*: its value is known only at deployment, and ` +
          'the layer is made during synthesis\\.\n',
        ' {2}Pass a value that is known during synthesis, such as a literal, an environment variable \\(process\\.env\\.NAME\\) or context',
      ].join(''),
    ),
  );
});

test('a token is an error without bundling, too, as in a unit test of an app', () => {
  expect(() => layer({ binary: word }, { 'aws:cdk:bundling-stacks': [] })).toThrow('binary is a CDK token');
});

test('the error shows the token of a CloudFormation parameter', () => {
  const stack = new Stack(new App(), 'Stack');
  const parameter = new CfnParameter(stack, 'Binary');
  expect(() => new BinaryLayer(stack, 'Layer', { binary: parameter.valueAsString })).toThrow(
    /binary is a CDK token \('\$\{Token\[\S+\]\}'\)/,
  );
});

test.each<[string, () => BinarySource]>([
  ['the root of BinarySource.directory', () => BinarySource.directory(word)],
  ['the reference of BinarySource.image', () => BinarySource.image(word)],
  ['the reference of BinarySource.image', () => BinarySource.dockerImage(DockerImage.fromRegistry(`${word}:1`))],
  ['packages of BinarySource.apt', () => BinarySource.apt(list)],
  ['packages of BinarySource.apt[1]', () => BinarySource.apt(['jq', word])],
  ['options of BinarySource.apt[\'sources\']', () => BinarySource.apt(['jq'], { sources: `Types: deb\nURIs: ${word}` })],
])('a token as %s is an error', (name, source) => {
  expect(source).toThrow(`${name} is a CDK token`);
});

test('tokens in the properties of LayerVersion are left to CloudFormation', () => {
  expect(() => layer({ description: word, layerVersionName: word, detectData: false })).not.toThrow();
});
