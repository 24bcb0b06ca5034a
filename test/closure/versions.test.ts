import * as fs from 'fs';
import { load } from '../../lib/closure/program';
import { checkVersions, MissingVersionError } from '../../lib/closure/versions';
import type { Elf } from '../../lib/elf';
import { settingOf } from '../../lib/loader/setting';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { EXIT, Fixture } from '../fixture';

const SOURCE = 'int f(void) { return 1; }';
const CALLER = `int f(void); int (*called)(void) = f; ${EXIT}`;

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture().debian();
  versioned('/usr/lib/libx.so', 'X_1.0 { }; X_2.0 { global: f; };');
  fixture.program('/usr/bin/prog', { source: CALLER, flags: [fixture.locate('/usr/lib/libx.so')] });
});

function versioned(inside: string, versions: string): void {
  fixture.write({ '/versions': versions });
  fixture.library(inside, { source: SOURCE, soname: 'libx.so', flags: [`-Wl,--version-script=${fixture.locate('/versions')}`] });
}

function check(): void {
  const root = new DirectoryRoot(fixture.directory);
  checkVersions(load('/usr/bin/prog', root.content('/usr/bin/prog').elf as Elf, settingOf(root, 'x86_64')).objects);
}

/** The output of the machine's own loader when the program is started. */
const started = () => fixture.run(['/usr/bin/prog']).stderr;

test('a symbol version that the library has passes', () => {
  check();
  expect(started()).toBe('');
});

test('a missing symbol version is an error with the object that needs it, the library that lacks it, and the remedy', () => {
  versioned('/usr/lib/libx.so', 'X_1.0 { global: f; };');
  expect(check).toThrow(MissingVersionError);
  expect(check).toThrow(new Error([
    'version X_2.0 not found, needed by /usr/bin/prog: /lib/libx.so does not have it',
    '  chain: prog',
    '  /lib/libx.so was found by default directory; install a libx.so that has X_2.0, or remove the older copy',
  ].join('\n')));
  expect(started()).toContain("version `X_2.0' not found");
});

test('a version that one library needs of another is reported with the chain', () => {
  fixture.library('/usr/lib/liba.so', { source: 'int f(void); int a(void) { return f(); }', flags: [fixture.locate('/usr/lib/libx.so')] });
  fixture.program('/usr/bin/prog', { needs: ['liba.so'] });
  versioned('/usr/lib/libx.so', 'X_1.0 { global: f; };');
  expect(check).toThrow(
    /^version X_2\.0 not found, needed by \/lib\/liba\.so: \/lib\/libx\.so does not have it\n {2}chain: prog → liba\.so\n/,
  );
});

test('a version that is needed weakly may be missing', () => {
  versioned('/usr/lib/libx.so', 'X_1.0 { global: f; };');
  const file = fs.readFileSync(fixture.locate('/usr/bin/prog'));
  file.writeUInt16LE(2, versionNeed(file) + 16 + 4); // vna_flags = VER_FLG_WEAK
  fs.writeFileSync(fixture.locate('/usr/bin/prog'), file);
  check();
  expect(started()).toContain("weak version `X_2.0' not found"); // as a warning
});

test('a library without versions passes', () => {
  fixture.library('/usr/lib/libx.so', { source: SOURCE });
  check();
  expect(started()).toContain('no version information available'); // likewise
});

test('the version is checked in the library that is loaded, not in the first one with the name', () => {
  versioned('/old/libx.so', 'X_1.0 { global: f; };');
  fixture.library('/usr/lib/libfirst.so', { needs: ['libx.so'], runpath: '/old' });
  fixture.program('/usr/bin/prog', {
    source: CALLER,
    needs: ['libfirst.so'],
    flags: [fixture.locate('/usr/lib/libx.so')],
    runpath: '/usr/lib',
  });
  check(); // its own version need is listed second and found first
  fixture.program('/usr/bin/prog', { source: CALLER, flags: [fixture.locate('/usr/lib/libx.so')], rpath: '/old' });
  expect(check).toThrow('/old/libx.so does not have it');
  expect(started()).toContain("/old/libx.so: version `X_2.0' not found");
});

/** Where the version needs (SHT_GNU_verneed) of a file are. */
function versionNeed(file: Buffer): number {
  const table = Number(file.readBigUInt64LE(40));
  for (let at = table; at < file.length; at += 64) {
    if (file.readUInt32LE(at + 4) === 0x6ffffffe) return Number(file.readBigUInt64LE(at + 24));
  }
  throw new Error('no version needs');
}
