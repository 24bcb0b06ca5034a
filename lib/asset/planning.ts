/**
 * The plan of a layer, which is made only when something needs it. As long as the source is unchanged, the fingerprint of the plan
 * comes from the cache.
 */
import type { Fingerprint } from './fingerprint';
import { FingerprintCache, stateOf } from './fingerprint';
import { packing, stages } from './on-demand';
import { temporaryBytes } from '../plan/layout/plan';
import type { LayerRequest, PlannedLayer } from '../plan/plan-layer';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';
import type { OpenedSource } from '../source/source';
import type { Trace } from '../trace/log';
import type { Report, SlimLayer } from '../workload/slim';
import type { Workload } from '../workload/workload';

export class Planning {
  public readonly fingerprint: Fingerprint;
  private readonly cache: FingerprintCache;
  private planned?: PlannedLayer & Partial<SlimLayer>;

  /**
   * @param isPlanWanted whether to plan even if the source is unchanged
   * @param workload the workload that the layer is slimmed to @default - the layer is not slimmed
   * @param report receives the progress and the notices of the workload's runs
   * @throws Error if the layer cannot be made
   */
  constructor(
    private readonly source: OpenedSource,
    private readonly request: LayerRequest,
    isPlanWanted: boolean,
    private readonly report: Report,
    private readonly workload?: Workload,
  ) {
    this.cache = new FingerprintCache(source.directory, request, workload);
    const current = this.cache.read();
    if (current && !isPlanWanted) {
      this.fingerprint = current;
    } else {
      const { root, planned } = this.make(current?.traced, this.cache.last());
      const { plan, machine, traced, isProvisional, known } = planned;
      this.planned = planned;
      const slim = workload && { known, ...stateOf(workload) };
      const { fingerprint } = plan;
      this.fingerprint = { fingerprint, temporaryBytes: temporaryBytes(plan), machine, traced, looks: root.looks(), slim };
      if (!isProvisional) this.cache.write(this.fingerprint);
    }
  }

  /** The plan, if it was made. */
  public get made(): (PlannedLayer & Partial<SlimLayer>) | undefined {
    return this.planned;
  }

  /**
   * Returns the plan, and makes it if it does not exist yet. The fingerprint of the plan equals the one in `fingerprint`.
   *
   * @throws Error if the source has changed since `fingerprint` was computed
   */
  public plan(): PlannedLayer & Partial<SlimLayer> {
    this.planned ??= this.make(this.fingerprint.traced, this.fingerprint).planned;
    if (this.planned.plan.fingerprint === this.fingerprint.fingerprint) return this.planned;
    this.cache.clear();
    throw new Error(`${this.source.name} changed while the layer was made, nothing was written: run synth again when nothing writes to it`);
  }

  /**
   * @param traced what the trace commands opened, if nothing has changed since: then the commands are not run again
   * @param last the last fingerprint of the same request: if the workload outcome in it is still valid, the workload is not run again
   */
  private make(traced: Trace | undefined, last: Fingerprint | undefined): { root: Root; planned: PlannedLayer & Partial<SlimLayer> } {
    const { startPacking, foresee } = packing();
    startPacking(); // now, so that the packing process is ready when the plan is made
    const root = stages().roots().openRoot(this.source.directory);
    const { request, workload, report } = this;
    if (workload === undefined) {
      const onFound = (files: readonly RootPath[]) => foresee(root.location, files);
      return { root, planned: stages().planning().planLayer(root, request, { knownTrace: traced, onFound }) };
    }
    const { slimLayer } = stages().slimming();
    return { root, planned: slimLayer(root, request, workload, { report, known: last?.slim?.known, knownTrace: traced }) };
  }
}
