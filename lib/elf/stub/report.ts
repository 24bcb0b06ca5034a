/**
 * The report of stubs in detection mode: a file to which each stub that is called appends a line, so that the call is known even if
 * nothing shows the program's standard error or exit code. A line is the library, a NUL, and the symbol.
 */

/** A call to a function of a stub. */
export interface Called {
  readonly library: string;
  /** as it is printed */
  readonly symbol: string;
}

/** The library as it is in the report: without NULs or newlines, whatever its name. */
export function reportedName(library: string): string {
  return encodeURIComponent(library);
}

/** The calls in a report, in order. Lines that stubs did not write are ignored: programs can write to the directory of the report. */
export function readCalls(report: Buffer): Called[] {
  return report.toString('utf8').split('\n').flatMap((line) => {
    const [library, symbol, ...others] = line.split('\0');
    const name = symbol === undefined || others.length > 0 ? undefined : decoded(library);
    return name === undefined ? [] : [{ library: name, symbol }];
  });
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
