import { readFileSync } from 'node:fs';
import { build, halfWords, words } from './bytes';
import { StubWorkshop } from './stubs';
import { type DynamicSymbols, FormatError, readElf, readSymbols, refersToData, satisfies } from '../../lib/elf';

const workshop = new StubWorkshop();
afterAll(() => workshop.remove());

/** For each name that a user refers to, whether it refers to the library's data. */
function dataOf(library: DynamicSymbols, user: DynamicSymbols): Record<string, boolean> {
  return Object.fromEntries(user.imports.flatMap(imported => (library.exports.get(imported.name) ?? [])
    .filter(symbol => satisfies(symbol, imported)).map(symbol => [symbol.name, refersToData(imported, symbol)])));
}

const MAIN = 'int main(void) { return 0; }';

describe('references to data are distinguished from references to functions', () => {
  const library = workshop.symbols(workshop.library('libdata.so', `
    int copied = 1; const int constant = 2; __thread int local = 3; static int zero_; int *pointer = &zero_; int uninitialized;
    int called(void) { return 1; } int pointed(void) { return 2; }`));
  test.each([
    ['a position-independent program', []],
    ['a program at a fixed address', ['-no-pie', '-fno-pic']],
    ['a library', ['-shared', '-fPIC']],
    ['a program without a procedure linkage table', ['-fno-plt']],
  ])('of %s', (_title, options) => {
    const file = workshop.compile('user', `
      extern int copied, *pointer, uninitialized; extern const int constant; extern __thread int local;
      int called(void), pointed(void);
      int (*function)(void) = pointed;
      const int *address = &constant;
      int use(void) { return copied + *pointer + uninitialized + local + called() + function(); }
      ${MAIN}`, [workshop.path('libdata.so'), ...options]);
    expect(dataOf(library, workshop.symbols(file))).toEqual({
      copied: true, constant: true, local: true, pointer: true, uninitialized: true, called: false, pointed: false,
    });
  });

  test('in a program that copies a variable and so defines it, too', () => {
    const source = 'extern int copied; int main(void) { return copied; }';
    const file = workshop.compile('copy', source, [workshop.path('libdata.so'), '-no-pie', '-fno-pic']);
    expect(workshop.symbols(file).imports.find(({ name }) => name === 'copied')).toMatchObject({ isDefined: true, references: ['copy'] });
  });

  test.each(['general', 'initial'])('for thread-local variables (%s dynamic model)', model => {
    const name = model === 'general' ? 'global-dynamic' : 'initial-exec';
    const source = 'extern __thread int local; int use(void) { return local; }';
    const file = workshop.compile('tls', source, ['-shared', '-fPIC', `-ftls-model=${name}`, workshop.path('libdata.so')]);
    expect(workshop.symbols(file).imports.find(({ name: symbol }) => symbol === 'local')).toMatchObject({ references: ['tls'] });
  });
});

test('a class that inherits from a class of the library refers to data: its type information', () => {
  const compiled = (name: string, source: string) => workshop.symbols(workshop.library(name, `
    struct Base { virtual ~Base(); virtual int f(); };
    int plain(int);
    ${source}`, ['-x', 'c++'], 'g++'));
  const library = compiled('libclass.so', 'Base::~Base() {} int Base::f() { return 1; } int plain(int x) { return x; }');
  const derived = compiled('libderived.so', `
    struct Derived : Base { int f() override { return plain(2); } };
    Base *make() { return new Derived; }`);
  expect(dataOf(library, derived)).toMatchObject({ _ZTI4Base: true, _Z5plaini: false, _ZN4BaseD2Ev: false });
  expect(dataOf(library, compiled('libcreating.so', 'Base *make() { return new Base; }'))).toEqual({ _ZTV4Base: true });
});

test('templates and inline functions, which every C++ object contains, are not imported from another object', () => {
  const shared = `
    template <class T> struct Box { virtual ~Box() {} virtual T get() { return T(1); } static T last; };
    template <class T> T Box<T>::last;
    inline int counted() { static int count; return ++count; }`;
  const compiled = (name: string, source: string) => workshop.symbols(workshop.library(name, `${shared} ${source}`, ['-x', 'c++'], 'g++'));
  const source = 'Box<int> *make() { counted(); return new Box<int>; }';
  const [first, second] = [compiled('libbox.so', source), compiled('libother-box.so', source.replace('make', 'make_other'))];
  const duplicates = second.imports.filter(({ isShared }) => isShared).map(({ name }) => name);
  expect(duplicates).toEqual(expect.arrayContaining(['_ZTV3BoxIiE', '_ZTI3BoxIiE', '_ZN3BoxIiE3getEv', '_ZZ7countedvE5count']));
  expect(duplicates.every(name => first.exports.has(name))).toBe(true);
  expect(dataOf(first, second)).toEqual({});
  const overriding = workshop.symbols(workshop.library('liboverriding.so', 'int hook(void) { return 1; }'));
  const weak = '__attribute__((weak)) int hook(void) { return 0; } int f(void) { return hook(); }';
  const overridden = workshop.symbols(workshop.library('liboverridden.so', weak));
  expect(dataOf(overriding, overridden)).toEqual({ hook: false });
});

