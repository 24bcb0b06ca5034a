/**
 * Rejects CDK tokens: a layer is made during synthesis, and the value of a token is known only at deployment.
 */
import { Duration, Token } from 'aws-cdk-lib';

/**
 * Checks that no value contains a token.
 *
 * @param values name in messages → value. Arrays and plain objects are searched
 * @throws Error naming the first value that contains a token
 */
export function checkResolved(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) checkValue(name, value);
}

function checkValue(name: string, value: unknown): void {
  if (Token.isUnresolved(value) || (value instanceof Duration && value.isUnresolved())) {
    const shown = typeof value === 'string' ? ` ('${value}')` : '';
    throw new Error(
      [
        `${name} is a CDK token${shown}: its value is known only at deployment, and the layer is made during synthesis.`,
        '  Pass a value that is known during synthesis, such as a literal, an environment variable ' +
          "(process.env.NAME) or context (this.node.tryGetContext('name')).",
      ].join('\n'),
    );
  }
  if (Array.isArray(value)) {
    value.forEach((element, index) => checkValue(`${name}[${index}]`, element));
  } else if (isPlainObject(value)) {
    for (const [key, element] of Object.entries(value)) {
      checkValue(`a key of ${name}`, key);
      checkValue(`${name}['${key}']`, element);
    }
  }
}

/** Instances of classes are not searched: constructs, for example, contain tokens that no layer uses. */
function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
