/** Stub libraries, which only slim layers contain. `lib/elf/index.ts` does not export them, so that other layers do not load this code. */
export { endOfCall, type StubOptions } from './functions';
export { type Called, readCalls } from './report';
export { hasAddressOnly, stubLibrary } from './stub-library';
