/**
 * Writes stand-ins for programs that maintainer scripts call, and determines their mounts in the sandbox.
 */
import * as fs from 'fs';
import * as path from 'path';
import { makeDirectory, placeInside, writeNew } from './inside';
import { CONFMODULE, FOREIGN_SCRIPTS, STAND_IN_SCRIPTS, STAND_INS } from './stand-ins';
import { runChild } from '../../process/child';
import { DirectoryRoot } from '../../root/directory-root';

/**
 * Writes the directory mounted at `STAND_INS`: scripts, busybox with its commands, and a shell.
 */
export function writeStandIns(directory: string, busybox: string, isNative: boolean): void {
  const scripts = { ...STAND_IN_SCRIPTS, ...(isNative ? {} : FOREIGN_SCRIPTS) };
  for (const name of ['', 'bin', 'busybox']) {
    makeDirectory(path.join(directory, name));
  }
  for (const [name, script] of Object.entries(scripts)) writeNew(path.join(directory, 'bin', name), `#!/bin/sh\n${script}\n`, 0o755);
  const copy = path.join(directory, 'busybox', 'busybox');
  fs.copyFileSync(busybox, copy);
  fs.chmodSync(copy, 0o755);
  const applets = runChild(busybox, ['--list'], { environment: {} })
    .stdout.split('\n')
    .filter((name) => /^[\w.[-]+$/.test(name) && name !== 'busybox');
  for (const name of applets) fs.symlinkSync('busybox', path.join(directory, 'busybox', name));
  writeNew(path.join(directory, 'confmodule'), CONFMODULE);
  // busybox chooses a command by the name under which it is called; this script works under any name, including bash
  writeNew(path.join(directory, 'shell'), `#!${STAND_INS}/busybox/sh\nexec ${STAND_INS}/busybox/sh "$@"\n`, 0o755);
  // busybox's shell prefers its own commands to those on PATH, but functions to both: so stand-ins for its commands are functions
  const hidden = applets.filter((name) => /^\w+$/.test(name) && name in scripts);
  writeNew(path.join(directory, 'functions'), hidden.map((name) => `${name}() { ${STAND_INS}/bin/${name} "$@"; }\n`).join(''));
  writeNew(path.join(directory, 'record'), '');
}

/** A file of the root that scripts call by its path, and its replacement. */
export interface StandIn {
  readonly file: string;
  /** name in the directory of stand-ins */
  readonly by: string;
}

/**
 * Creates files in the root for stand-ins to be mounted on. Scripts cannot replace a file on which a stand-in is mounted. Without the
 * mount, dash's script, for example, would replace `/usr/bin/sh`.
 *
 * @returns the stand-ins, and a function that removes these files and restores the original ones
 */
export function standIn(root: string, workplace: string, isNative: boolean): { standIns: StandIn[]; takeBack: () => void } {
  const inside = new DirectoryRoot(root);
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
    // in Debian 12, the package dash contains this link; in Debian 11, its maintainer script creates it, so it may be absent here
    const shell = placeInside(root, '/usr/bin/sh');
    if (!fs.lstatSync(shell, { throwIfNoEntry: false }) && new DirectoryRoot(root).isFile('/usr/bin/dash')) fs.symlinkSync('dash', shell);
  };
  return { standIns, takeBack };
}
