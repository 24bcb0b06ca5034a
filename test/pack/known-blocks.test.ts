import { KnownBlocks } from '../../lib/pack/known-blocks';

let known: KnownBlocks;
let compressed: string[];
beforeEach(() => {
  known = new KnownBlocks();
  compressed = [];
});

/** The input stands for the compressed block. */
async function deflated(input: string, size = 10): Promise<string> {
  const block = await known.deflated(Buffer.from(input), 'level 5', async () => {
    compressed.push(input);
    return Buffer.alloc(size, input);
  });
  return block.toString().slice(0, input.length);
}

describe('known blocks', () => {
  test('are compressed once for the same input, also while they are being compressed', async () => {
    expect(await Promise.all(['a', 'a', 'b'].map((input) => deflated(input)))).toEqual(['a', 'a', 'b']);
    expect(await deflated('a')).toBe('a');
    expect(compressed).toEqual(['a', 'b']);
  });

  test('are 64 MiB at most: those that were not used for the longest time are compressed again', async () => {
    for (const input of ['a', 'b', 'c']) await deflated(input, 20e6);
    await deflated('a');
    await deflated('d', 20e6);
    for (const input of ['a', 'c', 'd']) await deflated(input);
    expect(compressed).toEqual(['a', 'b', 'c', 'd']);
    await deflated('b');
    expect(compressed).toEqual(['a', 'b', 'c', 'd', 'b']);
  });

  test('that are compressed ahead stay until a layer is packed, whether it uses them or not', async () => {
    const ahead = (input: string) => known.deflatedAhead(Buffer.from(input), 'level 5', async () => {
      compressed.push(input);
      return Buffer.alloc(20e6, input);
    }).deflated;
    for (const input of ['a', 'b', 'c']) await ahead(input);
    expect(known.isFull).toBe(false);
    await ahead('d');
    expect(known.isFull).toBe(true);
    await deflated('e', 20e6);
    for (const input of ['a', 'd']) await deflated(input);
    expect(compressed).toEqual(['a', 'b', 'c', 'd', 'e']);
    known.packed();
    expect(known.isFull).toBe(false);
    for (const input of ['d', 'b', 'c']) await deflated(input, 20e6);
    expect(compressed).toEqual(['a', 'b', 'c', 'd', 'e']);
    await deflated('a', 20e6);
    expect(compressed).toEqual(['a', 'b', 'c', 'd', 'e', 'a']);
  });

  test('are used for the last layer, but those that are new in it are not kept', async () => {
    const last = async (input: string) => (await known.deflatedLast(Buffer.from(input), 'level 5', async () => {
      compressed.push(input);
      return Buffer.from(input);
    })).toString();
    await deflated('a', 1);
    expect([await last('a'), await last('b'), await last('b')]).toEqual(['a', 'b', 'b']);
    await deflated('b');
    expect(compressed).toEqual(['a', 'b', 'b', 'b']);
  });

  test('that cannot be compressed are an error for everyone who waits, and are tried again', async () => {
    const failing = () => known.deflated(Buffer.from('x'), '', () => Promise.reject(new Error('out of memory')));
    await Promise.all([failing(), failing()].map((block) => expect(block).rejects.toThrow('out of memory')));
    expect((await known.deflated(Buffer.from('x'), '', async () => Buffer.from('x'))).toString()).toBe('x');
  });
});
