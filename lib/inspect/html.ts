/**
 * The HTML report of a layer: one self-contained file. Its content security policy forbids loading anything else.
 *
 * The folder page/ has its parts. d3-hierarchy lays out the treemap.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import type { Contents } from './contents';
import { MOST_BYTES } from '../lambda';
import { printable } from '../text/printable';

/** The folder in `lib`, even if this file runs from `build`: the compiler does not copy the folder there. */
const PAGE = path.join(__dirname, '..', '..', 'lib', 'inspect', 'page');

/** In the order in which they are joined. */
const SCRIPTS = ['data.js', 'search.js', 'treemap.js', 'file.js', 'table.js'];

export function htmlOf(contents: Contents): string {
  const part = (name: string) => fs.readFileSync(path.join(PAGE, name), 'utf8');
  const style = part('style.css');
  const script = `${treemap()}\n(() => {\n'use strict';\n${SCRIPTS.map(part).join('\n')}})();\n`;
  const parts: Readonly<Record<string, string>> = {
    title: escaped(`${contents.programs.map(({ name }) => printable(name)).join(', ')}: contents of the layer`),
    policy: [
      "default-src 'none'", `script-src '${sha256(script)}'`, `style-src '${sha256(style)}'`, 'img-src data:',
      "base-uri 'none'", "form-action 'none'",
    ].join('; '),
    style,
    script,
    // `</script>` would end the element that holds the data. In JSON, `<` occurs only in strings, in which it may be escaped
    data: JSON.stringify(dataOf(contents)).replaceAll('<', '\\u003c'),
  };
  return part('page.html').replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
}

/** d3-hierarchy as a script for browsers, which defines `d3`. The first line states its copyright. */
function treemap(): string {
  return fs.readFileSync(path.join(path.dirname(require.resolve('d3-hierarchy')), '..', 'dist', 'd3-hierarchy.min.js'), 'utf8');
}

function dataOf({ name, key, machine, distribution, programs, packages, files, size, zipSize }: Contents) {
  const idOf = new Map(files.map((file, id) => [file.path, id]));
  const ownerOf = new Map(packages.map((recorded, id) => [recorded.name, id]));
  return {
    zip: printable(name),
    key,
    machine,
    distribution: distribution && printable(`${distribution.id} ${distribution.version}`.trimEnd()),
    programs: programs.map((program) => ({ name: printable(program.name), file: idOf.get(program.path) })),
    packages: packages.map((recorded) => ({ name: printable(recorded.name), version: printable(recorded.version) })),
    size,
    mostBytes: MOST_BYTES,
    zipSize,
    files: files.map((file) => [
      printable(file.path), file.kind, file.size, file.packedSize, ownerOf.get(file.package ?? '') ?? -1, printable(file.why),
      (file.through === undefined ? undefined : idOf.get(file.through)) ?? -1,
      file.needs.map((need) => idOf.get(need)!), file.unpackedSize ?? 0,
    ]),
  };
}

/** The source expression of an inline script or style (CSP Level 3, "hash-source"). */
function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
