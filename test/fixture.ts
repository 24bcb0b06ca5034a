/**
 * Small root directories with files that tests create, and the results of the machine's own loader for them.
 */
import { type ChildProcess, execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

export { elfFile, elfHeader, noise } from './elf-file';

const TRIPLET = 'x86_64-linux-gnu';
const LOADER = '/lib64/ld-linux-x86-64.so.2';
export const MUSL_LOADER = '/lib/ld-musl-x86_64.so.1';

/** A program without a C library that does nothing and exits with 0. */
export const EXIT = 'void _start(void) { __asm__("xor %edi, %edi; mov $60, %eax; syscall"); }';

/** A library that ends every process that loads it, with any C library. */
export const HOSTILE = '__attribute__((constructor)) void hostile(void) { __asm__("mov $66, %edi; mov $231, %eax; syscall"); }';

const temporary: string[] = [];

afterAll(() => {
  for (const directory of temporary.splice(0)) fs.rmSync(directory, { recursive: true, force: true });
});

/** The message of the error that a function throws. */
export function errorOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

const DISK = os.tmpdir();
const MEMORY = '/dev/shm';
/** Bytes that several of the largest tests write together. */
const ENOUGH = 2e9;

/** A temporary directory that everyone can enter. It is removed after the tests of the file. */
export function temporaryDirectory(parent = DISK): string {
  const directory = fs.realpathSync(fs.mkdtempSync(path.join(parent, 'binary-layer-')));
  fs.chmodSync(directory, 0o755);
  temporary.push(directory);
  return directory;
}

/**
 * A temporary directory in memory, if there is room and programs can be run there: for roots and layers, not for files that are packed
 * from this machine's root, because paths below /dev are never packed. Many small files take half of the kernel's time in memory. Holes
 * of sparse files are read at no cost; on a disk, the kernel fills its page cache with zeros first, which takes a second of CPU time
 * for 290 MB.
 */
export function memoryDirectory(): string {
  return temporaryDirectory(hasMemory() ? MEMORY : DISK);
}

let isMemoryUsable: boolean | undefined;

function hasMemory(): boolean {
  if (isMemoryUsable === undefined) {
    const { bavail, bsize } = fs.existsSync(MEMORY) ? fs.statfsSync(MEMORY) : { bavail: 0, bsize: 0 };
    const isForData = / \/dev\/shm tmpfs \S*\bnoexec\b/.test(fs.readFileSync('/proc/mounts', 'utf8'));
    isMemoryUsable = bavail * bsize > ENOUGH && !isForData;
  }
  return isMemoryUsable;
}

/** A file of a fixture: its content, or where it leads as a link. */
export type Content = string | Buffer | { readonly link: string };

export class Fixture {
  /** @param directory of the root, which must be on a disk if this machine's own root is read, too */
  constructor(public readonly directory = memoryDirectory()) {}

  /** The path on this machine of a path inside the root, links not followed. */
  public locate(inside: string): string {
    return this.directory + inside;
  }

  /** Writes files, links among them, with their directories. */
  public write(files: Readonly<Record<string, Content>>): void {
    for (const [inside, content] of Object.entries(files)) {
      const file = this.made(inside);
      fs.rmSync(file, { force: true });
      if (typeof content === 'string' || Buffer.isBuffer(content)) fs.writeFileSync(file, content);
      else fs.symlinkSync(content.link, file);
    }
  }

  /** Makes a file sparse, with a size in bytes. */
  public enlarge(inside: string, size: number): void {
    fs.truncateSync(this.locate(inside), size);
  }

  public directories(...inside: string[]): void {
    for (const directory of inside) fs.mkdirSync(this.locate(directory), { recursive: true });
  }

  /** Compiles C. */
  public compile(inside: string, source: string, options: readonly string[] = [], compiler = 'gcc'): void {
    gcc(this.made(inside), source, options, compiler);
  }

  /** A shared library. */
  public library(inside: string, options: Linked = {}): void {
    const { source = '', soname = path.posix.basename(inside) } = options;
    this.compile(inside, source, ['-shared', '-nostdlib', ...(soname === '' ? [] : [`-Wl,-soname,${soname}`]), ...linked(options)]);
  }

  /** A program without a C library, which has only the given dependencies. */
  public program(inside: string, options: Linked = {}): void {
    this.compile(inside, options.source ?? EXIT, ['-nostdlib', '-pie', ...linked(options)]);
  }

  /** The same, to be started by musl's loader. */
  public muslProgram(inside: string, { flags = [], ...options }: Linked = {}): void {
    this.program(inside, { ...options, flags: [...flags, `-Wl,--dynamic-linker=${MUSL_LOADER}`] });
  }

  /** Copies a file of this machine, links followed, to the same place or another. */
  public copy(file: string, inside = file): void {
    fs.copyFileSync(file, this.made(inside));
    fs.chmodSync(this.locate(inside), fs.statSync(file).mode & 0o777);
  }

  /** A merged-/usr Debian with nothing but the loader in it, so that `list` can ask it. */
  public debian(): this {
    this.directories(`/usr/lib/${TRIPLET}`, '/usr/lib64', '/usr/bin', '/usr/sbin', '/etc', '/proc', '/dev', '/tmp');
    this.write({
      '/lib': { link: 'usr/lib' },
      '/lib64': { link: 'usr/lib64' },
      '/bin': { link: 'usr/bin' },
      '/sbin': { link: 'usr/sbin' },
    });
    this.copy(LOADER, `/usr/lib/${TRIPLET}/ld-linux-x86-64.so.2`);
    this.write({ '/usr/lib64/ld-linux-x86-64.so.2': { link: `/lib/${TRIPLET}/ld-linux-x86-64.so.2` } });
    return this;
  }

  /** A directory tree like Alpine's, with musl only: the loader is the C library, and a link to it has the name that programs need. */
  public alpine(): this {
    this.directories('/lib', '/usr/lib', '/usr/bin', '/bin', '/etc', '/proc', '/dev', '/tmp');
    this.copy(MUSL_LOADER);
    this.write({ '/lib/libc.musl-x86_64.so.1': { link: 'ld-musl-x86_64.so.1' } });
    return this;
  }

  /** The machine's C library, for programs that are compiled with `compile`. */
  public libc(...more: string[]): this {
    for (const name of ['libc.so.6', ...more]) this.copy(`/lib/${TRIPLET}/${name}`, `/usr/lib/${TRIPLET}/${name}`);
    return this;
  }

  /** `ldconfig` makes `/etc/ld.so.cache` from `/etc/ld.so.conf`. */
  public ldconfig(...options: string[]): void {
    execFileSync('bwrap', [...this.asRoot(), '--ro-bind', '/sbin/ldconfig', '/dev/ldconfig', '/dev/ldconfig', '-X', ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  /** The libraries that the loader maps for a file, in order, with the root as `/`; or its error. */
  public list(inside: string, situation: Situation = {}, loader = LOADER): string[] | string {
    const { status, stdout, stderr } = this.run([loader, '--list', inside], situation);
    if (status !== 0) return stderr.trim();
    const mapped = stdout.split('\n').filter((line) => /\(0x[0-9a-f]+\)$/.test(line) && !line.includes('linux-vdso'));
    return mapped.map((line) => path.posix.normalize(line.trim().replace(/ \(0x[0-9a-f]+\)$/, '').replace(/^.* => /, '')));
  }

  /** Runs a command with the root at `/`. */
  public run(command: readonly string[], { env = {}, cwd = '/' }: Situation = {}) {
    const setenv = Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]);
    return spawnSync('bwrap', [...this.asRoot(), '--chdir', cwd, '--clearenv', ...setenv, ...command], { encoding: 'utf8' });
  }

  /** Options of bubblewrap that make this directory `/`. */
  private asRoot(): string[] {
    return ['--bind', this.directory, '/', '--proc', '/proc', '--dev', '/dev'];
  }

  private made(inside: string): string {
    const file = this.locate(inside);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    return file;
  }
}

/** How a program is started. */
export interface Situation {
  /** the whole environment @default - empty */
  readonly env?: Readonly<Record<string, string>>;
  /** @default - `/` */
  readonly cwd?: string;
}

export interface Linked {
  readonly source?: string;
  /** DT_NEEDED, in order; the files need not exist */
  readonly needs?: readonly string[];
  /** DT_SONAME of a library, `''` for none @default - the name of the file */
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  /** for the compiler */
  readonly flags?: readonly string[];
}

function linked({ needs = [], rpath, runpath, flags = [] }: Linked): string[] {
  return [
    '-Wl,--no-as-needed', '-Wl,--unresolved-symbols=ignore-all',
    ...(rpath === undefined ? [] : ['-Wl,--disable-new-dtags', `-Wl,-rpath,${rpath}`]),
    ...(runpath === undefined ? [] : ['-Wl,--enable-new-dtags', `-Wl,-rpath,${runpath}`]),
    ...needs.map(named),
    ...flags,
  ];
}

/** The name of libraries that are only linked with. */
const STUB = 'stub.so';
const stubs = new Map<string, string>();

/** A library with this soname: objects that are linked with it need that name. */
function named(soname: string): string {
  let stub = stubs.get(soname);
  if (stub === undefined) {
    stub = path.join(memoryDirectory(), STUB);
    gcc(stub, '', ['-shared', '-nostdlib', `-Wl,-soname,${soname}`]);
    stubs.set(soname, stub);
  }
  return stub;
}

const compiled = new Map<string, Buffer>();
const MENTIONS_FILE = /version-script|dynamic-list|-T|@|#\s*include\s*"/;
/** In bytes: larger files are not kept in memory. */
const MOST_KEPT = 1e6;

/** Compiles C source, once for equal source and options. The messages of the compiler become the error. */
export function gcc(file: string, source: string, options: readonly string[] = [], compiler = 'gcc'): void {
  // files of a test may have changed since: libraries, version scripts, headers
  const isFile = (text: string) => (/^(?:\/|-[lL])/.test(text) && path.basename(text) !== STUB) || MENTIONS_FILE.test(text);
  const dependsOnFiles = [source, ...options].some(isFile);
  const key = JSON.stringify([compiler, source, options]);
  const known = dependsOnFiles ? undefined : compiled.get(key);
  if (known) {
    fs.rmSync(file, { force: true });
    fs.writeFileSync(file, known, { mode: 0o755 });
  } else {
    compile(file, source, options, compiler);
    if (!dependsOnFiles && fs.statSync(file).size < MOST_KEPT) compiled.set(key, fs.readFileSync(file));
  }
}

function compile(file: string, source: string, options: readonly string[], compiler: string): void {
  const { status, stderr, error } = spawnSync(compiler, ['-x', 'c', '-', '-x', 'none', '-o', file, ...options], {
    input: source,
    encoding: 'utf8',
  });
  if (error || status !== 0) throw new Error(`${compiler} ${options.join(' ')}: ${error?.message ?? stderr}`);
}

/** Waits until a process has written a part of a temporary file somewhere below a directory. */
export async function growing(directory: string, writer: ChildProcess): Promise<string> {
  while (writer.exitCode === null && writer.signalCode === null) {
    const names = fs.existsSync(directory) ? fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }) : [];
    const half = names.find(
      (name) => name.endsWith('.tmp') && (fs.statSync(path.join(directory, name), { throwIfNoEntry: false })?.size ?? 0) > 1e6,
    );
    if (half !== undefined) return path.join(directory, half);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`the process ended with ${writer.exitCode ?? writer.signalCode} before it had written a temporary file`);
}
