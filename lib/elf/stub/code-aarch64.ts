/**
 * The code of a stub for aarch64. It does the same as the code for x86_64: see code-x86-64.ts. Every instruction has 32 bits. Register
 * numbers are in bits 0 to 4 (destination), 5 to 9 and 16 to 20 (sources). Exceptions: bits 0 to 4 are a source in cbnz and stp, and stp
 * has its second source in bits 10 to 14.
 */
import type { CodeOf, Text } from './code';
import { Code, EXIT_CODE, FUNCTION_SIZE, OPEN_FLAGS, OPEN_MODE, PROGRAM_MAX, STDERR } from './code';

/** Linux, include/uapi/asm-generic/unistd.h */
const SYSCALL = { openat: 56, writev: 66, readlinkat: 78, exitGroup: 94 };

const AT_FDCWD = -100;
const PAGE = 4096;
/** The size of an entry of an array for writev, in bytes, and the number of entries of the longest array. */
const IOVEC = 16;
const ENTRIES = 4;

const [X0, X1, X2, X3, X8, X9, X16, X19, X20, X21, X22] = [0, 1, 2, 3, 8, 9, 16, 19, 20, 21, 22];
const NOP = 0xd503201f;

export const codeOfAarch64: CodeOf = (address, names, { program, unknownProgram, beforeSymbol, afterSymbol, report }) => {
  const code = new Code(address);
  const number = (register: number, value: number) => {
    if (value < 0) code.word(0x92800000 | (~value << 5) | register); // movn
    else code.word(0xd2800000 | ((value & 0xffff) << 5) | register); // movz
    if (value > 0xffff) code.word(0xf2a00000 | ((value >>> 16) << 5) | register); // movk …, lsl #16
  };
  const addressOf = (register: number, target: number) => {
    const pages = Math.floor(target / PAGE) - Math.floor(code.address / PAGE);
    code.word(0x90000000 | ((pages & 3) << 29) | (((pages >> 2) & 0x7ffff) << 5) | register); // adrp
    code.word(0x91000000 | ((target % PAGE) << 10) | (register << 5) | register); // add
  };
  const move = (to: number, from: number) => code.word(0xaa0003e0 | (from << 16) | to); // mov to,from
  const systemCall = (call: number) => {
    number(X8, call);
    code.word(0xd4000001); // svc #0
  };
  // x20 is the address of the array for writev
  const store = (entry: number, base: number, length: number) =>
    code.word(0xa9000000 | ((entry * IOVEC / 8) << 15) | (length << 10) | (X20 << 5) | base); // stp base,length,[x20,#…]
  const storeText = (entry: number, { address: text, length }: Text) => {
    addressOf(X9, text);
    number(X16, length);
    store(entry, X9, X16);
  };
  const storeSymbol = (entry: number) => store(entry, X19, X22);
  const writeStored = (count: number) => {
    move(X1, X20);
    number(X2, count);
    systemCall(SYSCALL.writev);
  };

  // moves the address of the symbol's name from x16 to x19, and computes the length of the name in x22
  move(X19, X16);
  code.word(0xd2800000 | X22); // mov x22,#0
  code.word(0x91000400 | (X22 << 5) | X22); // 1: add x22,x22,#1
  code.word(0x38606800 | (X22 << 16) | (X19 << 5) | X9); // ldrb w9,[x19,x22]
  code.word(0x35000000 | ((-2 & 0x7ffff) << 5) | X9); // cbnz w9,1b
  code.word(0xd10003e0 | ((PROGRAM_MAX + ENTRIES * IOVEC) << 10) | X9); // sub x9,sp,#…
  code.word(0x927cec00 | (X9 << 5) | X20); // and x20,x9,#-16
  code.word(0x9100001f | (X20 << 5)); // mov sp,x20

  if (report) {
    number(X0, AT_FDCWD);
    addressOf(X1, report.path.address);
    number(X2, OPEN_FLAGS);
    number(X3, OPEN_MODE);
    systemCall(SYSCALL.openat);
    storeText(0, report.beforeSymbol);
    storeSymbol(1);
    storeText(2, report.afterSymbol);
    writeStored(3); // fails if openat did
  }

  code.word(0x91000000 | ((ENTRIES * IOVEC) << 10) | (X20 << 5) | X21); // add x21,x20,#…
  number(X0, AT_FDCWD);
  addressOf(X1, program.address);
  move(X2, X21);
  number(X3, PROGRAM_MAX);
  systemCall(SYSCALL.readlinkat);
  code.word(0xf100001f | (X0 << 5)); // cmp x0,#0
  code.word(0x5400000c | (4 << 5)); // b.gt over the next three
  addressOf(X21, unknownProgram.address);
  number(X0, unknownProgram.length);

  store(0, X21, X0);
  storeText(1, beforeSymbol);
  storeSymbol(2);
  storeText(3, afterSymbol);
  number(X0, STDERR);
  writeStored(4);
  number(X0, EXIT_CODE);
  systemCall(SYSCALL.exitGroup);
  code.word(0xd4200020); // brk #1

  const align = () => {
    while (code.address % FUNCTION_SIZE !== 0) code.word(NOP);
  };
  align();
  const functions = names.map((name) => {
    const start = code.address;
    addressOf(X16, name);
    code.word(0x14000000 | (((address - code.address) / 4) & 0x3ffffff)); // b
    align();
    return start;
  });
  return { code: code.bytes(), functions };
};
