/**
 * Smaller alternatives of libraries in layers that would be too large.
 */
import * as fs from 'fs';
import { plan } from './make';
import { EXIT, Fixture } from '../fixture';

const LIB = '/usr/lib/x86_64-linux-gnu';
const LINK = '/etc/alternatives/libx.so.3-x86_64-linux-gnu';
let root: Fixture;

beforeEach(() => {
  root = new Fixture().debian();
  root.library(`${LIB}/large/libx.so.3`, { source: 'int f(void) { return 1; } int g(void) { return 1; }' });
  root.write({
    '/usr/share/data': '',
    [LINK]: { link: `${LIB}/large/libx.so.3` },
    [`${LIB}/libx.so.3`]: { link: LINK },
    '/var/lib/dpkg/alternatives/libx.so.3-x86_64-linux-gnu':
      `auto\n${LIB}/libx.so.3\nlibx.txt\n/usr/share/libx.txt\n\n${LIB}/small/libx.so.3\n10\n\n${LIB}/large/libx.so.3\n100\n\n\n`,
  });
  root.program('/usr/bin/prog', { source: `int f(void); ${EXIT.replace('{', '{ f();')}`, flags: [root.locate(`${LIB}/large/libx.so.3`)] });
});

const small = (source: string) => root.library(`${LIB}/small/libx.so.3`, { source });
/** Makes the layer 263 MB large with sparse files. */
function enlarge(): void {
  fs.truncateSync(root.locate(`${LIB}/large/libx.so.3`), 203e6);
  fs.truncateSync(root.locate('/usr/share/data'), 60e6);
}
const planned = () => plan(root, 'prog', { include: ['/usr/share/data'], compress: false });
const libraries = () => planned().plan.entries.map((entry) => entry.path).filter((file) => file.endsWith('/libx.so.3'));

test('the selected alternative is packed if it fits into the layer', () => {
  small('int f(void) { return 2; }');
  expect(libraries()).toEqual([`${LIB}/large/libx.so.3`, `${LIB}/libx.so.3`]);
  expect(planned().notices).toEqual([]);
});

test('the smallest alternative is packed with a notice if the layer would be too large', () => {
  small('int f(void) { return 2; }');
  enlarge();
  expect(libraries()).toEqual([`${LIB}/libx.so.3`, `${LIB}/small/libx.so.3`]);
  const { plan: { entries }, notices } = planned();
  expect(entries.find((entry) => entry.path === LINK)).toEqual({
    kind: 'link',
    path: LINK,
    target: `/opt/elf/{key}${LIB}/small/libx.so.3`,
  });
  expect(notices[0]).toMatch(
    /^the layer has \S+\/small\/libx\.so\.3 as libx\.so\.3-x86_64-linux-gnu instead of \S+\/large\/libx\.so\.3: this saves 203\.0 MB of a layer that would be too large or lack add-ons otherwise\./,
  );
});

test('an alternative without a symbol that the program imports is not packed', () => {
  small('int g(void) { return 2; }');
  enlarge();
  expect(libraries).toThrow(/^the layer would be 263\.\d MB unpacked/);
});

test('an alternative with missing libraries is not packed', () => {
  root.library(`${LIB}/small/libx.so.3`, { source: 'int f(void) { return 2; }', needs: ['libnone.so'] });
  enlarge();
  expect(libraries).toThrow(/^the layer would be 263\.\d MB unpacked/);
});
