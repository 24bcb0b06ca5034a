import { SlimRoot } from './slimmed';
import { load } from '../../lib/closure/program';
import type { Elf } from '../../lib/elf';
import { readSymbols } from '../../lib/elf';
import { settingOf } from '../../lib/loader/setting';
import { DirectoryRoot } from '../../lib/root/directory-root';
import type { RootPath } from '../../lib/root/paths';
import { Linking } from '../../lib/workload/linking';
import { LIB } from '../collect/packaged';

/** A program `tool` with libraries. Libraries are named without their directory and `.so`. */
class LinkedRoot extends SlimRoot {
  public linked(name: string, source: string, needs: readonly string[] = [], options: readonly string[] = []): void {
    this.shared(`${name}.so`, source, needs.map((need) => `${need}.so`), ['-nostdlib', ...options]);
  }

  public start(source: string, needs: readonly string[], options: readonly string[] = []): void {
    this.tool('tool', `${source} int main(void) { return 0; }`, needs.map((need) => `${need}.so`), options);
  }

  /** Compiles a library or the program from C++. */
  public cxx(name: string, source: string, needs: readonly string[] = [], options: readonly string[] = []): void {
    const file = `/src/${name}.cc`;
    this.write({ [file]: source });
    const all = ['-x', 'c++', this.locate(file), '-x', 'none', ...options];
    if (name === 'tool') this.tool(name, '', needs.map((need) => `${need}.so`), all, 'g++');
    else this.shared(`${name}.so`, '', needs.map((need) => `${need}.so`), ['-nostdlib', ...all], 'g++');
  }

  /** The libraries that are needed unchanged if the program and these libraries are used. */
  public unchanged(...used: string[]): string[] {
    return named(this.libraries().unchanged(pathsOf(used)));
  }

  /** The libraries that the loader maps in that case, including stubs. */
  public loaded(...used: string[]): string[] {
    const linking = this.libraries();
    return named(linking.loaded(linking.unchanged(pathsOf(used))));
  }

  /** The functions of a library's stub in that case. */
  public stub(library: string, ...used: string[]): string[] {
    const linking = this.libraries();
    const { exports } = readSymbols(linking.stub(pathOf(library), linking.unchanged(pathsOf(used))));
    return [...exports.values()].flat().map(({ name, version }) => (version ? `${name}@${version.name}` : name)).sort();
  }

  private libraries(): Linking {
    const root = new DirectoryRoot(this.directory);
    return new Linking(root, [load(PROGRAM, root.content(PROGRAM).elf as Elf, settingOf(root, 'x86_64'))]);
  }
}

const PROGRAM = '/usr/bin/tool' as RootPath;

function pathOf(library: string): RootPath {
  return `${LIB}/${library}.so` as RootPath;
}

function pathsOf(libraries: readonly string[]): Set<RootPath> {
  return new Set([PROGRAM, ...libraries.map(pathOf)]);
}

function named(files: ReadonlySet<RootPath>): string[] {
  return [...files].flatMap((file) => /([^/]+)\.so$/.exec(file)?.[1] ?? []).sort();
}

let root: LinkedRoot;
beforeEach(() => {
  root = new LinkedRoot();
});

test.each([
  ['a variable', 'extern int variable; int *use(void) { return &variable; }', []],
  ['a variable that the program copies', 'extern int variable; int use(void) { return variable; }', ['-no-pie', '-fno-pic']],
  ['a thread-local variable', 'extern __thread int local; int use(void) { return local; }', []],
])('a library stays if the program refers to %s of it', (_title, source, options) => {
  root.linked('data', 'int variable = 1; __thread int local = 1;');
  root.start(source, ['data'], options);
  expect(root.unchanged()).toEqual(['data']);
});

test('a library stays if a class of another object inherits from one of its classes', () => {
  const base = 'struct Base { virtual int get(); virtual ~Base(); };';
  const source = `${base} struct Derived : Base {}; extern "C" Base *make() { return new Derived; }`;
  root.cxx('base', `${base} int Base::get() { return 1; } Base::~Base() {}`);
  root.cxx('derived', source, ['base']);
  root.start('void *make(void); void *use(void) { return make(); }', ['derived'], ['-Wl,--unresolved-symbols=ignore-all']);
  expect(root.unchanged('derived')).toEqual(['base', 'derived']);
  expect(root.unchanged()).toEqual([]);
});

