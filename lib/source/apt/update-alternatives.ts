/**
 * Creates the links that update-alternatives(1) would create. Maintainer scripts called it, and these calls were recorded.
 */
import { putLink } from './inside';
import { DirectoryRoot } from '../../root/directory-root';

/** A link, the name in /etc/alternatives that it leads to, and the target of that name. */
interface Alternative {
  readonly name: string;
  readonly link: string;
  readonly target: string;
}

interface Choice extends Alternative {
  readonly priority: number;
  readonly slaves: Alternative[];
}

/** Makes the links of the best choice for each name, and the choice's slave links, as update-alternatives(1) would for these calls. */
export function applyAlternatives(root: string, recorded: readonly string[][]): void {
  const inside = new DirectoryRoot(root);
  const best = new Map<string, Choice>();
  const set = new Map<string, string>();
  const all: Choice[] = [];
  /** @returns undefined for invalid arguments, and for a target that does not exist */
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
