/**
 * A stand-in for ldconfig that lists the libraries of the layer. Python's `find_library` runs ldconfig by its path. The function's ldconfig
 * lists only the function's own libraries, so `find_library` would not find the libraries of the layer.
 */
import * as path from 'path';
import type { Machine } from '../../elf';
import type { Context } from '../selection/context';
import type { Selection } from '../selection/selection';

const LISTING_COMMAND = '/sbin/ldconfig';
/** How ldconfig marks libraries for a machine (glibc elf/cache.c, print_entry). */
const MARKS: Readonly<Record<Machine, string>> = { x86_64: 'libc6,x86-64', aarch64: 'libc6,AArch64' };
/** Names of libraries that have no characters which the shell would expand in the here-document. */
const LIBRARY = /^lib[\w.+-]+$/;

/** Adds the stand-in if a packed file names ldconfig, and packed code opens at least one library by name: see libraries-of-code.ts. */
export function listLibraries(selection: Selection, { root, machine }: Context): void {
  if ([...selection.opened.keys()].length === 0) return;
  const place = root.real(LISTING_COMMAND);
  const isAsked = (real: string) => root.content(real).mentions.some(({ path: mentioned }) => mentioned === LISTING_COMMAND);
  if (place === undefined || selection.files.has(place) || ![...selection.files.keys()].some(isAsked)) return;
  const objects = [...selection.processes.values()].flatMap((process) => process.objects);
  const names = new Set(objects.map(({ elf, path: found }) => elf.dynamic?.soname ?? path.posix.basename(found)));
  const lines = [...names].filter((name) => LIBRARY.test(name)).sort().map((name) => `\t${name} (${MARKS[machine]}) => ${name}`);
  selection.generated.set(place, { text: ['#!/bin/sh', 'cat <<END', ...lines, 'END', ''].join('\n'), mode: 0o755 });
}
