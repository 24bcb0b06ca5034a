/**
 * Contents of programs and libraries that this process has read. They are kept because these files take the longest to read, and because
 * the layers of an app share many of them.
 */
import type { Content, LargeLibrary } from './content';
import type { MachinePath } from './paths';
import { isSettled } from './stamp';

/** Maximum number of objects. Each takes about 10 KB of memory. */
const MOST = 2000;

export class KnownObjects {
  private readonly objects = new Map<MachinePath, { readonly stamp: string; readonly object: Content | LargeLibrary }>();

  /** @returns `undefined` if the file is not known, or has changed since it was read */
  public get(file: MachinePath, stamp: string): Content | LargeLibrary | undefined {
    const known = this.objects.get(file);
    return known?.stamp === stamp ? known.object : undefined;
  }

  /** @param stamp from before the file was read */
  public add(file: MachinePath, stamp: string, object: Content | LargeLibrary): void {
    const { elf } = 'headers' in object ? object.headers : object;
    if (elf === undefined || !isSettled(stamp)) return;
    this.objects.set(file, { stamp, object });
    if (this.objects.size > MOST) this.objects.delete(this.objects.keys().next().value!);
  }
}
