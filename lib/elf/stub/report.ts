/**
 * The report: a file that stubs write while a workload runs in a layer. Each stub that is called appends a line to it, so the call is
 * known even if nothing shows the program's standard error or exit code. A line is the library, a NUL, and the symbol.
 */

/** A call to a function of a stub. */
export interface Called {
  readonly library: string;
  /** the name of the function, as the stub prints it */
  readonly symbol: string;
}

/** The name of a library in the report: encoded, so it never contains a NUL or a newline. */
export function reportedName(library: string): string {
  return encodeURIComponent(library);
}

/** The calls in a report, in order. Malformed lines are ignored, because programs can write to the report, too. */
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
