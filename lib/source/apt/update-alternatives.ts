/**
 * Makes the links that update-alternatives(1) would have made, from the calls that maintainer scripts made of it.
 */
import { putLink } from './inside';
import { Root } from '../../root/root';

/** Of a name: the link that it has, and where that leads in the end. */
interface Alternative {
  readonly name: string;
  readonly link: string;
  readonly target: string;
}

interface Choice extends Alternative {
  readonly priority: number;
  readonly slaves: Alternative[];
}

/** What `update-alternatives` would have done: the best choice of each name, and all that goes with it (update-alternatives(1)). */
export function applyAlternatives(root: string, recorded: readonly string[][]): void {
  const inside = new Root(root);
  const best = new Map<string, Choice>();
  const set = new Map<string, string>();
  const all: Choice[] = [];
  /** @returns undefined for words that it would refuse, and for a target that is not there */
  const alternative = ([link = '', name = '', target = '']: readonly string[]): Alternative | undefined => {
    const isRight = /^[^/]+$/.test(name) && link.startsWith('/') && target.startsWith('/') && inside.real(target) !== undefined;
    return isRight ? { name, link, target } : undefined;
  };
  for (const words of recorded) {
    let choice: Choice | undefined;
    for (let at = 0; at < words.length; at++) {
      if (words[at] === '--install') {
        const master = alternative(words.slice(at + 1));
        choice = master && { ...master, priority: Number(words[at + 4]), slaves: [] };
        if (choice) all.push(choice);
      } else if (words[at] === '--slave') {
        const slave = alternative(words.slice(at + 1));
        if (slave) choice?.slaves.push(slave);
      } else if (words[at] === '--set') {
        set.set(words[at + 1], words[at + 2]);
      }
    }
  }
  const worth = ({ name, target, priority }: Choice) => (set.get(name) === target ? Infinity : priority);
  for (const choice of all) {
    const other = best.get(choice.name);
    if (!other || worth(choice) > worth(other)) best.set(choice.name, choice);
  }
  for (const { slaves, ...master } of best.values()) {
    for (const { name, link, target } of [master, ...slaves]) {
      putLink(root, `/etc/alternatives/${name}`, target);
      putLink(root, link, `/etc/alternatives/${name}`);
    }
  }
}
