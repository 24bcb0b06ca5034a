/**
 * The order of groups of candidates, and the number of comparisons that it takes.
 */
import type { Group, Measured } from '../../lib/collect/candidates/candidate-groups';
import { hasSize, isBefore, rankOf } from '../../lib/collect/candidates/candidate-groups';
import { WaitingGroups } from '../../lib/collect/candidates/waiting-groups';
import { NEEDS } from '../../lib/collect/selection/size-budget';

/** Numbers from 0 to 1, the same in each run (a linear congruential generator, Numerical Recipes 7.1). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
}

function groupOf(key: string, next: () => number, more: Partial<Group> = {}): Group {
  const pick = (count: number) => Math.floor(next() * count);
  return {
    key,
    need: NEEDS[1 + pick(3)] as Group['need'],
    candidates: [],
    dependencies: [pick(3), pick(2), pick(3)],
    distance: [0, 1, 2, Infinity][pick(4)],
    bytes: pick(5) * 1000,
    isMeasured: false,
    isSplit: pick(4) === 0,
    ...more,
  };
}

/** The order by definition: of the groups that are needed most, the first that no other is before. */
function takeFirst(groups: Group[], measure: (group: Group) => number): Measured | undefined {
  const least = Math.min(...groups.map(rankOf));
  let first: Measured | undefined;
  for (const [at, group] of groups.entries()) {
    if (rankOf(group) !== least) continue;
    const measured = hasSize(group) ? group : { ...group, bytes: measure(group) };
    groups[at] = measured;
    if (first === undefined || isBefore(measured, first)) first = measured;
  }
  if (first) groups.splice(groups.indexOf(first), 1);
  return first;
}

test.each([1, 2, 3, 4, 5])('groups that are added, replaced and returned are taken in order, equal ones as they came (%d)', (seed) => {
  const next = numbers(seed);
  const measure = ({ key }: Group) => key.length * 1000;
  const waiting = new WaitingGroups();
  const model: Group[] = [];
  const add = (group: Group) => {
    waiting.set(group);
    const at = model.findIndex(({ key }) => key === group.key);
    if (at < 0) model.push(group);
    else model[at] = group;
  };
  for (let step = 0; step < 400; step++) {
    const key = '-'.repeat(Math.floor(next() * 60));
    if (next() < 0.6) add(groupOf(key, next, next() < 0.5 ? { bytes: undefined } : {}));
    for (const need of NEEDS) {
      expect(waiting.bytesOf(need)).toBe(model.reduce((sum, group) => sum + (group.need === need ? group.bytes ?? 0 : 0), 0));
    }
    if (next() < 0.5) {
      const taken = waiting.takeFirst(measure);
      expect(taken).toEqual(takeFirst(model, measure));
      if (taken === undefined) continue;
      const isBeforeTaken = (other: Group) => other.need === taken.need && isBefore({ ...other, bytes: other.bytes ?? 0 }, taken);
      expect(waiting.isAnyBefore(taken)).toBe(model.some(isBeforeTaken));
      if (next() < 0.3) add({ ...taken, bytes: taken.bytes + 1500, isOverLimit: taken.need === 'add-on' });
    }
  }
  while (model.length > 0) expect(waiting.takeFirst(measure)).toEqual(takeFirst(model, measure));
  expect(waiting.takeFirst(measure)).toBeUndefined();
});

test('twice as many groups take little more than twice as many comparisons', () => {
  const comparisons = (count: number) => {
    let looks = 0;
    const next = numbers(count);
    const waiting = new WaitingGroups();
    for (let key = 0; key < count; key++) {
      const group = groupOf(`${key}`, next);
      const { dependencies } = group;
      waiting.set(Object.defineProperty({ ...group }, 'dependencies', { get: () => (looks++, dependencies) }) as Group);
    }
    while (waiting.takeFirst(() => 0));
    return looks;
  };
  expect(comparisons(8000) / comparisons(4000)).toBeLessThan(2.5);
});
