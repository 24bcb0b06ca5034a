/**
 * The base of errors that a user can act on.
 *
 * File system errors are not based on it: `fileError` adds advice to them. A `TypeError` or a failed assertion is a defect of this library.
 */
import { printableLines } from './text/printable';

/**
 * The properties that an error may refer to: name in the construct or in `BinarySource` → option on the command line.
 */
export const OPTIONS = {
  'architecture': '--arch',
  'source': '--source apt:PACKAGE, --source image:NAME or --source directory:PATH',
  'include': '--include',
  'exclude': '--exclude',
  'rename': '--rename PROGRAM=NAME',
  'detectData: false': '--no-detect-data',
  'traceCommands': '--trace',
  'compress: false': '--no-compress',
  'testCommand': '--test',
  'testTimeout': '--test-timeout',
  'workload': '--workload',
  'workloadFiles': '--workload-files',
  'keep': '--keep',
  'workloadLock': '--lock',
  'sources': '--apt-sources',
  'maintainerScripts: false': '--no-maintainer-scripts',
} as const;

export type OptionName = keyof typeof OPTIONS;

/** True for errors that only a defect of this library throws. */
export function isDefect(error: unknown): boolean {
  return !(error instanceof Error) || [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

/**
 * An error that a user can act on. Its message may contain names from files, so control characters in it are escaped. Newlines are not:
 * a name that may contain one must go through `printable` first.
 */
export class LayerError extends Error {
  /** The options that the message mentions, or that solve the problem. */
  public readonly options: readonly OptionName[];

  constructor(message: string, ...options: readonly OptionName[]) {
    super(printableLines(message));
    this.name = new.target.name;
    this.options = options;
  }

  /** The message, followed by the command-line options for the properties that it refers to. */
  public get forCommandLine(): string {
    const renamed = this.options.filter((option) => OPTIONS[option] !== `--${option}`);
    return [this.message, ...renamed.map((option) => `  (on the command line, ${option} is ${OPTIONS[option]})`)].join('\n');
  }
}
