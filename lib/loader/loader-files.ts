/**
 * The files of a root as a loader sees them: of each no more is read than what tells where its libraries are. To load
 * two hundred libraries takes some milliseconds so; to read them, as `Root.content` does, more than a second.
 */
import type { Elf } from '../elf';
import { FileBytes, FormatError, readElf } from '../elf';
import type { Files } from './search';
import type { Limit } from '../limits';
import { HEAD, kindOf } from '../root/content';
import type { Root, Status } from '../root/root';

export interface Glimpse {
  readonly kind: ReturnType<typeof kindOf>;
  /** no more than a loader goes by; see `readElf` */
  readonly elf?: Elf | FormatError;
  readonly head: Buffer;
  readonly size: number;
}

export class LoaderFiles implements Files {
  public readonly directory: string;
  private readonly glimpses = new Map<string, Glimpse>();

  constructor(private readonly root: Root) {
    this.directory = root.directory;
  }

  public real(wanted: string): string | undefined {
    return this.root.real(wanted);
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
      glimpse = FileBytes.use(this.root.locate(real), look);
      this.glimpses.set(real, glimpse);
    }
    return glimpse;
  }

  public read(real: string, limit?: Limit): Buffer {
    return this.root.read(real, limit);
  }
}

function look(bytes: FileBytes): Glimpse {
  const head = bytes.subarray(0, HEAD);
  const kind = kindOf(head);
  return { kind, elf: kind === 'elf' ? parse(bytes) : undefined, head, size: bytes.length };
}

function parse(bytes: FileBytes): Elf | FormatError {
  try {
    return readElf(bytes, false);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}
