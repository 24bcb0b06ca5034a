/**
 * Search directories of glibc's loader that depend on the architecture.
 */
import type { Machine } from '../elf';
import type { Root } from '../root/root';

/** The architecture of this process. */
export const THIS_MACHINE: Machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

export interface MachineFacts {
  /** Debian's multiarch triplet */
  readonly triplet: string;
  /** Debian's name for the architecture */
  readonly debian: string;
  /** flags of its 64-bit libraries in ld.so.cache (glibc sysdeps/generic/ldconfig.h: FLAG_ELF_LIBC6 and the architecture's own) */
  readonly cacheFlags: number;
  /** default value of `$PLATFORM`, if the kernel provides none (AT_PLATFORM) */
  readonly platform: string;
}

export const MACHINES: Record<Machine, MachineFacts> = {
  x86_64: { triplet: 'x86_64-linux-gnu', debian: 'amd64', cacheFlags: 0x0303, platform: 'x86_64' },
  aarch64: { triplet: 'aarch64-linux-gnu', debian: 'arm64', cacheFlags: 0x0a03, platform: 'aarch64' },
};

/** The loader's default directories in a root, and the value of `$LIB`. */
export interface DefaultDirectories {
  readonly directories: readonly string[];
  readonly lib: string;
}

/** Debian's loader searches the multiarch directories; the loaders of upstream, Fedora and Amazon Linux search `/lib64`. */
export function defaultDirectories(root: Root, machine: Machine): DefaultDirectories {
  const { triplet } = MACHINES[machine];
  return root.isDirectory(`/usr/lib/${triplet}`) || root.isDirectory(`/lib/${triplet}`)
    ? { directories: [`/lib/${triplet}`, `/usr/lib/${triplet}`, '/lib', '/usr/lib'], lib: `lib/${triplet}` }
    : { directories: ['/lib64', '/usr/lib64'], lib: 'lib64' };
}
