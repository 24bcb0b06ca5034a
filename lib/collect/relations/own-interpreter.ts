/**
 * The interpreter of a packaged script that begins with `#!/usr/bin/env`. The script's package depends on the interpreter that the script
 * was written for. An interpreter that comes first on PATH, such as one in /usr/local/bin, may have another version, or lack modules that
 * the distribution adds.
 */
import * as path from 'path';
import { findProgram, type Program } from '../../closure/find';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';

type Facts = Pick<Context, 'root' | 'packages' | 'dependencies' | 'searchPath'>;

/**
 * If env would find an interpreter that the script's package does not depend on, replaces it with the first interpreter of that name on
 * PATH that the package depends on.
 */
export function withOwnInterpreter(program: Program, facts: Facts): Program {
  const { real, interpreter } = program;
  const owner = facts.packages.ownerOf(real);
  if (owner === undefined || interpreter === undefined || interpreter.program.binary.includes('/')) return program;
  const { root, dependencies, searchPath } = facts;
  const isDependency = (file: string) => ownersOf(file, facts).some((one) => dependencies.of(owner).has(one));
  if (isDependency(interpreter.program.path)) return program;
  const name = interpreter.program.binary;
  const isProgram = (file: string) => {
    const found = root.file(file);
    return found !== undefined && (root.status(found)!.mode & 0o111) !== 0 && root.content(found).kind === 'elf';
  };
  const own = searchPath.map((directory) => path.posix.join(directory, name)).find((file) => isProgram(file) && isDependency(file));
  if (own === undefined) return program;
  return { ...program, interpreter: { ...interpreter, program: { ...findProgram(root, own, searchPath, '/', true), binary: name } } };
}
