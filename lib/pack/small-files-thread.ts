/**
 * The thread that compresses small files.
 *
 * usage: new Worker(small-files-thread.js). Each message is a `Batch` of files, and is answered with a `Batch` of the compressed files.
 */
import { parentPort } from 'worker_threads';
import { deflateAtOnce } from './deflate';
import { type Batch, batchOf, filesOf } from './small-files';

parentPort!.on('message', (batch: Batch) => {
  const deflated = batchOf(filesOf(batch).map(deflateAtOnce));
  parentPort!.postMessage(deflated, [deflated.bytes]);
});
