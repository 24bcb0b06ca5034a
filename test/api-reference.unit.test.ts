/**
 * API.md, compared with the docstrings of the public API.
 */
import * as fs from 'fs';
import * as path from 'path';
import { completeReference } from './api-reference';

const ROOT = path.join(__dirname, '..');
const reference = fs.readFileSync(path.join(ROOT, 'API.md'), 'utf8');
const source = ['binary-layer.ts', 'binary-source.ts'].map((name) => fs.readFileSync(path.join(ROOT, 'lib', name), 'utf8')).join('\n');

/** The texts of a tag in docstrings, on one line each. */
function tags(tag: string): string[] {
  const texts = [...source.matchAll(new RegExp(`^ *\\* @${tag} (.*(?:\\n *\\* [^@\\n].*)*)`, 'gm'))];
  return texts.map(([, text]) => text.replace(/\n *\* /g, ' '));
}

test('every return value and error of the public API is described', () => {
  const returns = tags('returns').map((text) => `*Returns:* ${text}`);
  const throws = tags('throws').map((text) => `*Throws:* ${text}`);
  expect(returns.length).toBeGreaterThanOrEqual(1);
  expect(throws.length).toBeGreaterThanOrEqual(5);
  expect([...returns, ...throws].filter((text) => !reference.includes(text))).toEqual([]);
});

test('every parameter, property and option has a type and a description', () => {
  const sections = reference.split(/^(?=#{4,6} )/m).filter((text) => /^#{5,6} `\w+`<sup>/.test(text));
  expect(sections.length).toBeGreaterThan(40);
  const isComplete = (text: string) => /- \*Type:\* .*\n(?:- \*Default:\* .*\n)?\n[A-Za-z]/.test(text.replace(/```.*?```/gs, ''));
  expect(sections.filter((text) => !isComplete(text))).toEqual([]);
});

test('every optional property has its default, and the optional parameter of executablePath has one', () => {
  const [, structs] = reference.split('## Structs');
  const optional = structs.split('## Classes')[0].split(/^(?=##### )/m).filter((text) => /^##### `\w+`<sup>Optional/.test(text));
  expect(optional.length).toBeGreaterThan(20);
  expect(optional.filter((text) => !text.includes('- *Default:* '))).toEqual([]);
  expect(reference).toContain('The default is the value of `binary`.');
});

test('a class without a public constructor has no initializer', () => {
  expect(reference).not.toContain('new BinarySource(');
});

test('return values, errors and inherited parameters are added to the sections of their methods', () => {
  const generated = [
    '##### `make` <a name="make" id="lib.Type.make"></a>', '', 'Makes it.', '',
    '###### `id`<sup>Required</sup> <a name="id" id="lib.Type.make.parameter.id"></a>', '', '- *Type:* string', '', '---', '',
    '##### `last` <a name="last" id="lib.Type.last"></a>', '', 'Ends it.', '',
  ].join('\n');
  const methods = [
    { name: 'make', docs: { returns: 'A path', custom: { throws: 'Error if it fails' } } },
    { name: 'last', docs: { returns: 'Nothing.' } },
  ];
  expect(completeReference(generated, { types: { 'lib.Type': { methods } } })).toBe([
    '##### `make` <a name="make" id="lib.Type.make"></a>', '', 'Makes it.', '',
    '*Returns:* A path.', '', '*Throws:* Error if it fails.', '',
    '###### `id`<sup>Required</sup> <a name="id" id="lib.Type.make.parameter.id"></a>', '', '- *Type:* string', '',
    'The name of the construct in its scope.', '', '---', '',
    '##### `last` <a name="last" id="lib.Type.last"></a>', '', 'Ends it.', '', '*Returns:* Nothing.', '', '',
  ].join('\n'));
});

test('a method that has no section is an error', () => {
  const methods = [{ name: 'lost', docs: { returns: 'A path' } }];
  expect(() => completeReference('', { types: { 'lib.Type': { methods } } })).toThrow('API.md has no section for lib.Type.lost');
});
