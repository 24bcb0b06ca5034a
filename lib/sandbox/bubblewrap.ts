/**
 * bubblewrap and the static programs that run under it: what is the same for scripts of packages, for a layer that is tried
 * and for a command in one.
 */
import * as fs from 'fs';
import * as path from 'path';
import { Machine, readElf } from '../elf';
import { THIS_MACHINE } from '../loader/machine';

/** In a sandbox, as on Lambda: without any privileges root would still own the kernel's settings and the devices, and read what others cannot. */
export const USER = { uid: 993, gid: 990 };

/** Who starts bubblewrap: root gives itself up before. */
export function starter(): Partial<typeof USER> {
  return process.geteuid?.() === 0 ? USER : {};
}

/** By the names that it goes by: Debian and Fedora, Alpine, openSUSE. */
export const BUSYBOX = ['busybox', 'busybox.static', 'busybox-static'];

/** The files on PATH that have one of some names, in the order of these. */
export function onPath(names: readonly string[]): string[] {
  const directories = (process.env.PATH ?? '').split(':').filter((directory) => directory.startsWith('/'));
  return names.flatMap((name) => directories.map((directory) => path.join(directory, name))).filter((file) => fs.existsSync(file));
}

/** Whether a program runs without a loader. */
export function isStatic(file: string): boolean {
  try {
    return readElf(fs.readFileSync(file)).interpreter === undefined;
  } catch {
    return false;
  }
}

/** Why programs for a machine cannot be started here; `undefined` where they can, by an emulator as well (binfmt_misc). */
export function foreign(machine: Machine): string | undefined {
  if (machine === THIS_MACHINE || fs.existsSync(`/proc/sys/fs/binfmt_misc/qemu-${machine}`)) return undefined;
  return `is for ${machine}, and this machine, ${THIS_MACHINE}, cannot run that: do it there, or install an emulator, as with apt-get install qemu-user-static binfmt-support`;
}

/** What to do where bubblewrap is not there. */
export const INSTALL = 'no bwrap is on PATH: install it on the machine that synthesizes, as with apt-get install bubblewrap';

/** What to do where bubblewrap may not do its work. */
export const ALLOW = [
  '  it needs user namespaces: allow them, as with sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), kernel.unprivileged_userns_clone=1 (Debian)',
  '  or user.max_user_namespaces=10000; start a container with --privileged',
].join('\n');
