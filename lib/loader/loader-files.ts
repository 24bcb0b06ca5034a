/**
 * The files of a root as a loader sees them. Reads only the parts of a library that the loader uses: loading two hundred
 * libraries takes some milliseconds, while reading them whole, like `Root.content`, takes more than a second.
 */
import { type Bytes, type Elf, FormatError, readElf } from '../elf';
import type { Files } from './search';
import type { Limit } from '../limits';
import { HEAD, kindOf } from '../root/content';
import type { Root, Status } from '../root/root';

export interface Glimpse {
  readonly kind: ReturnType<typeof kindOf>;
  /** only the fields that a loader uses; see `readElf` */
  readonly elf?: Elf | FormatError;
  readonly head: Buffer;
  readonly size: number;
}

export class LoaderFiles implements Files {
  public readonly location: string;
  public readonly isHost: boolean;
  private readonly glimpses = new Map<string, Glimpse>();

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

  public content(real: string): Glimpse {
    let glimpse = this.glimpses.get(real);
    if (!glimpse) {
      glimpse = this.root.readParts(real, look);
      this.glimpses.set(real, glimpse);
    }
    return glimpse;
  }

  public read(real: string, limit?: Limit): Buffer {
    return this.root.read(real, limit);
  }
}

function look(bytes: Bytes): Glimpse {
  const head = bytes.subarray(0, HEAD);
  const kind = kindOf(head);
  return { kind, elf: kind === 'elf' ? parse(bytes) : undefined, head, size: bytes.length };
}

function parse(bytes: Bytes): Elf | FormatError {
  try {
    return readElf(bytes, false);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}
