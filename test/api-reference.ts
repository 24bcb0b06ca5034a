/**
 * Completes API.md, which jsii-docgen writes from the docstrings: it omits return values and errors, and parameters of inherited methods
 * have no description.
 */
import * as fs from 'fs';
import * as path from 'path';

const ROOT = path.join(__dirname, '..');
const FILE = path.join(ROOT, 'API.md');

interface Docs {
  readonly returns?: string;
  readonly custom?: { readonly throws?: string };
}

interface Member {
  readonly name: string;
  readonly docs?: Docs;
}

/** The part of a jsii assembly, the file `.jsii`, that is used. */
export interface Assembly {
  readonly types: Readonly<Record<string, { readonly initializer?: { readonly docs?: Docs }; readonly methods?: readonly Member[] }>>;
}

/** Parameters that aws-cdk-lib does not describe. */
const INHERITED: Readonly<Record<string, string>> = {
  construct: 'The construct to check.',
  id: 'The name of the construct in its scope.',
  layerVersionArn: 'The ARN of the layer version, including its version number.',
  permission: 'The account or organization that may use the layer version.',
  policy: 'What happens to the layer version when it is removed from the stack.',
  scope: 'The stack, or a construct in one.',
};

/** The text of API.md with return values, errors, and all parameters described. */
export function completeReference(reference: string, { types }: Assembly): string {
  let text = reference;
  for (const [type, { initializer, methods = [] }] of Object.entries(types)) {
    text = withOutcome(text, `${type}.Initializer`, initializer?.docs);
    for (const { name, docs } of methods) text = withOutcome(text, `${type}.${name}`, docs);
  }
  return text.replace(/^(#{5,6} `(\w+)`.*\n\n- \*Type:\* .*\n)\n---/gm, (section, start: string, name: string) =>
    name in INHERITED ? `${start}\n${INHERITED[name]}\n\n---` : section);
}

/** Adds what a method returns and throws at the end of its section, before its parameters. */
function withOutcome(text: string, id: string, docs: Docs = {}): string {
  const outcome = [
    ...docs.returns === undefined ? [] : [`*Returns:* ${sentence(docs.returns)}`],
    ...docs.custom?.throws === undefined ? [] : [`*Throws:* ${sentence(docs.custom.throws)}`],
  ];
  if (outcome.length === 0) return text;
  const start = text.search(new RegExp(`^#{4,5} .*id="${id.replace(/\./g, '\\.')}"></a>$`, 'm'));
  if (start < 0) throw new Error(`API.md has no section for ${id}`);
  const heading = text.indexOf('\n', start);
  const length = text.slice(heading).search(/^(?:#{4,6} |---$|\| \*\*Name)/m);
  const end = length < 0 ? text.length : heading + length;
  return `${text.slice(0, end).trimEnd()}\n\n${outcome.join('\n\n')}\n\n${text.slice(end)}`;
}

const sentence = (text: string) => (text.endsWith('.') ? text : `${text}.`);

if (require.main === module) {
  const assembly = JSON.parse(fs.readFileSync(path.join(ROOT, '.jsii'), 'utf8')) as Assembly;
  fs.writeFileSync(FILE, completeReference(fs.readFileSync(FILE, 'utf8'), assembly));
}
