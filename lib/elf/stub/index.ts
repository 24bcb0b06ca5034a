/** Stubs of libraries, which only slim layers contain. They are not part of `lib/elf/index.ts`, so that other layers do not load them. */
export { endOfCall, type StubOptions } from './functions';
export { type Called, readCalls } from './report';
export { hasAddressOnly, stubLibrary } from './stub-library';
