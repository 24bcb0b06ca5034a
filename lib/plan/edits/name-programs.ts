/**
 * The requested programs by their names in the layer.
 */
import { programName } from './program-name';
import { type Program, ProgramError } from '../../closure/find';
import { printableName } from '../../text/printable';

/** @throws ProgramError if a name is not a file name, two programs have the same name, or `rename` has a program that is not requested */
export function namePrograms(programs: readonly Program[], rename: Readonly<Record<string, string>>): Map<string, Program> {
  const binaries = programs.map(({ binary }) => binary);
  const unknown = Object.keys(rename).find((binary) => !binaries.includes(binary));
  if (unknown !== undefined) {
    throw new ProgramError(`rename names '${unknown}', which is not among the binaries: ${binaries.join(', ')}`, 'rename');
  }
  const named = new Map<string, Program>();
  for (const program of programs) {
    const name = programName(program.binary, rename);
    const isFileName = /^[^/\0]+$/.test(name) && name !== '.' && name !== '..';
    if (!isFileName) throw new ProgramError(`binary '${program.binary}' cannot be named '${name}': expected a file name`);
    const other = named.get(name);
    if (other) {
      const both = `${printableName(other.path)} and ${printableName(program.path)} would both be ${name} in the layer`;
      throw new ProgramError(`${both}: rename one of them, for example rename: { '${program.binary}': '${name}-2' }`, 'rename');
    }
    named.set(name, program);
  }
  return named;
}
