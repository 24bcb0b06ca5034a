/**
 * A binary heap: gives the first of many items in an order, and accepts more items at any time, without comparing all of them.
 */
export class Heap<T> {
  private readonly items: T[] = [];

  /** @param isBefore a total order: true if the first item is taken before the second */
  constructor(private readonly isBefore: (one: T, other: T) => boolean) {}

  /** The item that is taken next. */
  public get first(): T | undefined {
    return this.items[0];
  }

  public add(item: T): void {
    const { items } = this;
    let at = items.push(item) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && this.isBefore(item, items[parent]); parent = (at - 1) >> 1) {
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  public takeFirst(): T | undefined {
    const { items } = this;
    const [first] = items;
    const last = items.pop();
    if (items.length > 0) this.sink(last!);
    return first;
  }

  /** Puts an item in the place of the first one. */
  private sink(item: T): void {
    const { items } = this;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child + 1 < items.length && this.isBefore(items[child + 1], items[child])) child++;
      if (child >= items.length || !this.isBefore(items[child], item)) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = item;
  }
}
