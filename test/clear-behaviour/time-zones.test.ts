import * as path from 'path';
import { writeZip } from '../../lib/pack/zip';
import { planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { gcc, temporaryDirectory } from '../fixture';
import { lambda, unpack } from '../plan/make';
import { request } from '../plan/request';

const ZONES = '/usr/share/zoneinfo';

function planOf(binary: string, include: string[] = []) {
  return planLayer(new DirectoryRoot('/'), request(binary, { detectData: true, include, searchPath: ['/usr/bin', '/bin'] }));
}

const zonesIn = ({ plan }: ReturnType<typeof planOf>) =>
  plan.entries.map((entry) => entry.path).filter((file) => file.startsWith(`${ZONES}/`));

/** A program that imports one function of the C library. */
function tool(call: string): string {
  const file = path.join(temporaryDirectory(), 'tool');
  gcc(file, `#include <time.h>\n#include <stdio.h>\nint main(void) { time_t now = 1750000000; ${call}; return 0; }`, ['-w']);
  return file;
}

const LOCAL = 'puts(ctime(&now)); struct tm *local = localtime(&now); printf("%d", local->tm_hour)';

test('`TZ=Europe/Berlin date` prints the time of Berlin in the layer', async () => {
  const zip = path.join(temporaryDirectory(), 'layer.zip');
  const asked = request('date', { binaries: ['date', 'env'], detectData: true, searchPath: ['/usr/bin', '/bin'] });
  await writeZip(planLayer(new DirectoryRoot('/'), asked).plan, zip);
  const { stdout, status } = lambda(unpack(zip), ['/opt/bin/env', 'TZ=Europe/Berlin', '/opt/bin/date', '-d', '@1750000000', '+%H:%M %Z']);
  expect([status, stdout]).toEqual([0, '17:06 CEST\n']);
});

test('time zones are packed once, without the copies that differ in leap seconds, in less than a megabyte', () => {
  const planned = planOf(tool(`tzset(); ${LOCAL}`));
  expect(zonesIn(planned)).toContain(`${ZONES}/Europe/Berlin`);
  expect(zonesIn(planned).filter((file) => /zoneinfo\/(?:posix|right)\//.test(file))).toEqual([]);
  const bytes = planned.plan.entries.reduce(
    (sum, entry) => sum + (entry.kind === 'file' && entry.path.startsWith(ZONES) ? entry.size : 0),
    0,
  );
  expect(bytes).toBeLessThan(1e6);
  expect(planned.notices).toEqual([]);
});

test('a program that only prints local time gets a notice with what to include', () => {
  const file = tool(LOCAL);
  const planned = planOf(file);
  expect(zonesIn(planned)).toEqual([]);
  expect(planned.notices).toEqual([
    `${file} uses local time, and time zones are not packed: add '${ZONES}' to include if TZ will be other than UTC`,
  ]);
});

test('there is no notice if include lists the time zones', () => {
  const planned = planOf(tool(LOCAL), [ZONES]);
  expect(zonesIn(planned)).toContain(`${ZONES}/Europe/Berlin`);
  expect(planned.notices).toEqual([]);
});

test('a program without local time gets neither time zones nor a notice', () => {
  const planned = planOf(tool('printf("%ld", time(0))'));
  expect([zonesIn(planned), planned.notices]).toEqual([[], []]);
});

test('there is no notice if another program of the layer has the time zones packed', () => {
  const planned = planLayer(
    new DirectoryRoot('/'),
    request('date', { binaries: [tool(LOCAL), 'date'], detectData: true, searchPath: ['/usr/bin', '/bin'] }),
  );
  expect([zonesIn(planned).length > 100, planned.notices]).toEqual([true, []]);
});
