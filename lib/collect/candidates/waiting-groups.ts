/**
 * Groups of candidates that have not been tried yet. They are kept sorted, because there may be tens of thousands of them, and a group
 * waits until all groups that are needed more have been tried.
 */
import { type Group, hasSize, isBefore, isOfRank, type Measured, rankOf, RANKS } from './candidate-groups';
import { Heap } from './heap';
import type { Need } from '../selection/size-budget';

/** A group, and its position among groups that compare as equal. An entry is waiting until its group is replaced or taken. */
interface Waiting {
  readonly group: Group;
  readonly place: number;
}

/** The groups of one rank. */
interface Rank {
  /** in order; a group that is not measured counts as 0 bytes; an entry that is no longer waiting is dropped when it becomes the first */
  readonly sorted: Heap<Waiting>;
  notMeasured: Waiting[];
}

export class WaitingGroups {
  private readonly byKey = new Map<string, Waiting>();
  private readonly ranks: readonly Rank[] = RANKS.map(() => ({ sorted: new Heap(isEarlier), notMeasured: [] }));
  private readonly measuredBytes = new Map<Need, number>();
  private added = 0;

  public get(key: string): Group | undefined {
    return this.byKey.get(key)?.group;
  }

  /** Adds a group, or replaces the group with the same key. */
  public set(group: Group): void {
    const known = this.byKey.get(group.key);
    if (known) this.count(known.group, -1);
    const waiting = { group, place: known?.place ?? this.added++ };
    this.byKey.set(group.key, waiting);
    this.count(group, 1);
    const rank = this.ranks[rankOf(group)];
    rank.sorted.add(waiting);
    if (!hasSize(group)) rank.notMeasured.push(waiting);
  }

  /**
   * Removes and returns the first group of the lowest rank that has any.
   *
   * @param measure returns the bytes of a group. It is called only for groups of that rank
   */
  public takeFirst(measure: (group: Group) => number): Measured | undefined {
    const rank = this.ranks.find(({ sorted }) => this.firstOf(sorted) !== undefined);
    if (rank === undefined) return undefined;
    const { notMeasured } = rank;
    rank.notMeasured = [];
    for (const waiting of notMeasured) if (this.isWaiting(waiting)) this.set({ ...waiting.group, bytes: measure(waiting.group) });
    const { group } = this.firstOf(rank.sorted)!;
    rank.sorted.takeFirst();
    this.byKey.delete(group.key);
    this.count(group, -1);
    return group as Measured;
  }

  /** Total bytes of the measured groups with this need. */
  public bytesOf(need: Need): number {
    return this.measuredBytes.get(need) ?? 0;
  }

  /** True if a waiting group with the same need comes before `other`. */
  public isAnyBefore(other: Measured): boolean {
    return RANKS.some((rank) => {
      const first = isOfRank(rank, other.need) ? this.firstOf(this.ranks[rank].sorted) : undefined;
      return first !== undefined && isBefore(sized(first.group), other);
    });
  }

  private firstOf(sorted: Heap<Waiting>): Waiting | undefined {
    while (sorted.first && !this.isWaiting(sorted.first)) sorted.takeFirst();
    return sorted.first;
  }

  private isWaiting(waiting: Waiting): boolean {
    return this.byKey.get(waiting.group.key) === waiting;
  }

  private count({ need, bytes = 0 }: Group, sign: number): void {
    this.measuredBytes.set(need, this.bytesOf(need) + sign * bytes);
  }
}

function sized(group: Group): Measured {
  return hasSize(group) ? group : { ...group, bytes: 0 };
}

function isEarlier(one: Waiting, other: Waiting): boolean {
  const [group, otherGroup] = [sized(one.group), sized(other.group)];
  if (isBefore(group, otherGroup)) return true;
  return one.place < other.place && !isBefore(otherGroup, group);
}
