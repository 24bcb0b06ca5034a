import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { outcome, StubWorkshop } from './stubs';
import { FormatError, readSymbols } from '../../lib/elf';
import { stubLibrary } from '../../lib/elf/stub';

/** Stubs with all functions of this machine's libraries. */

const workshop = new StubWorkshop();
afterAll(() => workshop.remove());

const DIRECTORY = '/usr/lib/x86_64-linux-gnu';
const names = readdirSync(DIRECTORY).filter(name => /\.so\.\d+$/.test(name));
const libraries = [...new Set(names.map(name => realpathSync(join(DIRECTORY, name))))].sort();

test('the loader accepts a stub for each library of this machine, and finds its functions', () => {
  const loader = workshop.compile('loader', `
    #include <dlfcn.h>
    #include <stdio.h>
    #include <string.h>
    int main(void) {
      char *line = 0;
      size_t size = 0;
      while (getline(&line, &size, stdin) > 0) {
        char *path = strtok(line, " \\n");
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!library) printf("%s: %s\\n", path, dlerror());
        else for (char *symbol; (symbol = strtok(0, " \\n"));) if (!dlsym(library, symbol)) printf("%s: no %s\\n", path, symbol);
      }
      return 0;
    }`);
  const lines: string[] = [];
  for (const [index, file] of libraries.entries()) {
    let original;
    try {
      original = readSymbols(readFileSync(file));
    } catch (error) {
      if (error instanceof FormatError) continue;
      throw error;
    }
    const symbols = [...original.exports.values()].flat().filter(({ isFunction }) => isFunction);
    const stub = stubLibrary(original, symbols, { library: file });
    const back = readSymbols(stub);
    const exports = [...new Set(symbols.map(({ name }) => name))].sort();
    expect({ file, exports: [...back.exports.keys()].sort() }).toEqual({ file, exports });
    expect({ file, versions: back.versions }).toEqual({ file, versions: original.versions });
    const visible = new Set(symbols.filter(({ isHidden }) => !isHidden).map(({ name }) => name));
    lines.push([workshop.write(`stub${index}.so`, stub), ...visible].join(' '));
  }
  expect(lines.length).toBeGreaterThan(50);
  workshop.write('lines', Buffer.from(lines.join('\n') + '\n'));
  expect(outcome('sh', '-c', `${loader} < ${workshop.path('lines')}`)).toEqual({ code: 0, stdout: '', stderr: '' });
});
