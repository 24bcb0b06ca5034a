/**
 * The code and the messages of the functions of a stub library.
 */
import type { CodeOf, Text } from './code';
import { FUNCTION_SIZE } from './code';
import { codeOfAarch64 } from './code-aarch64';
import { codeOfX86 } from './code-x86-64';
import { reportedName } from './report';
import type { SharedObject } from './shared-object';
import { SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS } from './shared-object';
import { printableName } from '../../text/printable';
import type { Machine } from '../header';

/** What the functions of a stub library print and report when they are called. */
export interface StubOptions {
  /** the name of the library in messages and reports, such as its soname */
  readonly library: string;
  /**
   * The absolute path of the report, to which each call appends the names of the library and the function (see `readCalls`).
   * @default - the stub writes no report
   */
  readonly report?: string;
}

const CODE: Readonly<Record<Machine, CodeOf>> = { x86_64: codeOfX86, aarch64: codeOfAarch64 };

const ADVICE = 'left out because the workload did not use it: add a command that does, or `keep` the library';

/** The end of the message that a stub prints when one of its functions is called: the part after the function's name. */
export function endOfCall(library: string): string {
  return ` in ${printableName(library)}, ${ADVICE}`;
}

/**
 * Adds the sections `.text`, with the functions, and `.rodata`, with the texts that they write.
 *
 * @param names of the functions, each with the address of that name in the object
 * @returns the address of each function
 */
export function addFunctions(
  object: SharedObject,
  names: readonly { readonly name: string; readonly address: number }[],
  machine: Machine,
  { library, report }: StubOptions,
): readonly number[] {
  const start = object.next(1);
  const contents: Buffer[] = [];
  let end = start;
  const text = (string: string): Text => {
    const content = Buffer.from(string);
    contents.push(content);
    end += content.length;
    return { address: end - content.length, length: content.length };
  };
  const texts = {
    program: text('/proc/self/exe\0'),
    unknownProgram: text('a program'),
    beforeSymbol: text(': called '),
    afterSymbol: text(`${endOfCall(library)}\n`),
    report:
      report === undefined
        ? undefined
        : {
          path: text(`${report}\0`),
          beforeSymbol: text(`${reportedName(library)}\0`),
          afterSymbol: text('\n'),
        },
  };
  // a name that is long, or that could control a terminal, is printed in another form
  const printed = names.map(({ name, address }) => (printableName(name) === name ? address : text(`${printableName(name)}\0`).address));
  object.add({ name: '.rodata', type: SHT_PROGBITS, flags: SHF_ALLOC, content: Buffer.concat(contents), align: 1 });

  const { code, functions } = CODE[machine](object.next(FUNCTION_SIZE), printed, texts);
  object.add({ name: '.text', type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_EXECINSTR, content: code, align: FUNCTION_SIZE });
  return functions;
}
