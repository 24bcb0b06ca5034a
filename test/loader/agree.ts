/**
 * Compares the machine's own loader with ours, for a program in a fixture.
 */
import { execFileSync } from 'child_process';
import type { Process } from '../../lib/closure/closure';
import { load } from '../../lib/closure/program';
import type { Elf } from '../../lib/elf';
import { settingOf } from '../../lib/loader/setting';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { type Fixture, MUSL_LOADER, type Situation } from '../fixture';

/** The subdirectories that this machine's loader looks into, in order of preference. */
export const VARIANTS = [
  ...execFileSync('/lib64/ld-linux-x86-64.so.2', ['--help'], { encoding: 'utf8' }).matchAll(/^\s+(x86-64-v\d) \(supported, searched\)/gm),
].map(([, name]) => `glibc-hwcaps/${name}`);

export function resolve(fixture: Fixture, program: string, { env = {}, cwd = '/' }: Situation = {}): Process {
  const root = new DirectoryRoot(fixture.directory);
  const setting = settingOf(root, 'x86_64', { libraryPath: env.LD_LIBRARY_PATH, cwd, variants: VARIANTS });
  const real = root.real(program)!;
  return load(real, root.content(real).elf as Elf, setting);
}

/** The libraries of a program, in order. Both loaders must agree on them. */
export function mapped(fixture: Fixture, program: string, situation: Situation = {}): string[] {
  const answer = resolve(fixture, program, situation).objects.slice(1).map((object) => object.path);
  expect(answer).toEqual(fixture.list(program, situation));
  return answer;
}

/** The same for a program with musl's loader, which lists itself first. */
export function mappedByMusl(fixture: Fixture, program: string, situation: Situation = {}): string[] {
  const answer = resolve(fixture, program, situation).objects.slice(1).map((object) => object.path);
  const list = fixture.list(program, situation, MUSL_LOADER);
  expect(typeof list === 'string' ? list : list.slice(1)).toEqual(answer);
  return answer;
}

/** The error of the resolver for a program that the loader also rejects. */
export function refused(fixture: Fixture, program: string, situation: Situation = {}, loader?: string): string {
  expect(fixture.list(program, situation, loader)).toEqual(expect.any(String)); // an error message instead of a list
  try {
    resolve(fixture, program, situation);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`the resolver takes ${program}, which the loader does not`);
}

/** Where each library was found, by its name. */
export function reasons(fixture: Fixture, program: string, situation: Situation = {}): Record<string, string> {
  return Object.fromEntries(resolve(fixture, program, situation).objects.slice(1).map(({ name, reason }) => [name, reason]));
}
