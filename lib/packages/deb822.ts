/**
 * Reads Debian's control format, deb822(5): package databases, control files of packages, copyright files, apt's sources.
 *
 * Paragraphs are separated by blank lines. A line that begins with a blank continues the field before it. A line that begins
 * with `#` is a comment. Each character is read a limited number of times, because the text is not trusted.
 */

/** The fields of a paragraph, by their names in lower case; lines of a value are separated by `\n`. */
export type Paragraph = ReadonlyMap<string, string>;

const SPACE = 0x20;

/** Reads the paragraphs of a text. @param names of the fields to read, in lower case @default - all fields */
export function* paragraphs(text: string, names?: ReadonlySet<string>): Generator<Paragraph> {
  let fields = new Map<string, string>();
  let last: string | undefined;
  for (let start = 0, end; start < text.length; start = end + 1) {
    end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const first = text[start];
    if (first === '#') continue;
    // skipped early, because most lines of a package database continue a field that is not requested
    if (last === undefined && (first === ' ' || first === '\t') && text.charCodeAt(start + 1) > SPACE) continue;
    const line = text.slice(start, end).trimEnd();
    if (line === '') {
      if (fields.size > 0) yield fields;
      fields = new Map();
      last = undefined;
    } else if (first === ' ' || first === '\t') {
      continued(fields, last, line);
    } else {
      const colon = line.indexOf(':');
      last = colon < 0 ? undefined : line.slice(0, colon).toLowerCase();
      if (last !== undefined && names?.has(last) === false) last = undefined;
      if (last !== undefined) fields.set(last, line.slice(colon + 1).trim());
    }
  }
  if (fields.size > 0) yield fields;
}

function continued(fields: Map<string, string>, name: string | undefined, line: string): void {
  if (name !== undefined) fields.set(name, `${fields.get(name)}\n${line.trim()}`);
}

/** `a (>= 1) | b:any, c` → [[a, b], [c]] */
export function alternativesIn(relations: string): string[][] {
  const names = (relation: string) => relation.split('|').map(nameIn).filter((name) => name !== '');
  return relations.split(',').map(names).filter((alternatives) => alternatives.length > 0);
}

function nameIn(relation: string): string {
  const text = relation.trim();
  const end = text.search(/[ \t\n:(]/);
  return end < 0 ? text : text.slice(0, end);
}
