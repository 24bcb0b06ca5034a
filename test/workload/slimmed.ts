/**
 * Slims layers of small compiled programs, and runs them like a function.
 */
import * as fs from 'fs';
import * as path from 'path';
import { writeEntries } from '../../lib/pack/directory';
import type { LayerRequest } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import type { LayerRun } from '../../lib/sandbox/trial';
import { runInLayer } from '../../lib/sandbox/trial';
import type { KnownOutcome, SlimLayer } from '../../lib/workload/slim';
import { slimLayer } from '../../lib/workload/slim';
import type { Workload } from '../../lib/workload/workload';
import { LIB, Packaged } from '../collect/packaged';
import { temporaryDirectory } from '../fixture';
import { request } from '../plan/request';

/** A root with a C library and a package database, in which libraries and programs are compiled. */
export class SlimRoot extends Packaged {
  constructor() {
    super();
    this.libc();
    this.copy('/lib64/ld-linux-x86-64.so.2', `${LIB}/ld-linux-x86-64.so.2`);
    this.write({ '/usr/lib64/ld-linux-x86-64.so.2': { link: `/usr/lib/${path.basename(LIB)}/ld-linux-x86-64.so.2` } });
  }

  /** Compiles a library, which is linked with others of the root. */
  public shared(name: string, source: string, needs: readonly string[] = [], options: readonly string[] = [], compiler = 'gcc'): string {
    const file = `${LIB}/${name}`;
    this.compile(file, source, ['-shared', '-fPIC', `-Wl,-soname,${name}`, ...this.linking(needs), ...options], compiler);
    return file;
  }

  /** Compiles a program, which is linked with libraries of the root. */
  public tool(name: string, source: string, needs: readonly string[] = [], options: readonly string[] = [], compiler = 'gcc'): string {
    const file = `/usr/bin/${name}`;
    this.compile(file, source, [...this.linking(needs), ...options], compiler);
    return file;
  }

  private linking(needs: readonly string[]): string[] {
    const directory = this.locate(LIB);
    return [
      '-Wl,--no-as-needed',
      '-Wl,--allow-shlib-undefined',
      `-Wl,-rpath-link,${directory}`,
      ...needs.map((name) => path.join(directory, name)),
    ];
  }
}

export interface Slimmed extends SlimLayer {
  /** the messages, without and with those about runs */
  readonly notices: readonly string[];
  readonly told: readonly string[];
  /** paths of the files in the layer without the record, licences and the C library */
  readonly files: readonly string[];
  /** those among them that are stubs */
  readonly stubs: readonly string[];
  /** runs a command line in the layer */
  run(command: string, more?: Partial<LayerRun>): { readonly code: number | undefined; readonly output: string };
}

const BASE = /libc\.so\.6|ld-linux|nsswitch|\/contents\.json|\/copyright$/;

/** Slims the layer of a program. */
export function slim(
  root: SlimRoot,
  binary: string,
  commands: readonly string[],
  more: Partial<Workload> = {},
  options: Partial<LayerRequest> & { readonly known?: KnownOutcome; readonly renewsLock?: boolean } = {},
): Slimmed {
  const told: string[] = [];
  const notices: string[] = [];
  const report = {
    progress: (line: string) => void told.push(line),
    notice: (line: string) => [told, notices].forEach((lines) => lines.push(line)),
  };
  const { known, renewsLock, ...rest } = options;
  const asked = request(binary, { detectData: true, cwd: '/', ...rest });
  const layer = slimLayer(new DirectoryRoot(root.directory), asked, { commands, keep: [], ...more }, { report, known, renewsLock });
  const entries = layer.plan.entries.flatMap((entry) => (entry.kind === 'file' ? [entry] : []));
  const names = (of: typeof entries) => of.map((entry) => entry.path).filter((name) => !BASE.test(name));
  return {
    ...layer,
    told,
    notices: [...layer.notices, ...notices],
    files: names(entries),
    stubs: names(entries.filter(({ stub }) => stub !== undefined)),
    run: (command, how = {}) => {
      const opt = path.join(temporaryDirectory(), 'opt');
      for (const _ of writeEntries(layer.plan, opt));
      const { exitCode, stdout } = runInLayer({ opt, programs: Object.keys(layer.plan.programs), command, timeout: 30_000, ...how });
      return { code: exitCode, output: stdout };
    },
  };
}

/** A directory with files of a workload. */
export function workloadFiles(files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(directory, name), content);
  return directory;
}
