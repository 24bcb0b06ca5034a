import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Programs and libraries compiled for a test, in a temporary directory. */
export class Workshop {
  public readonly directory = mkdtempSync(join(tmpdir(), 'elf-test-'));

  public path(name: string): string {
    return join(this.directory, name);
  }

  /** Compiles C source with gcc, or a compiler with the same options. Returns the path of the result. */
  public compile(name: string, source: string, options: readonly string[] = [], compiler = 'gcc'): string {
    writeFileSync(this.path(`${name}.c`), source);
    run(compiler, '-O1', '-o', this.path(name), this.path(`${name}.c`), ...options);
    return this.path(name);
  }

  public write(name: string, bytes: Buffer): string {
    writeFileSync(this.path(name), bytes, { mode: 0o755 });
    return this.path(name);
  }

  public remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** The standard output of a command. Throws if it fails. */
export function run(command: string, ...options: readonly string[]): string {
  return execFileSync(command, options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