test('a library does not stay for functions that are called or whose addresses are used', () => {
  root.linked('code', 'int called(void) { return 1; } int pointed(void) { return 2; }');
  root.start('int called(void), pointed(void); int (*pointer)(void) = pointed; int use(void) { return called() + pointer(); }', ['code']);
  expect(root.unchanged()).toEqual([]);
  expect(root.stub('code')).toEqual(['called', 'pointed']);
});

test('data is needed for a library that stays, but not for a stub', () => {
  root.linked('far', 'int far = 1;');
  root.linked('near', 'extern int far; int *near(void) { return &far; }', ['far']);
  root.start('int *near(void); int *use(void) { return near(); }', ['near']);
  expect([root.unchanged(), root.loaded()]).toEqual([[], ['near']]);
  expect([root.unchanged('near'), root.loaded('near')]).toEqual([['far', 'near'], ['far', 'near']]);
});

test('a library stays if the loader needs it to reach a library whose symbols are imported', () => {
  root.linked('symbols', 'int function(void) { return 1; }');
  root.linked('path', 'int path(void) { return 1; }', ['symbols']);
  root.linked('caller', 'int function(void); int caller(void) { return function(); }');
  root.start('int caller(void); int use(void) { return caller(); }', ['caller', 'path']);
  expect(root.unchanged('caller')).toEqual(['caller', 'path']);
  expect(root.stub('symbols', 'caller')).toEqual(['function']);
  expect([root.unchanged(), root.loaded()]).toEqual([[], ['caller', 'path']]);
});

test('the first library that defines a symbol provides it', () => {
  root.linked('first', 'int variable = 1;');
  root.linked('second', 'int variable = 2;');
  root.start('extern int variable; int *use(void) { return &variable; }', ['first', 'second']);
  expect(root.unchanged()).toEqual(['first']);
});

test('a stub has the versions of its functions that are imported', () => {
  root.write({ '/map': 'V1 { global: f; g; local: *; };\nV2 { global: f; } V1;\n' });
  const source = 'int f1(void) { return 1; } int f2(void) { return 2; } int g(void) { return 3; }';
  const versions = '__asm__(".symver f1, f@V1"); __asm__(".symver f2, f@@V2");';
  root.linked('versioned', `${source} ${versions}`, [], [`-Wl,--version-script,${root.locate('/map')}`]);
  root.linked('old', 'int f(void); __asm__(".symver f, f@V1"); int old(void) { return f(); }', ['versioned']);
  root.start('int old(void), f(void); int use(void) { return old() + f(); }', ['old', 'versioned']);
  expect(root.stub('versioned')).toEqual(['f@V2']);
  expect(root.stub('versioned', 'old')).toEqual(['f@V1', 'f@V2']);
});

test('a stub does not define a function of which the importing object has a copy', () => {
  const shared = 'template <class T> struct Box { virtual T get() { return T(1); } };';
  for (const name of ['first', 'second']) {
    root.cxx(name, `${shared} extern "C" int ${name}() { return (new Box<int>)->get(); }`, [], ['-O0', '-fno-rtti', '-fno-exceptions']);
  }
  root.start('int first(void), second(void); int use(void) { return first() + second(); }', ['first', 'second'],
    ['-Wl,--unresolved-symbols=ignore-all']);
  expect(root.unchanged('second')).toEqual(['second']);
  expect(root.stub('first', 'second')).toEqual(['first']);
});

test('a weak reference that no library satisfies needs no library', () => {
  root.linked('code', 'int present(void) { return 1; }');
  root.start('__attribute__((weak)) int present(void), absent(void); int use(void) { return absent ? absent() : present(); }', ['code']);
  expect(root.unchanged()).toEqual([]);
  expect(root.stub('code')).toEqual(['present']);
});
