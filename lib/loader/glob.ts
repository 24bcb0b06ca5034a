/**
 * Shell patterns in the syntax of glob(3). Matching takes time in proportion to the product of the lengths of pattern and
 * name. The regular expressions to which glob libraries compile patterns can take forever, because they backtrack.
 */

/** An element of a pattern: a run of any characters, or one character of a set. */
type Element = 'run' | ((character: string) => boolean);

/** True if a component has special characters. Other components match only themselves, so no directory has to be listed. */
export function isPattern(component: string): boolean {
  return /[*?[\\]/.test(component);
}

/** Compiles a pattern for one component of a path. A wildcard does not match a leading dot. */
export function globMatcher(pattern: string): (name: string) => boolean {
  const elements = compile(pattern);
  const allowsDot = pattern.startsWith('.') || pattern.startsWith('\\.');
  return (name) => (allowsDot || !name.startsWith('.')) && matches(elements, name);
}

/** After a mismatch, only the last run is extended: earlier ones can stay as they are. */
function matches(elements: readonly Element[], name: string): boolean {
  let [element, at] = [0, 0];
  let [run, runStart] = [-1, 0];
  while (at < name.length) {
    const current = elements[element];
    if (current === 'run') {
      [run, runStart] = [element++, at];
    } else if (current?.(name[at])) {
      element++;
      at++;
    } else if (run >= 0) {
      element = run + 1;
      at = ++runStart;
    } else {
      return false;
    }
  }
  while (elements[element] === 'run') element++;
  return element === elements.length;
}

function compile(pattern: string): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '*') {
      if (elements.at(-1) !== 'run') elements.push('run');
    } else if (character === '?') {
      elements.push(() => true);
    } else if (character === '[' && closing(pattern, at) > 0) {
      const end = closing(pattern, at);
      elements.push(bracket(pattern.slice(at + 1, end)));
      at = end;
    } else {
      if (character === '\\' && at + 1 < pattern.length) at++;
      const literal = pattern[at];
      elements.push((other) => other === literal);
    }
  }
  return elements;
}

/** Offset of the `]` that ends a bracket expression, -1 if none does. A `]` directly after `[` or `[!` belongs to the set. */
function closing(pattern: string, open: number): number {
  const negated = pattern[open + 1] === '!' || pattern[open + 1] === '^';
  return pattern.indexOf(']', open + (negated ? 3 : 2));
}

function bracket(inner: string): (character: string) => boolean {
  const negated = inner.startsWith('!') || inner.startsWith('^');
  const members = negated ? inner.slice(1) : inner;
  const ranges: [string, string][] = [];
  for (let at = 0; at < members.length; at++) {
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    ranges.push([members[at], members[isRange ? at + 2 : at]]);
    if (isRange) at += 2;
  }
  return (character) => ranges.some(([low, high]) => low <= character && character <= high) !== negated;
}
