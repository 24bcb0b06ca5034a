/**
 * Caches the result of parsing a file of a package database. The layers of a process share the result until the file changes.
 */
import type { Root } from '../root/root';

export class ParsedFiles<T> {
  /** by variant and path on this machine */
  private readonly known = new Map<string, { readonly stamp: string; readonly content: T }>();

  /**
   * @param file the resolved path of the file in the root
   * @param parse is called if the file has changed, or was not parsed yet
   * @param variant what else the result depends on
   */
  public get(root: Root, file: string, parse: () => T, variant = ''): T {
    const [key, stamp] = [`${variant} ${root.shown(file)}`, root.stamp(file)];
    const known = this.known.get(key);
    if (known?.stamp === stamp) return known.content;
    const content = parse();
    this.known.set(key, { stamp, content });
    return content;
  }
}
