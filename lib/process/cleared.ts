/**
 * Work that leaves something behind until that is cleared away, whatever ends it.
 */

/** What ends a process by default. */
const STOPS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * @param clear is called when the work is done, or has failed, or a signal comes that nobody else listens for: the signal ends
 * this process then, as it would have
 */
export async function cleared<T>(clear: () => void, work: () => Promise<T>): Promise<T> {
  const stop = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > 1) return;
    clear();
    process.off(signal, stop);
    process.kill(process.pid, signal);
  };
  for (const signal of STOPS) process.on(signal, stop);
  try {
    return await work();
  } finally {
    clear();
    for (const signal of STOPS) process.off(signal, stop);
  }
}
