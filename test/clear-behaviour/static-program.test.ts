import * as fs from 'fs';
import * as path from 'path';
import { planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { build } from '../elf/bytes';
import { gcc, temporaryDirectory } from '../fixture';
import { request } from '../plan/request';

const HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }';
const NAMES = '#include <netdb.h>\nint main(void) { struct addrinfo *a; return getaddrinfo("localhost", 0, 0, &a); }';
const USERS = '#include <pwd.h>\nint main(void) { return getpwnam("root") == 0; }';
const CONVERTS = '#include <iconv.h>\nint main(void) { return iconv_open("UTF-16", "UTF-8") == (iconv_t) -1; }';

function noticesFor(source: string, flags: readonly string[]): readonly string[] {
  const tool = path.join(temporaryDirectory(), 'tool');
  gcc(tool, source, ['-w', ...flags]);
  return planLayer(new DirectoryRoot('/'), request(tool, { detectData: true })).notices;
}

const NSS = /tool is statically linked, but its C library loads names of users, groups and hosts from name services \(NSS\) at run time\./;

test.each([
  ['looks up hosts', NAMES, ['-static']],
  ['looks up users', USERS, ['-static']],
  ['is stripped', USERS, ['-static', '-s']],
  ['is position-independent', NAMES, ['-static-pie']],
])('a static program that uses name services gets a notice: it %s', (_, source, flags) => {
  expect(noticesFor(source, flags)).toEqual([expect.stringMatching(NSS)]);
});

test('a static program that converts character sets gets a notice', () => {
  expect(noticesFor(CONVERTS, ['-static'])).toEqual([
    expect.stringMatching(
      /loads character sets from the modules of iconv at run time\. The layer does not contain these libraries: .* Take a dynamically linked build/,
    ),
  ]);
});

test.each([
  ['a static program that uses neither', HELLO, ['-static']],
  ['a dynamic program that uses name services', NAMES, []],
])('%s gets no notice', (_, source, flags) => {
  expect(noticesFor(source, flags)).toEqual([]);
});

test('a program compressed with UPX gets a notice, since its libraries cannot be read', () => {
  const tool = path.join(temporaryDirectory(), 'tool');
  const file = build({ blocks: { loader: Buffer.from('UPX!') } });
  file.writeUInt32LE(5, 64 + 4); // p_flags: the segment is executable
  fs.writeFileSync(tool, file, { mode: 0o755 });
  expect(planLayer(new DirectoryRoot('/'), request(tool, { detectData: true })).notices).toEqual([
    expect.stringMatching(/tool is compressed with UPX: .* Unless it is static, decompress it with upx -d$/),
  ]);
});
