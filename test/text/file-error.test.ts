import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { writeWhole } from '../../lib/process/whole-file';
import { fileError } from '../../lib/text/file-error';
import { temporaryDirectory } from '../fixture';

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('it succeeded');
}

describe('an error of the file system', () => {
  test('from a damaged disk names the file, and where to look', () => {
    const error = thrown(() => fs.readFileSync('/proc/self/mem')); // nothing is mapped at address 0
    expect(fileError(error, 'cannot read', '/srv/file')).toMatchObject({
      code: 'EIO',
      message: 'cannot read /srv/file: the disk or the network file system failed (EIO)\n' +
        '  look for its errors in the kernel log (dmesg), then run this again',
    });
  });

  test('from a full disk has advice that fits the directory', () => {
    const error = thrown(() => fs.writeFileSync('/dev/full', 'text'));
    expect((fileError(error, 'cannot write', '/a\nb') as Error).message).toBe(
      'cannot write /a\\x0ab: no space is left on the device (ENOSPC)\n  make room, or choose a place on another file system');
    expect((fileError(error, 'cannot write', '/a', 'set TMPDIR') as Error).message).toMatch(/\(ENOSPC\)\n {2}set TMPDIR$/);
  });

  test('when a file is written names the file, whatever the reason', () => {
    const directory = temporaryDirectory();
    expect(() => writeWhole(path.join(directory, 'none', 'file'), '')).toThrow(
      `cannot write ${directory}/none/file: it does not exist (ENOENT)\n  run this again`,
    );
    expect(() => writeWhole(path.join(directory, 'n'.repeat(250)), '')).toThrow(
      'its path is longer than the system allows (ENAMETOOLONG)\n  choose a shorter path',
    );
    if (os.platform() === 'linux') {
      expect(() => writeWhole('/sys/kernel/file', '')).toThrow(/cannot write \/sys\/kernel\/file: .* \((?:EACCES|EROFS|EPERM)\)\n {2}\w+/);
    }
  });

  test('is not changed if it does not concern a file', () => {
    const error = new TypeError('x is not a function');
    expect(fileError(error, 'cannot read', '/srv/file')).toBe(error);
  });
});
