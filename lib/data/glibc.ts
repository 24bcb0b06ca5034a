/**
 * What glibc opens by itself, without any DT_NEEDED, as far as a process calls for it.
 */
import * as path from 'path';
import { Process } from '../closure/closure';
import { Root } from '../root/root';

/** Calls that make glibc open libgcc_s to unwind a thread's stack (glibc nptl/pthread_cancel.c, sysdeps/nptl/pthread_exit.c). */
const UNWINDING = ['pthread_create', 'pthread_cancel', 'pthread_exit', 'thrd_create', 'thrd_exit'];

/** Adds libgcc_s to a process that has threads; where the source has none, it does without there too. */
export function libgccFor(process: Process): void {
  const libc = process.objects.find((object) => object.elf.dynamic?.soname === 'libc.so.6');
  if (libc && process.objects.some((object) => object !== libc && UNWINDING.some((name) => object.elf.dynamic?.imports.has(name)))) {
    process.openName('libgcc_s.so.1', libc);
  }
}

/** The files that the loader of a better machine would take in a library's place: `glibc-hwcaps/x86-64-v3/libx.so.1` beside `libx.so.1`. */
export function variantsBeside(root: Root, library: string): string[] {
  const hwcaps = root.real(path.posix.join(path.posix.dirname(library), 'glibc-hwcaps'));
  if (hwcaps === undefined) return [];
  return root.names(hwcaps).map((name) => path.posix.join(hwcaps, name, path.posix.basename(library))).filter((variant) => root.isFile(variant));
}
