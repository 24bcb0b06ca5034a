/**
 * The code of a stub for x86_64. It only makes system calls and needs no aligned stack, no thread-local storage and no library, so it
 * works in signal handlers, after fork, and before the C library is initialized. It never returns, so every register is free.
 */
import type { CodeOf, Text } from './code';
import { Code, EXIT_CODE, FUNCTION_SIZE, OPEN_FLAGS, OPEN_MODE, PROGRAM_MAX, STDERR } from './code';

/** Linux, arch/x86/entry/syscalls/syscall_64.tbl */
const SYSCALL = { open: 2, writev: 20, readlink: 89, exitGroup: 231 };

const NOP = 0x90;

/** Opcodes, by register. `MOV` loads a 32-bit number. `LEA` loads an address, given as its distance from the next instruction. */
const MOV = { eax: [0xb8], edx: [0xba], esi: [0xbe], edi: [0xbf] };
const LEA = { rax: [0x48, 0x8d, 0x05], rbx: [0x48, 0x8d, 0x1d], rdi: [0x48, 0x8d, 0x3d] };

export const codeOfX86: CodeOf = (address, names, { program, unknownProgram, beforeSymbol, afterSymbol, report }) => {
  const code = new Code(address);
  const mov = (register: keyof typeof MOV, value: number) => code.add(...MOV[register]).word(value);
  const lea = (register: keyof typeof LEA, target: number) => code.add(...LEA[register]).word(target - code.address - 4);
  const systemCall = (number: number) => mov('eax', number).add(0x0f, 0x05); // syscall
  // pushText and pushSymbol each push one entry of the array for writev. The last entry is pushed first
  const pushText = ({ address: text, length }: Text) => {
    code.add(0x68).word(length); // push $length
    lea('rax', text).add(0x50); // push %rax
  };
  const pushSymbol = () => code.add(0x41, 0x55, 0x41, 0x54); // push %r13; push %r12
  const writePushed = (count: number) => {
    mov('edx', count).add(0x48, 0x89, 0xe6); // mov %rsp,%rsi
    systemCall(SYSCALL.writev);
  };

  // moves the address of the symbol's name from %rax to %r12, and computes the length of the name in %r13
  code.add(0x49, 0x89, 0xc4); // mov %rax,%r12
  code.add(0x45, 0x31, 0xed); // xor %r13d,%r13d
  code.add(0x49, 0xff, 0xc5); // 1: inc %r13
  code.add(0x43, 0x80, 0x3c, 0x2c, 0x00); // cmpb $0,(%r12,%r13)
  code.add(0x75, 0xf6); // jne 1b

  if (report) {
    lea('rdi', report.path.address);
    mov('esi', OPEN_FLAGS);
    mov('edx', OPEN_MODE);
    systemCall(SYSCALL.open);
    code.add(0x89, 0xc7); // mov %eax,%edi
    pushText(report.afterSymbol);
    pushSymbol();
    pushText(report.beforeSymbol);
    writePushed(3); // fails if open did
  }

  code.add(0x48, 0x81, 0xec).word(PROGRAM_MAX); // sub $PROGRAM_MAX,%rsp
  code.add(0x48, 0x89, 0xe6); // mov %rsp,%rsi
  code.add(0x48, 0x89, 0xe3); // mov %rsp,%rbx
  lea('rdi', program.address);
  mov('edx', PROGRAM_MAX);
  systemCall(SYSCALL.readlink);
  code.add(0x85, 0xc0); // test %eax,%eax
  code.add(0x7f, 12); // jg past the next two instructions
  lea('rbx', unknownProgram.address);
  mov('eax', unknownProgram.length);
  code.add(0x48, 0x89, 0xc5); // mov %rax,%rbp

  pushText(afterSymbol);
  pushSymbol();
  pushText(beforeSymbol);
  code.add(0x55, 0x53); // push %rbp; push %rbx
  mov('edi', STDERR);
  writePushed(4);
  mov('edi', EXIT_CODE);
  systemCall(SYSCALL.exitGroup);
  code.add(0xf4); // hlt

  const align = () => {
    while (code.address % FUNCTION_SIZE !== 0) code.add(NOP);
  };
  align();
  const functions = names.map((name) => {
    const start = code.address;
    lea('rax', name).add(0xe9); // jmp
    code.word(address - code.address - 4);
    align();
    return start;
  });
  return { code: code.bytes(), functions };
};
