/**
 * The interpreter of a packaged script that begins with `#!/usr/bin/env`. Its package depends on the one that it was made for. Another one
 * that comes first on PATH, such as one in /usr/local/bin, may be of another version, or lack what the distribution adds.
 */
import * as path from 'path';
import { findProgram, type Program } from '../../closure/find';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';

type Facts = Pick<Context, 'root' | 'packages' | 'dependencies' | 'searchPath'>;

/** Returns a program with the interpreter that its package depends on, if env would find one that it does not depend on. */
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
