/**
 * A root file system with one small static program, `tool`, which is packed quickly.
 */
import { BinarySource } from '../lib';
import { Fixture } from './fixture';

export class SmallRoot extends Fixture {
  public readonly source: BinarySource;

  constructor() {
    super();
    this.write({ '/lib64/ld-linux-x86-64.so.2': '' });
    this.compile('/usr/bin/tool', 'void _start(void) { __asm__("xor %edi, %edi; mov $60, %eax; syscall"); }', ['-nostdlib', '-static']);
    this.source = BinarySource.directory(this.directory);
  }
}
