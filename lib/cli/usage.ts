/**
 * What is wrong with a command line: exit status 2.
 */
export class UsageError extends Error {}
