/**
 * The message for a layer that is larger than Lambda's quota: the sizes of programs and libraries, of add-on modules, of data and
 * of included files; the largest files, each with the files that led to it; and advice that helps in this case.
 */
import { SMALL_FILES, storedSize } from '../../collect/candidates/stored-size';
import type { OptionName } from '../../error';
import { MOST_BYTES } from '../../lambda';
import type { Root } from '../../root/root';
import { megabytes } from '../../text/megabytes';
import { printable, printableName } from '../../text/printable';
import { bytesOf, type FileEntry, type Plan, sizeOf } from '../layout/plan';

const MOST_LISTED = 10;
const MOST_SUGGESTED = 3;

/** Reasons of files without which a requested program does not start. Files with other reasons are optional. */
const REQUIRED = /^(?:requested|needed by |loader of |interpreter of )/;
const INCLUDED = 'included';

const ADVICE_TO_SLIM =
  '  or set `workload` to command lines that represent everything the function does: only what they use is packed';

type Kind = 'required' | 'module' | 'included' | 'data';

/** Options that help against any layer that is too large. */
const OPTIONS: readonly OptionName[] = ['exclude', 'detectData: false', 'traceCommands', 'include', 'workload'];

/** @returns the message, and the options for its error */
export function tooLarge(plan: Pick<Plan, 'entries'>, root: Root): { readonly message: string; readonly options: readonly OptionName[] } {
  const files = plan.entries.filter((entry): entry is FileEntry => entry.kind === 'file');
  const byReal = new Map(files.map((entry) => [entry.real, entry]));
  const chainOf = (entry: FileEntry) => chain(entry, (real) => byReal.get(real));
  const kindOf = (entry: FileEntry): Kind => {
    const reasons = chainOf(entry);
    if (reasons.every((reason) => REQUIRED.test(reason))) return 'required';
    if (reasons[0] === INCLUDED) return 'included';
    return root.content(entry.real).kind === 'elf' ? 'module' : 'data';
  };
  const kinds = new Map(files.map((entry) => [entry, kindOf(entry)]));
  const largest = [...files].sort((a, b) => b.size - a.size);
  const sum = (kind: Kind) => files.reduce((bytes, entry) => bytes + (kinds.get(entry) === kind ? bytesOf(entry) : 0), 0);
  const isCompressed = files.some(({ compressed }) => compressed !== undefined);
  const compression = isCompressed ? [] : adviceToCompress(files, root);
  const [required, modules, data, included] = [sum('required'), sum('module'), sum('data'), sum('included')];
  const message = [
    `the layer would be ${megabytes(sizeOf(plan))} unpacked${isCompressed ? ', even with its largest files compressed' : ''}; ` +
      `Lambda takes ${megabytes(MOST_BYTES)} (${MOST_BYTES} bytes) for a function and all its layers`,
    `  programs and the libraries that they need: ${megabytes(required)}; add-on modules and helpers: ${megabytes(modules)}; ` +
      `data: ${megabytes(data)}; included files: ${megabytes(included)}`,
    '  the largest files, each with the files that led to it:',
    ...largest.slice(0, MOST_LISTED).map((entry) => (
      `  ${megabytes(entry.size).padStart(9)} ${printableName(entry.path)}: ${printable(chainOf(entry).join(', which is '))}`)),
    ...compression,
    ...advice(required, modules + data, included, largest.filter((entry) => isOptional(kinds.get(entry)!, entry))),
    // a layer with stubs is slim already
    ...(files.some(({ stub }) => stub !== undefined) ? [] : [ADVICE_TO_SLIM]),
  ].join('\n');
  return { message, options: [...(compression.length > 0 ? ['compress: false' as const] : []), ...OPTIONS] };
}

/** True for files that `exclude` can remove. It cannot remove a library that a packed module needs. */
function isOptional(kind: Kind, { why }: FileEntry): boolean {
  return kind === 'data' || (kind === 'module' && !REQUIRED.test(why.reason));
}

/** Advice for a user who has set `compress: false`. None if the compressed layer would be too large, too. */
function adviceToCompress(files: readonly FileEntry[], root: Root): string[] {
  const bytes = files.reduce((sum, { real, size }) => sum + storedSize(real, size, root, SMALL_FILES), 0);
  if (bytes > MOST_BYTES) return [];
  return [`  remove \`compress: false\`: the layer would be about ${megabytes(bytes)}, and its largest files would be unpacked to /tmp`];
}

function advice(required: number, detected: number, included: number, removable: readonly FileEntry[]): string[] {
  if (required > MOST_BYTES) {
    return [
      '  the programs do not start without these libraries, so neither `exclude` nor `detectData` makes the layer small enough',
      '  take a build with fewer libraries from another source, such as a package with fewer features or a static build',
      '  or put the programs into layers of different functions',
      '  or use a function from a container image, which may have 10 GB',
    ];
  }
  const places = removable.slice(0, MOST_SUGGESTED).map((entry) => `'${printableName(entry.path)}'`).join(', ');
  return [
    ...(included > 0 ? ['  remove files that the program can do without from `include`'] : []),
    ...(places !== '' ? [`  leave out files that the program can do without: exclude: [${places}]`] : []),
    ...(detected > 0 && required + included <= MOST_BYTES ?
      ['  or set `detectData: false`, and name what the program needs with `traceCommands` (command lines that open it) ' +
        'or `include`'] : []),
  ];
}

/** The reason for a file, then the reason for the file that led to it, and so on. */
function chain(entry: FileEntry, entryOf: (real: string) => FileEntry | undefined): string[] {
  const reasons: string[] = [];
  const seen = new Set<FileEntry>();
  const next = ({ why }: FileEntry) => (why.through === undefined ? undefined : entryOf(why.through));
  for (let at: FileEntry | undefined = entry; at && !seen.has(at); at = next(at)) {
    seen.add(at);
    reasons.push(at.why.reason);
  }
  return reasons;
}
