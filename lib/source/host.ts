/**
 * This machine as a source.
 */
import { type OpenedSource, SourceError } from './source';
import type { Machine } from '../elf';

/** @throws SourceError if this machine does not run Linux */
export function openHost(machine?: Machine): OpenedSource {
  if (process.platform !== 'linux') {
    throw new SourceError([
      `this machine runs ${process.platform}, but the program must come from Linux; set one of`,
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
