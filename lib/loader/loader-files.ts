/**
 * The files of a root as a loader sees them. Reads only the parts of a library that the loader uses: loading two hundred
 * libraries takes some milliseconds, while reading them whole, as `Root.content` does, takes more than a second.
 */
import type { Bytes } from '../elf';
import type { Files } from './search';
import type { Limit } from '../limits';
import { type Content, HEAD, kindOf, parseElf } from '../root/content';
import type { Root, Status } from '../root/root';

/** `elf` has only the fields that a loader uses: see `whole` of `readElf`. */
type LoaderContent = Pick<Content, 'kind' | 'elf' | 'elfError' | 'head' | 'size'>;

export class LoaderFiles implements Files {
  public readonly location: string;
  public readonly isHost: boolean;
  private readonly contents = new Map<string, LoaderContent>();

  constructor(private readonly root: Root) {
    this.location = root.location;
    this.isHost = root.isHost;
  }

  public real(path: string): string | undefined {
    return this.root.real(path);
  }

  public status(real: string): Status | undefined {
    return this.root.status(real);
  }

  public names(real: string): readonly string[] {
    return this.root.names(real);
  }

  public content(real: string): LoaderContent {
    let content = this.contents.get(real);
    if (!content) {
      content = this.root.readParts(real, readContent);
      this.contents.set(real, content);
    }
    return content;
  }

  public read(real: string, limit?: Limit): Buffer {
    return this.root.read(real, limit);
  }
}

function readContent(bytes: Bytes): LoaderContent {
  const head = bytes.subarray(0, HEAD);
  const kind = kindOf(head);
  return { kind, ...(kind === 'elf' ? parseElf(bytes, false) : {}), head, size: bytes.length };
}
