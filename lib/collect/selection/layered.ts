/**
 * A map that is layered over another map. Reads see both maps. Writes change only the upper map, which is later merged into the lower
 * map or dropped. Making a layer takes constant time, and merging it takes time in proportion to its additions.
 */

/** The read-only part of a layered map. */
export interface Layered<K, V> extends Iterable<[K, V]> {
  has(key: K): boolean;
  get(key: K): V | undefined;
  /** in the order in which they were added, those of the lower layers first */
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
}

const EMPTY: ReadonlyMap<never, never> = new Map<never, never>();

export class LayeredMap<K, V> implements Layered<K, V> {
  /** absent as long as nothing is added: most forks of a selection add nothing, or add to only one of a dozen maps */
  private own?: Map<K, V>;

  constructor(private readonly below?: LayeredMap<K, V>) {}

  public has(key: K): boolean {
    return this.own?.has(key) === true || (this.below?.has(key) ?? false);
  }

  public get(key: K): V | undefined {
    return this.own?.has(key) ? this.own.get(key) : this.below?.get(key);
  }

  public set(key: K, value: V): void {
    this.own ??= new Map();
    this.own.set(key, value);
  }

  /** Takes back an addition of this layer. */
  public withdraw(key: K): void {
    this.own?.delete(key);
  }

  /** The entries that this layer adds to those below. */
  public get additions(): ReadonlyMap<K, V> {
    return this.own ?? EMPTY;
  }

  /** @param above a layer over this one */
  public merge(above: LayeredMap<K, V>): void {
    if (above.own) for (const [key, value] of above.own) this.set(key, value);
  }

  public* [Symbol.iterator](): IterableIterator<[K, V]> {
    if (this.below) for (const [key, value] of this.below) yield [key, this.own?.has(key) ? this.own.get(key)! : value];
    for (const [key, value] of this.additions) if (!this.below?.has(key)) yield [key, value];
  }

  public* keys(): IterableIterator<K> {
    for (const [key] of this) yield key;
  }

  public* values(): IterableIterator<V> {
    for (const [, value] of this) yield value;
  }
}

/** A set that is layered in the same way. */
export class LayeredSet<T> extends LayeredMap<T, true> {
  public add(value: T): void {
    this.set(value, true);
  }
}
