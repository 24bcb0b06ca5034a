/**
 * The machine itself as a source.
 */
import { type OpenedSource, SourceError } from './source';
import type { Machine } from '../elf';

/** @throws SourceError on anything but Linux */
export function openHost(machine?: Machine): OpenedSource {
  if (process.platform !== 'linux') {
    throw new SourceError([
      `this machine runs ${process.platform}, and a program for Lambda has to come from Linux: say where from, as one of`,
      '  source: BinarySource.image(\'debian:12\')      an image that has the program, through Docker, Podman or Finch',
      '  source: BinarySource.directory(\'./rootfs\')   an unpacked root file system',
      '  or synthesize on Linux, in a container or in WSL',
    ].join('\n'), 'source');
  }
  return {
    name: 'this machine',
    directory: '/',
    searchPath: (process.env.PATH ?? '').split(':').filter(Boolean),
    libraryPath: process.env.LD_LIBRARY_PATH ?? '',
    cwd: process.cwd(),
    machine,
  };
}
