/**
 * A layer with a program of one package, libraries of two others, data, and a licence for each.
 */
import { LIB, libraryWith, Packaged, programWith } from '../collect/packaged';
import type { Fixture } from '../fixture';

const FORMAT = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n';

export function world(): Fixture {
  return new Packaged()
    .install('rig', {
      '/usr/bin/rig': programWith('/usr/share/rig/names', ['libx.so.1']),
      '/usr/share/rig/names': 'Ann\nBob\n'.repeat(2000),
      '/usr/share/doc/rig/copyright': `${FORMAT}\nFiles: *\nLicense: GPL-2+\n\nFiles: x.c\nLicense: Expat or Sundry\n`,
    }, { Version: '1.11-1+b1', Depends: 'libx1' })
    .install('libx1', {
      [`${LIB}/libx.so.1.2`]: libraryWith('libx.so.1', 'x'.repeat(50_000), ['liby.so.2']),
      [`${LIB}/libx.so.1`]: { link: 'libx.so.1.2' },
      '/usr/share/doc/libx1/copyright': 'It is free.\n',
    }, { 'Version': '2:1.2~rc1-3', 'Source': 'x (1.2)', 'Multi-Arch': 'same' })
    .install('liby2', {
      [`${LIB}/liby.so.2`]: libraryWith('liby.so.2', '<script>alert(1)</script><!--'),
      '/usr/share/doc/liby2/copyright': `${FORMAT}\nFiles: *\nLicense: Expat\nCopyright: somebody\n`,
      '/etc/os-release': 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
    }, { Version: '3-1', Architecture: 'all' });
}
