/**
 * Finds what each candidate adds, and keeps the result. A group of candidates is first measured and later tried. Without the kept result,
 * both steps would search the same directories.
 */
import type { RequestedPackages } from '../selection/requested-packages';
import { type Candidate, Selection } from '../selection/selection';

export class Additions {
  /** what a candidate adds to an empty selection with the same requested packages */
  private readonly known = new WeakMap<Candidate, { readonly requested: RequestedPackages; readonly found: Selection }>();

  /** Adds a candidate. @returns resolved paths of the files that are new */
  public add(candidate: Candidate, delta: Selection): readonly string[] {
    if (candidate.isCommand) return candidate.add(delta);
    const { requested } = delta;
    const known = this.known.get(candidate);
    if (known?.requested === requested) return delta.addFound(known.found);
    const found = new Selection(requested);
    candidate.add(found);
    this.known.set(candidate, { requested, found });
    return delta.addFound(found);
  }
}
