import { spawnSync } from 'child_process';
import * as path from 'path';
import { deflateRawSync, inflateRawSync } from 'zlib';
import { SmallFiles } from '../../lib/pack/small-files';

/** Files of different sizes, together about `total` bytes. */
function files(total: number): Buffer[] {
  const made: Buffer[] = [];
  for (let left = total, size = 1; left > 0; left -= size, size = (size * 7) % 60_013) {
    made.push(Buffer.from(`line ${made.length}\n`.repeat(Math.ceil(size / 6))).subarray(0, size));
  }
  return made;
}

describe('small files', () => {
  test.each([['few, on this thread', 5000], ['many, on another thread', 3e6]])('are compressed: %s', async (_, total) => {
    const small = new SmallFiles();
    const contents = [Buffer.alloc(0), ...files(total)];
    const deflated = await Promise.all(contents.map((content) => small.deflate(content)));
    expect(deflated.map((bytes) => inflateRawSync(bytes).toString())).toEqual(contents.map((content) => content.toString()));
    expect(deflated.every((bytes, index) => bytes.equals(deflateRawSync(contents[index], { level: 4 })))).toBe(true);
    const [again] = contents.slice(-1);
    expect((await small.deflate(again)).equals(deflated.at(-1)!)).toBe(true);
  });

  test('are compressed on this thread if no other can be started', () => {
    const script = `
      const { SmallFiles } = require(${JSON.stringify(path.resolve('build/pack/small-files.js'))});
      const small = new SmallFiles();
      const files = Array.from({ length: 100 }, () => Buffer.alloc(10_000, 'text'));
      Promise.all(files.map((file) => small.deflate(file))).then(({ length }) => console.log(length, typeof small.thread));`;
    const args = ['--experimental-permission', '--allow-fs-read=*', '-e', script];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { NODE_NO_WARNINGS: '1' } });
    expect({ stdout, stderr }).toEqual({ stdout: '100 undefined\n', stderr: '' });
  });

  test('that the thread has not compressed when it ends are an error, and others are compressed by a new thread', async () => {
    const small = new SmallFiles();
    const contents = files(1e6);
    const waiting = Promise.allSettled(contents.map((content) => small.deflate(content)));
    await (small as unknown as { thread: import('worker_threads').Worker }).thread.terminate();
    const outcomes = await waiting;
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: new Error('the thread that compresses small files has ended'),
    });
    expect(await Promise.all(contents.map((content) => small.deflate(content)))).toHaveLength(contents.length);
  });
});
