/**
 * What differs from machine to machine in where glibc's loader looks.
 */
import type { Machine } from '../elf';
import type { Root } from '../root/root';

/** What this process runs on. */
export const THIS_MACHINE: Machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

export interface MachineFacts {
  /** Debian's multiarch triplet */
  readonly triplet: string;
  /** Debian's name of the architecture */
  readonly debian: string;
  /** flags of its 64-bit libraries in ld.so.cache (glibc sysdeps/generic/ldconfig.h: FLAG_ELF_LIBC6 with the machine's own) */
  readonly cacheFlags: number;
  /** `$PLATFORM` where the kernel says nothing better (AT_PLATFORM) */
  readonly platform: string;
}

export const MACHINES: Record<Machine, MachineFacts> = {
  x86_64: { triplet: 'x86_64-linux-gnu', debian: 'amd64', cacheFlags: 0x0303, platform: 'x86_64' },
  aarch64: { triplet: 'aarch64-linux-gnu', debian: 'arm64', cacheFlags: 0x0a03, platform: 'aarch64' },
};

/** Where the loader of a root looks when nothing else says where, and what `$LIB` stands for. */
export interface DefaultDirectories {
  readonly directories: readonly string[];
  readonly lib: string;
}

/** Debian builds its loader with the multiarch directories; upstream, Fedora and Amazon Linux have `/lib64`. */
export function defaultDirectories(root: Root, machine: Machine): DefaultDirectories {
  const { triplet } = MACHINES[machine];
  return root.isDirectory(`/usr/lib/${triplet}`) || root.isDirectory(`/lib/${triplet}`)
    ? { directories: [`/lib/${triplet}`, `/usr/lib/${triplet}`, '/lib', '/usr/lib'], lib: `lib/${triplet}` }
    : { directories: ['/lib64', '/usr/lib64'], lib: 'lib64' };
}
