/**
 * Stand-ins for programs that maintainer scripts call, on this machine: what is mounted in the sandbox, and where.
 */
import * as fs from 'fs';
import * as path from 'path';
import { makeDirectory, placeInside, writeNew } from './inside';
import { CONFMODULE, FOREIGN_SCRIPTS, STAND_IN_SCRIPTS, STAND_INS } from './stand-ins';
import { runChild } from '../../process/child';
import { Root } from '../../root/root';

/**
 * Writes what is mounted at `STAND_INS`: scripts, busybox with its commands, and a shell.
 */
export function writeStandIns(directory: string, busybox: string, isNative: boolean): void {
  const scripts = { ...STAND_IN_SCRIPTS, ...(isNative ? {} : FOREIGN_SCRIPTS) };
  for (const made of ['', 'bin', 'busybox']) {
    makeDirectory(path.join(directory, made));
  }
  for (const [name, script] of Object.entries(scripts)) writeNew(path.join(directory, 'bin', name), `#!/bin/sh\n${script}\n`, 0o755);
  const copy = path.join(directory, 'busybox', 'busybox');
  fs.copyFileSync(busybox, copy);
  fs.chmodSync(copy, 0o755);
  const applets = runChild(busybox, ['--list'], { environment: {} }).stdout.split('\n').filter((name) => /^[\w.[-]+$/.test(name) && name !== 'busybox');
  for (const name of applets) fs.symlinkSync('busybox', path.join(directory, 'busybox', name));
  writeNew(path.join(directory, 'confmodule'), CONFMODULE);
  // under any name, bash's as well
  writeNew(path.join(directory, 'shell'), `#!${STAND_INS}/busybox/sh\nexec ${STAND_INS}/busybox/sh "$@"\n`, 0o755);
  // a shell of busybox takes its own commands before those on PATH, but none before a function
  const hidden = applets.filter((name) => /^\w+$/.test(name) && name in scripts);
  writeNew(path.join(directory, 'functions'), hidden.map((name) => `${name}() { ${STAND_INS}/bin/${name} "$@"; }\n`).join(''));
  writeNew(path.join(directory, 'record'), '');
}

/** A file of the root that scripts name by its path, and what they find there. */
export interface StandIn {
  readonly file: string;
  /** in the directory of stand-ins */
  readonly by: string;
}

/**
 * Makes files in the root for stand-ins to be mounted on: as long as they are, no script can replace them, as dash's would.
 *
 * @returns the stand-ins, and what takes the files back
 */
export function standIn(root: string, workplace: string, isNative: boolean): { standIns: StandIn[]; takeBack: () => void } {
  const inside = new Root(root);
  const standIns: StandIn[] = [
    ...['/usr/bin/sh', '/usr/bin/bash'].filter((file) => !isNative || !inside.isFile(file)).map((file) => ({ file, by: 'shell' })),
    ...['/usr/share/debconf/confmodule'].filter((file) => inside.isFile(file)).map((file) => ({ file, by: 'confmodule' })),
  ];
  const aside = (index: number) => path.join(workplace, `aside-${index}`);
  for (const [index, { file }] of standIns.entries()) {
    const place = placeInside(root, file);
    if (fs.lstatSync(place, { throwIfNoEntry: false })) fs.renameSync(place, aside(index));
    writeNew(place, '');
  }
  const takeBack = () => {
    for (const [index, { file }] of standIns.entries()) {
      const place = placeInside(root, file);
      fs.rmSync(place, { recursive: true, force: true });
      if (fs.lstatSync(aside(index), { throwIfNoEntry: false })) fs.renameSync(aside(index), place);
    }
    // Debian 11 makes this link by a diversion, Debian 12 has it in the package
    const shell = placeInside(root, '/usr/bin/sh');
    if (!fs.lstatSync(shell, { throwIfNoEntry: false }) && new Root(root).isFile('/usr/bin/dash')) fs.symlinkSync('dash', shell);
  };
  return { standIns, takeBack };
}
