/**
 * Runs work that leaves temporary files behind, and clears them away however the work ends.
 */

/** Signals that end a process by default. */
const STOPS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * @param clear is called when the work succeeds or fails, and on a signal that has no other listener; that signal then ends this process
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
