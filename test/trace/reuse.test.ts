/**
 * When trace commands run again, and when their earlier result is used.
 */
import * as fs from 'fs';
import * as path from 'path';
import { gcc, temporaryDirectory } from '../fixture';
import { freshPlaces, synth } from '../synth';

const place = freshPlaces();

const tool = path.join(temporaryDirectory(), 'tool');
beforeAll(() => gcc(tool, 'int main(void) { return 0; }'));

/** A command line that counts its runs in a file outside the layer. */
function counting() {
  const file = path.join(temporaryDirectory(), 'counter');
  fs.writeFileSync(file, '');
  return { command: `echo run >> ${file}`, count: () => fs.readFileSync(file, 'utf8').split('run').length - 1 };
}

describe('trace commands', () => {
  test.each<[string, (directory: string) => string, (directory: string) => void]>([
    ['the script that they run', (d) => `sh ${d}/script`, (d) => fs.appendFileSync(`${d}/script`, 'true\n')],
    ['a file that they looked for in vain', (d) => `test -e ${d}/absent || true`, (d) => fs.writeFileSync(`${d}/absent`, '')],
    ['a file that they could not open', (d) => `cat ${d}/absent 2> /dev/null; true`, (d) => fs.writeFileSync(`${d}/absent`, '')],
    ['a directory that they listed', (d) => `ls ${d} > /dev/null`, (d) => fs.writeFileSync(`${d}/new`, '')],
    ['a temporary file that was there before them', (d) => `read line < ${d}/script`, (d) => fs.writeFileSync(`${d}/script`, 'false\n')],
  ])('are run again when %s has changed', (_, commandIn, change) => {
    const { command, count } = counting();
    const directory = temporaryDirectory();
    fs.writeFileSync(path.join(directory, 'script'), 'true\n');
    const props = { binary: tool, traceCommands: [`${command}; ${commandIn(directory)}`] };
    synth(place, props);
    synth(place, props);
    expect(count()).toBe(1);
    change(directory);
    synth(place, props);
    expect(count()).toBe(2);
  });

  test('are run again after a verbose synth, which uses the files that they opened before', () => {
    const { command, count } = counting();
    const absent = path.join(temporaryDirectory(), 'absent');
    const props = { binary: tool, traceCommands: [`${command}; test ! -e ${absent}`] };
    synth(place, props);
    synth(place, { ...props, verbose: true });
    expect(count()).toBe(1);
    fs.writeFileSync(absent, '');
    expect(() => synth(place, props)).toThrow('expected exit code 0');
    expect(count()).toBe(2);
  });

  test('do not see the environment of the app, so that it cannot change the result', () => {
    process.env.OF_THE_APP = 'yes';
    synth(place, { binary: tool, traceCommands: ['test -z "$OF_THE_APP" && test "$HOME" = "$PWD" && test "$LANG/$TZ" = C.UTF-8/:UTC'] });
  });
});
