/**
 * Programs of every installed toolchain, packed and started from the layer: each must print the same as the original.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { writeDirectory } from '../../lib/pack/directory';
import { planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { request } from '../plan/request';

const C =
  '#include <stdio.h>\n#include <math.h>\nint main(int argc, char **argv) { printf("%d %.3f\\n", argc, sqrt(argc + 1)); return argc; }\n';
const GO = 'package main\nimport "fmt"\nfunc main() { fmt.Println("2 1.732") }\n';
const CGO = 'package main\n// #include <stdlib.h>\nimport "C"\nimport "fmt"\nfunc main() { fmt.Println(C.abs(-2)) }\n';
const RUST = 'fn main() { println!("{}", std::env::args().count()); }\n';

interface Toolchain {
  readonly name: string;
  /** the file name of the source */
  readonly source: readonly [name: string, text: string];
  /** command lines with the placeholders `SOURCE` and `OUT`; the first word of each must be installed */
  readonly commands: readonly (readonly string[])[];
}

const gcc = (name: string, ...options: string[]): Toolchain => ({
  name,
  source: ['prog.c', C],
  commands: [['gcc', 'SOURCE', '-O1', ...options, '-o', 'OUT', '-lm']],
});
const after = (toolchain: Toolchain, name: string, ...commands: (readonly string[])[]): Toolchain => ({
  ...toolchain,
  name,
  commands: [...toolchain.commands, ...commands],
});

const TOOLCHAINS: readonly Toolchain[] = [
  gcc('gcc, bfd', '-fuse-ld=bfd'),
  gcc('gcc, gold', '-fuse-ld=gold'),
  gcc('gcc, lld', '-fuse-ld=lld'),
  gcc('gcc, mold', '-fuse-ld=mold'),
  { name: 'clang', source: ['prog.c', C], commands: [['clang', 'SOURCE', '-o', 'OUT', '-lm']] },
  gcc('non-PIE', '-no-pie'),
  gcc('non-PIE, lld', '-no-pie', '-fuse-ld=lld'),
  gcc('static-PIE', '-static-pie'),
  gcc('static', '-static'),
  gcc('64K pages', '-Wl,-z,max-page-size=0x10000'),
  gcc('2M pages', '-Wl,-z,max-page-size=0x200000'),
  gcc('no separate code', '-Wl,-z,noseparate-code'),
  gcc('RELR, bfd', '-Wl,-z,pack-relative-relocs'),
  gcc('RELR, lld', '-fuse-ld=lld', '-Wl,--pack-dyn-relocs=relr', '-Wl,--no-rosegment'),
  gcc('no relro, lazy', '-Wl,-z,norelro', '-Wl,-z,lazy'),
  gcc('DT_HASH only', '-Wl,--hash-style=sysv'),
  gcc('rpath', '-Wl,--disable-new-dtags,-rpath,/nowhere'),
  gcc('runpath', '-Wl,--enable-new-dtags,-rpath,/nowhere'),
  after(gcc('', '-s'), 'stripped', ['strip', 'OUT']),
  after(gcc(''), 'sstripped', ['sstrip', 'OUT']),
  after(gcc('', '-static'), 'UPX, fixed address', ['upx', '-q', 'OUT']),
  after(gcc('', '-static-pie'), 'UPX, position-independent', ['upx', '-q', 'OUT']),
  { name: 'musl', source: ['prog.c', C], commands: [['musl-gcc', 'SOURCE', '-o', 'OUT', '-lm']] },
  { name: 'musl, static', source: ['prog.c', C], commands: [['musl-gcc', 'SOURCE', '-static', '-o', 'OUT', '-lm']] },
  { name: 'Go, static', source: ['prog.go', GO], commands: [['go', 'build', '-o', 'OUT', 'SOURCE']] },
  { name: 'Go, cgo', source: ['prog.go', CGO], commands: [['go', 'build', '-o', 'OUT', 'SOURCE']] },
  { name: 'Rust', source: ['prog.rs', RUST], commands: [['rustc', 'SOURCE', '-o', 'OUT']] },
  { name: 'Rust, lld', source: ['prog.rs', RUST], commands: [['rustc', '-Clink-arg=-fuse-ld=lld', 'SOURCE', '-o', 'OUT']] },
];

/** `same`; `not installed`, with the command; or the difference */
export type ToolchainResult = readonly [name: string, result: string];

export async function compareToolchains(): Promise<ToolchainResult[]> {
  const results: ToolchainResult[] = [];
  for (const toolchain of TOOLCHAINS) {
    const workplace = fs.mkdtempSync(path.join(os.tmpdir(), 'binary-layer-toolchain-'));
    try {
      results.push([toolchain.name, await compare(toolchain, workplace)]);
    } catch (error) {
      results.push([toolchain.name, (error as Error).message.split('\n')[0]]);
    } finally {
      fs.rmSync(workplace, { recursive: true, force: true });
    }
  }
  return results;
}

async function compare({ source: [name, text], commands }: Toolchain, workplace: string): Promise<string> {
  const [source, program] = [path.join(workplace, name), path.join(workplace, 'prog')];
  fs.writeFileSync(source, text);
  for (const command of commands) {
    const [tool, ...args] = command.map((word) => (word === 'SOURCE' ? source : word === 'OUT' ? program : word));
    const { error, status, stderr } = spawnSync(tool, args, { encoding: 'utf8', cwd: workplace });
    if (error) return `not installed: ${tool}`;
    if (status !== 0) {
      return /collect2: fatal error: cannot find|invalid linker name/.test(stderr)
        ? `not installed: ${args.find((word) => word.includes('fuse-ld'))}`
        : `does not compile: ${stderr.split('\n')[0]}`;
    }
  }
  const layer = path.join(workplace, 'opt');
  const { plan } = planLayer(new DirectoryRoot('/'), request(program, { cwd: '/' }));
  await writeDirectory(plan, layer);
  const original = spawnSync(program, ['x'], { encoding: 'utf8' });
  // only the layer is mounted, so nothing else can be loaded
  const packed = spawnSync(
    'bwrap',
    ['--ro-bind', layer, '/opt', '--dev', '/dev', '--proc', '/proc', '--unshare-all', '--clearenv', '/opt/bin/prog', 'x'],
    { encoding: 'utf8' },
  );
  const [expected, actual] = [original, packed].map(({ status, signal, stdout }) => `${signal ?? status}: ${stdout.trim()}`);
  return expected === actual ? 'same' : `prints ${actual} instead of ${expected} ${packed.stderr.trim().slice(0, 200)}`;
}
