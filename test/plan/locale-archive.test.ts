/**
 * The locale of a layer in one file, for the machine's own C library.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { lambda, plan } from './make';
import { ChangedFileError } from '../../lib/pack/entries';
import { writeZip } from '../../lib/pack/zip';
import { LIB, makeFound, Packaged } from '../collect/packaged';
import { temporaryDirectory } from '../fixture';
import { LAMBDA } from '../function';

const LOCALES = '/usr/lib/locale';
const CATEGORIES = fs.readdirSync(`${LOCALES}/C.utf8`).sort();

const PROGRAM = `
  #include <langinfo.h>
  #include <locale.h>
  #include <stdio.h>
  #include <time.h>
  #include <wctype.h>
  static void show(const char *wanted) {
    const char *name = setlocale(LC_ALL, wanted);
    char day[20];
    strftime(day, sizeof day, "%A", &(struct tm) {.tm_wday = 3});
    printf("%s %s %s %s %s %s %d\\n", name ? name : "none", nl_langinfo(CODESET), day, nl_langinfo(YESEXPR),
      localeconv()->decimal_point, nl_langinfo(_NL_IDENTIFICATION_LANGUAGE), iswupper(0xc4));
  }
  int main(void) {
    show("");
    show("C.UTF-8");
    show("de_DE.UTF-8");
    return 0;
  }`;

/** @param name of the locale's directory */
function withLocale(name = 'C.utf8', program = PROGRAM): Packaged {
  const root = new Packaged().debian().libc() as Packaged;
  root.install('libc6', { [`${LIB}/libc.so.6`]: [], [`${LIB}/ld-linux-x86-64.so.2`]: [] }, { Source: 'glibc' });
  const files = fs.readdirSync(`${LOCALES}/C.utf8`, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  root.install('libc-bin', Object.fromEntries(files.map((file) => {
    const from = path.join(file.parentPath, file.name);
    return [from.replace('C.utf8', name), fs.readFileSync(from)];
  })), { Source: 'glibc' });
  root.compile('/usr/bin/rig', program);
  return root.install('rig', { '/usr/bin/rig': [] }, { Depends: 'libc6' });
}

const localesOf = (mirrored: string) => fs.readdirSync(path.join(mirrored, LOCALES)).sort();

test.each(['C.utf8', 'C.UTF-8'])('the categories of %s are in an archive, which localedef lists', async (name) => {
  const { mirrored } = await makeFound(withLocale(name));
  expect(localesOf(mirrored)).toEqual(['locale-archive']);
  const archive = path.join(mirrored, LOCALES, 'locale-archive');
  expect(execFileSync('localedef', ['--list-archive', archive], { encoding: 'utf8' })).toBe('C.utf8\nen_US.utf8\n');
});

test('a program has the same locales from the archive as from the files', async () => {
  const root = withLocale();
  root.write({ [`${LOCALES}/en_US.utf8`]: { link: 'C.utf8' } });
  const installed = root.run(['/usr/bin/rig'], { env: LAMBDA });
  expect(installed.stdout).toMatch(/^en_US\.UTF-8 UTF-8 Wednesday .* 1\nC\.UTF-8 UTF-8 Wednesday .* 1\nnone /);
  const { opt } = await makeFound(withLocale());
  expect(lambda(opt, ['rig'])).toMatchObject({ status: 0, stderr: '', stdout: installed.stdout });
});

test('the record names the package of the locale', async () => {
  const { mirrored } = await makeFound(withLocale());
  const { files } = JSON.parse(fs.readFileSync(path.join(mirrored, 'contents.json'), 'utf8')) as { files: Record<string, unknown> };
  expect(files[`${LOCALES}/locale-archive`]).toMatchObject({ package: 'libc-bin', why: 'opened by the C library' });
});

describe('the locale stays in files', () => {
  test('if `include` lists one of them', async () => {
    const { mirrored } = await makeFound(withLocale(), 'rig', { include: [`${LOCALES}/C.utf8/LC_CTYPE`] });
    expect(localesOf(mirrored)).toEqual(['C.utf8', 'en_US.utf8']);
    expect(fs.readdirSync(path.join(mirrored, LOCALES, 'C.utf8')).sort()).toEqual(CATEGORIES);
  });

  test('if the layer has an archive of the source', async () => {
    const root = withLocale();
    root.write({ [`${LOCALES}/locale-archive`]: 'archive' });
    const { mirrored } = await makeFound(root, 'rig', { include: [`${LOCALES}/locale-archive`] });
    expect(localesOf(mirrored)).toEqual(['C.utf8', 'en_US.utf8', 'locale-archive']);
  });

  test('if a program mentions it', async () => {
    const mentioning = PROGRAM.replace('show("");', `show(""); puts("${LOCALES}/C.utf8/LC_CTYPE");`);
    const { mirrored } = await makeFound(withLocale('C.utf8', mentioning));
    expect(localesOf(mirrored)).toEqual(['C.utf8', 'en_US.utf8']);
  });

  test('if a category is absent', async () => {
    const root = withLocale();
    fs.rmSync(root.locate(`${LOCALES}/C.utf8/LC_PAPER`));
    expect(localesOf((await makeFound(root)).mirrored)).toEqual(['C.utf8', 'en_US.utf8']);
  });
});

test('a category that changes after it was planned is an error', async () => {
  const root = withLocale();
  const planned = plan(root, 'rig', { detectData: true });
  fs.appendFileSync(root.locate(`${LOCALES}/C.utf8/LC_TIME`), ' ');
  await expect(writeZip(planned.plan, path.join(temporaryDirectory(), 'layer.zip'))).rejects.toThrow(ChangedFileError);
});