describe('an export', () => {
  const source = `
    __asm__(".globl assembled\\n.text\\nassembled: ret");
    __asm__(".globl constant\\n.section .rodata\\nconstant: .long 1");
    __asm__(".globl absolute\\n.set absolute, 4096");
    __attribute__((visibility("hidden"))) int hidden; static int local_;
    __attribute__((weak)) int weak(void) { return local_; }
    __attribute__((visibility("protected"))) int protected(void) { return weak(); }
    int caller(void) { return protected() + hidden; }`;
  const library = workshop.symbols(workshop.library('libexports.so', source));
  const only = (name: string) => library.exports.get(name)?.[0];

  test('without a type is a function if its segment contains only code', () => {
    expect([only('assembled'), only('constant'), only('absolute')]).toMatchObject([
      { type: 'notype', isFunction: true }, { type: 'notype', isFunction: false }, { type: 'notype', isFunction: false },
    ]);
    const mixed = workshop.symbols(workshop.library('libmixed.so', source, ['-Wl,-z,noseparate-code']));
    expect(mixed.exports.get('assembled')).toMatchObject([{ isFunction: false }]);
    expect(mixed.exports.get('caller')).toMatchObject([{ isFunction: true }]);
  });

  test('has a binding and a size; hidden symbols are not exported', () => {
    expect([only('weak'), only('caller')]).toMatchObject([{ binding: 'weak' }, { binding: 'global' }]);
    expect([only('hidden'), only('local_')]).toEqual([undefined, undefined]);
    expect(only('caller')!.size).toBeGreaterThan(0);
  });

  test('that the library itself refers to is also an import, unless it is protected', () => {
    expect(library.imports.filter(({ isDefined }) => isDefined)).toMatchObject([{ name: 'weak', isWeak: true, references: ['call'] }]);
  });

  test('is found in either hash table, and without section headers', () => {
    const names = [...library.exports.keys()].sort();
    expect(names).toEqual(expect.arrayContaining(['assembled', 'weak', 'protected', 'caller']));
    const file = workshop.library('libsysv.so', source, ['-Wl,--hash-style=sysv']);
    expect([...workshop.symbols(file).exports.keys()].sort()).toEqual(names);
    const bytes = readFileSync(workshop.path('libexports.so'));
    bytes.fill(0, 40, 48).fill(0, 58, 64); // e_shoff, e_shentsize, e_shnum, e_shstrndx
    expect(readSymbols(bytes)).toEqual(library);
  });
});

test('a reference binds to its version or an unversioned definition, and one without a version to the first or default definition', () => {
  const definition = (index: number | undefined, isHidden: boolean) => ({
    name: 'f',
    type: 'function',
    binding: 'global',
    size: 1,
    isFunction: true,
    isHidden,
    version: index === undefined ? undefined : { name: `V${index}`, index, isBase: false, isWeak: false, parents: [] },
  } as const);
  const reference = { name: 'f', isWeak: false, isDefined: false, isShared: false, references: ['call'] } as const;
  const cases = [[undefined, false], [undefined, true], [2, true], [3, true], [3, false]] as const;
  const definitions = cases.map(([index, isHidden]) => definition(index, isHidden));
  expect(definitions.map(candidate => satisfies(candidate, reference))).toEqual([true, true, true, false, true]);
  const versioned = { ...reference, version: { name: 'V3' } };
  expect(definitions.map(candidate => satisfies(candidate, versioned))).toEqual([true, false, false, true, true]);
});

test('a file without a dynamic section has no symbols', () => {
  expect(readSymbols(build())).toEqual({ machine: 'x86_64', flags1: 0, versions: [], exports: new Map(), imports: [] });
});

describe('a file that contradicts itself is an error:', () => {
  const strings = Buffer.from('\0name\0');
  const symbols = Buffer.concat([Buffer.alloc(24), halfWords(1, 0x00010012), words(0x40, 8)]);
  const file = (hash: Buffer, more: Parameters<typeof build>[0] = {}) => build({
    blocks: { hash, symbols, strings, ...more.blocks },
    dynamic: [[0x6ffffef5, 'hash'], [6, 'symbols'], [5, 'strings'], [10, strings.length], ...(more.dynamic ?? [])],
  });
  const GOOD = halfWords(1, 1, 1, 6, 0, 0, 1, 1);

  test('the unchanged file is not an error', () => {
    expect(readSymbols(file(GOOD)).exports.get('name')).toMatchObject([{ size: 8 }]);
  });

  test.each([
    ['more buckets than bytes', halfWords(0x1000000, 1, 1, 6), /cut off: expected 67108864 bytes/],
    ['a chain without an end', Buffer.concat([halfWords(1, 1, 1, 6, 0, 0, 1), Buffer.alloc(64)]), /cut off/],
    ['more symbols than there can be', halfWords(1, 1, 1, 6, 0, 0, 3_000_000, 1), /cut off/],
  ])('%s', (_title, hash, message) => {
    expect(() => readSymbols(file(hash))).toThrow(FormatError);
    expect(() => readSymbols(file(hash))).toThrow(message);
  });

  test('a relocation with a symbol number beyond the limit', () => {
    const relocations = Buffer.concat([words(0), halfWords(7, 2_000_000), words(0)]);
    expect(() => readSymbols(file(GOOD, { blocks: { relocations }, dynamic: [[7, 'relocations'], [8, 24]] })))
      .toThrow('found 2000001 dynamic symbols, expected at most 2000000');
  });

  test('a name that exceeds its table', () => {
    expect(() => readSymbols(build({
      blocks: { hash: GOOD, symbols, strings: Buffer.from('\0name') },
      dynamic: [[0x6ffffef5, 'hash'], [6, 'symbols'], [5, 'strings'], [10, 5]],
    }))).toThrow(FormatError);
  });
});

test('the imports of this machine\'s libraries match the names in their relocations', () => {
  for (const name of ['libc.so.6', 'libm.so.6', 'libstdc++.so.6', 'ld-linux-x86-64.so.2']) {
    const bytes = readFileSync(`/lib/x86_64-linux-gnu/${name}`);
    const undefinedOnes = readSymbols(bytes).imports.filter(({ isDefined }) => !isDefined).map(imported => imported.name);
    expect([...new Set(undefinedOnes)].sort()).toEqual([...readElf(bytes).dynamic!.imports].sort());
  }
});
