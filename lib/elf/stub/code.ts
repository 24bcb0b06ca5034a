/**
 * Machine code under construction, at an address that is known from the start.
 */
export class Code {
  private readonly content: number[] = [];

  constructor(private readonly start: number) {}

  /** The address of the next instruction. */
  public get address(): number {
    return this.start + this.content.length;
  }

  public add(...bytes: readonly number[]): this {
    for (const byte of bytes) this.content.push(byte);
    return this;
  }

  /** A 32-bit number, which may be negative. */
  public word(value: number): this {
    return this.add(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
  }

  public bytes(): Buffer {
    return Buffer.from(this.content);
  }
}

/** A text that code refers to. */
export interface Text {
  readonly address: number;
  /** in bytes */
  readonly length: number;
}

/** The texts that the code of a stub writes, and the paths that it opens or reads. Paths end with a NUL. */
export interface Texts {
  /** the path of the link to the running program */
  readonly program: Text;
  /** printed instead of the program's path if the link cannot be read */
  readonly unknownProgram: Text;
  /** between program and symbol */
  readonly beforeSymbol: Text;
  /** after the symbol, up to the end of the line */
  readonly afterSymbol: Text;
  /** absent if the stub writes only to standard error */
  readonly report?: {
    readonly path: Text;
    readonly beforeSymbol: Text;
    readonly afterSymbol: Text;
  };
}

/** The machine code of a stub: a part that all its functions share, and a few instructions for each function. */
export interface StubCode {
  readonly code: Buffer;
  /** the address of each function, in the order of the names */
  readonly functions: readonly number[];
}

/**
 * @param address of the code
 * @param names the addresses of the functions' names, each of which ends with a NUL
 */
export type CodeOf = (address: number, names: readonly number[], texts: Texts) => StubCode;

/**
 * Size and alignment of a function, in bytes. Compilers align functions to 16 bytes, too, and a caller may rely on this, for example by
 * storing flags in the low bits of a function's address.
 */
export const FUNCTION_SIZE = 16;

/** Maximum number of bytes of the program's path that are printed. Small, because a thread or signal handler may have a small stack. */
export const PROGRAM_MAX = 1024;

/** Exit code of a shell that does not find a command. */
export const EXIT_CODE = 127;

export const STDERR = 2;
/** O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, the same on both machines */
export const OPEN_FLAGS = 0x80441;
export const OPEN_MODE = 0o666;
