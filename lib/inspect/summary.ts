/**
 * The contents of a layer as lines of text: by program, by package, the largest files, and the layer's share of Lambda's quota.
 */
import { type Contents, type ContentsFile, origins } from './contents';
import { MOST_BYTES } from '../lambda';
import { megabytes } from '../text/megabytes';
import { printable } from '../text/printable';

/** A group of files. Groups are sorted by size, largest first. */
export interface Group {
  readonly name: string;
  readonly size: number;
  readonly files: number;
}

/** Groups files by the program that led to each file, or by the reason if no program did. Shared files belong to the first program. */
export function byProgram(contents: Pick<Contents, 'files' | 'programs'>): Group[] {
  const firsts = origins(contents.files);
  const names = new Map(contents.programs.map(({ name, path }) => [path, name]));
  return grouped(contents.files, (file) => {
    const first = firsts.get(file)!;
    return names.get(first.path) ?? first.why.replace(/^licence of .*/, 'licence texts');
  });
}

export function byPackage(contents: Pick<Contents, 'files' | 'packages'>): Group[] {
  const versions = new Map(contents.packages.map(({ name, version }) => [name, version]));
  return grouped(contents.files, ({ package: owner }) => (
    owner === undefined ? 'no package' : `${owner} ${versions.get(owner) ?? ''}`.trim()
  ));
}

function grouped(files: readonly ContentsFile[], nameOf: (file: ContentsFile) => string): Group[] {
  const groups = new Map<string, { size: number; files: number }>();
  for (const file of files) {
    const name = nameOf(file);
    const group = groups.get(name) ?? { size: 0, files: 0 };
    groups.set(name, { size: group.size + file.size, files: group.files + 1 });
  }
  return [...groups].map(([name, group]) => ({ name, ...group })).sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
}

/** Formatting of text. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
}

export interface SummaryOptions {
  /** maximum number of lines of each list @default - no limit */
  readonly most?: number;
  readonly style: Style;
}

/** `58.0 of 262.1 MB (22 %)` */
export function share(bytes: number, most: number): string {
  const percent = Math.round((bytes / most) * 100);
  return `${(bytes / 1e6).toFixed(1)} of ${megabytes(most)} (${percent === 0 ? '< 1' : percent} %)`;
}

export function summary(contents: Contents, { most = Infinity, style }: SummaryOptions): string[] {
  const { programs, machine, distribution, key, files, links, packages, size, zipSize } = contents;
  const from = distribution ? `, from ${distribution.id} ${distribution.version}`.trimEnd() : '';
  const stubs = files.filter(({ stub }) => stub).length;
  const largest = [...files].sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1));
  const compressed = files.filter(({ unpackedSize }) => unpackedSize !== undefined);
  const temporary = compressed.reduce((sum, { unpackedSize }) => sum + unpackedSize!, 0);
  const row = (bytes: number, ...rest: string[]) => `  ${kilobytes(bytes).padStart(11)}  ${rest.join('  ')}`;
  const group = ({ name, size: bytes, files: number }: Group) => row(bytes, count(number, 'file').padStart(11), printable(name));
  const section = <T>(title: string, all: readonly T[], line: (item: T) => string, noun: string) => [
    '', style.bold(title), ...all.slice(0, most).map(line),
    ...(all.length > most ? [style.dim(`  … and ${count(all.length - most, noun)} more: see --all`)] : []),
  ];
  return [
    style.bold(printable(`${programs.map(({ name }) => name).join(', ')} for ${machine}${from}`)),
    `  ${count(files.length, 'file')}, ${count(links, 'link')}, ${count(packages.length, 'package')}, in /opt/elf/${key}`,
    `  unpacked  ${share(size, MOST_BYTES)}, Lambda's quota for a function with all its layers`,
    ...(temporary > 0
      ? [`  in /tmp   ${megabytes(temporary)}, unpacked from ${count(compressed.length, 'compressed file')} at a program's first start`]
      : []),
    ...(stubs === 0 ? [] : [`  stubs     ${stubs} of the libraries have no code, because the workload does not call them`]),
    `  zipped    ${megabytes(zipSize)}`,
    ...section('By program', byProgram(contents), group, 'group'),
    ...section('By package', byPackage(contents), group, 'package'),
    ...section('Largest files', largest, (file) => row(file.size, printable(file.path), style.dim(printable(whyOf(file)))), 'file'),
  ];
}

function whyOf({ why, unpackedSize }: ContentsFile): string {
  return unpackedSize === undefined ? why : `${why}, compressed: ${megabytes(unpackedSize)} in /tmp`;
}

function kilobytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : megabytes(bytes);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
