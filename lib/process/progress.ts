/**
 * Progress of long steps, on standard error: a bar on a terminal, one line for each step elsewhere, such as in the log of CI.
 */
import type { SingleBar } from 'cli-progress';

export interface Step {
  /** the current activity: `unpacking 12 packages` */
  readonly title: string;
  /** number of units that `update` counts @default - unknown: the title is shown without a bar */
  readonly total?: number;
  /** the total in words @default - the number */
  readonly shown?: string;
  /** true for a short step, which is shown only on a terminal @default false */
  readonly isBarOnly?: boolean;
}

export interface StepProgress {
  /** @param done units since the beginning */
  readonly update: (done: number) => void;
  /** Remove the bar. Further calls do nothing. */
  readonly stop: () => void;
}

let isSilent = false;

/** Print no progress in this process. */
export function silenceProgress(): void {
  isSilent = true;
}

/** @param stream standard error, except in tests */
export function startProgress(
  { title, total, shown = `${total}`, isBarOnly = false }: Step,
  stream: NodeJS.WriteStream = process.stderr,
): StepProgress {
  if (isSilent) return NONE;
  if (!stream.isTTY) {
    if (!isBarOnly) stream.write(`${title}\n`);
    return NONE;
  }
  if (total === undefined) {
    stream.write(title);
    return { update: () => {}, stop: () => stream.write('\r\x1b[K') };
  }
  const bar = barOf(title, shown, stream);
  bar.start(total, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}

const NONE: StepProgress = { update: () => {}, stop: () => {} };

function barOf(title: string, shown: string, stream: NodeJS.WriteStream): SingleBar {
  // loaded only on a terminal: synthesis is often without one
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const progress = require('cli-progress') as typeof import('cli-progress');
  const safe = (text: string) => text.replace(/[{}]/g, '');
  return new progress.SingleBar({
    format: `${safe(title)} [{bar}] {percentage} % of ${safe(shown)}`,
    barsize: 30,
    clearOnComplete: true,
    hideCursor: null,
    stopOnComplete: false,
    stream,
  });
}

/** Shows progress while synchronous work is done. */
export function withProgress<T>(step: Step, work: (update: (done: number) => void) => T): T {
  const { update, stop } = startProgress(step);
  try {
    return work(update);
  } finally {
    stop();
  }
}
