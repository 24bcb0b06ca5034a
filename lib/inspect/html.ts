/**
 * The HTML report of a layer: one file that contains everything that it needs. Its content security policy forbids loading
 * anything else.
 *
 * The folder page/ has its parts. d3-hierarchy lays out the treemap.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import type { Contents } from './contents';
import { MOST_BYTES, MOST_DIRECT } from '../lambda';
import { printable } from '../text/printable';

/** From the compiled library, too: the compiler does not copy what is not TypeScript. */
const PAGE = path.join(__dirname, '..', '..', 'lib', 'inspect', 'page');

/** In the order in which they are joined. */
const SCRIPTS = ['data.js', 'search.js', 'treemap.js', 'file.js', 'table.js'];

export function htmlOf(contents: Contents): string {
  const part = (name: string) => fs.readFileSync(path.join(PAGE, name), 'utf8');
  const style = part('style.css');
  const script = `${treemap()}\n(() => {\n'use strict';\n${SCRIPTS.map(part).join('\n')}})();\n`;
  const parts: Readonly<Record<string, string>> = {
    title: escaped(`${contents.programs.map(({ name }) => printable(name)).join(', ')}: what is in the layer`),
    policy: `default-src 'none'; script-src '${sha256(script)}'; style-src '${sha256(style)}'; img-src data:; base-uri 'none'; form-action 'none'`,
    style,
    script,
    // JSON has `<` in its strings only
    data: JSON.stringify(dataOf(contents)).replaceAll('<', '\\u003c'),
  };
  return part('page.html').replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
}

/** The library for browsers, which defines `d3`; its first line has its copyright. */
function treemap(): string {
  return fs.readFileSync(path.join(path.dirname(require.resolve('d3-hierarchy')), '..', 'dist', 'd3-hierarchy.min.js'), 'utf8');
}

function dataOf({ name, key, machine, distribution, programs, packages, files, size, zipSize }: Contents) {
  const idOf = new Map(files.map((file, id) => [file.path, id]));
  const ownerOf = new Map(packages.map((one, id) => [one.name, id]));
  return {
    zip: printable(name),
    key,
    machine,
    distribution: distribution && printable(`${distribution.id} ${distribution.version}`.trimEnd()),
    programs: programs.map((program) => ({ name: printable(program.name), file: idOf.get(program.path) })),
    packages: packages.map((one) => ({ name: printable(one.name), version: printable(one.version) })),
    size,
    mostBytes: MOST_BYTES,
    zipSize,
    mostDirect: MOST_DIRECT,
    files: files.map((file) => [
      printable(file.path), file.kind, file.size, file.packedSize, ownerOf.get(file.package ?? '') ?? -1, printable(file.why),
      (file.through === undefined ? undefined : idOf.get(file.through)) ?? -1,
      file.needs.map((need) => idOf.get(need)!),
    ]),
  };
}

/** As a content security policy names a script or a style that stands in the page. */
function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
