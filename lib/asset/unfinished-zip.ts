/**
 * A zip that is packed while the app makes its other constructs. Synthesis waits until the zip is finished. If synthesis fails before
 * that, the process finishes the zip when it ends, so that the next synthesis does not have to pack the layer again.
 */
export class UnfinishedZip {
  /** by asset hash */
  private static readonly all = new Map<string, UnfinishedZip>();

  /** Finishes the zip of an asset, if there is one. A failure is reported when the app is synthesized. */
  public static settle(hash: string): void {
    UnfinishedZip.all.get(hash)?.settle();
  }

  /** Finishes all zips, as `settle` does. */
  public static readonly settleAll = (): void => {
    for (const zip of UnfinishedZip.all.values()) zip.settle();
  };

  private failure?: { readonly error: unknown };

  /** @param work waits for the zip and moves it to its path. If that fails, it throws the error and leaves no file */
  constructor(private readonly hash: string, private readonly work: () => void) {
    if (UnfinishedZip.all.size === 0) process.on('exit', UnfinishedZip.settleAll);
    UnfinishedZip.all.set(hash, this);
  }

  /** @throws Error if the zip could not be packed; the other zips are finished first */
  public finish(): void {
    this.settle();
    if (this.failure === undefined) return;
    UnfinishedZip.settleAll();
    throw this.failure.error;
  }

  private settle(): void {
    if (UnfinishedZip.all.get(this.hash) !== this) return;
    UnfinishedZip.all.delete(this.hash);
    if (UnfinishedZip.all.size === 0) process.off('exit', UnfinishedZip.settleAll);
    try {
      this.work();
    } catch (error) {
      this.failure = { error };
    }
  }
}
