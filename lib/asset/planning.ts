/**
 * The plan of a layer. It is made only when something needs it: while the source is unchanged, its fingerprint is known
 * without it.
 */
import type { Fingerprint } from './fingerprint';
import { FingerprintCache } from './fingerprint';
import { planning, roots } from './on-demand';
import type { LayerRequest, PlannedLayer } from '../plan/plan-layer';
import type { Root } from '../root/root';
import type { OpenedSource } from '../source/source';

export class Planning {
  public readonly fingerprint: Fingerprint;
  private readonly cache: FingerprintCache;
  private planned?: PlannedLayer;

  /**
   * @param isPlanWanted whether to plan even if the source is unchanged
   * @throws Error if the layer cannot be made
   */
  constructor(private readonly source: OpenedSource, private readonly request: LayerRequest, isPlanWanted: boolean) {
    this.cache = new FingerprintCache(source.directory, request);
    const known = this.cache.read();
    if (known && !isPlanWanted) {
      this.fingerprint = known;
    } else {
      const { root, planned } = this.make(known);
      const { plan: { fingerprint }, machine, traced, isProvisional } = planned;
      this.planned = planned;
      this.fingerprint = { fingerprint, machine, traced, looks: root.looks() };
      if (!isProvisional) this.cache.write(this.fingerprint);
    }
  }

  /** The plan, if it was made. */
  public get made(): PlannedLayer | undefined {
    return this.planned;
  }

  /**
   * The plan with the fingerprint that was given.
   *
   * @throws Error if the source has changed since
   */
  public plan(): PlannedLayer {
    this.planned ??= this.make(this.fingerprint).planned;
    if (this.planned.plan.fingerprint === this.fingerprint.fingerprint) return this.planned;
    this.cache.clear();
    throw new Error(`${this.source.name} changed while the layer was made, nothing was written: run synth again when nothing writes to it`);
  }

  /** @param known of the same source before: the trace commands are not run again */
  private make(known: Fingerprint | undefined): { root: Root; planned: PlannedLayer } {
    const root = new (roots().Root)(this.source.directory);
    return { root, planned: planning().planLayer(root, this.request, known?.traced) };
  }
}
