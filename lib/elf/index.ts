/**
 * The exports of lib/elf, which other folders import.
 */
export { carriedData } from './carried-data';
export { DF_1_NODEFLIB, DF_1_PIE, type Dynamic } from './dynamic';
export {
  type DynamicSymbols, type ExportedSymbol, type ImportedSymbol, readSymbols, refersToData, satisfies, type SymbolType,
} from './dynamic-symbols';
export { editElf, type ElfEdit } from './edit/edit';
export { type NewNeed, replacedNames } from './edit/edit-dynamic';
export { type Elf, isProgram, readElf } from './elf';
export { type Bytes } from './byte-reader';
export { FileBytes } from './file-bytes';
export { FormatError } from './format-error';
export { type FileType, type Machine, MACHINE_NUMBERS } from './header';
export { describe, type Identification, identify } from './identification';
export type { Note } from './note';
export { PT_DYNAMIC, PT_INTERP, PT_LOAD, PT_NOTE, type Segment } from './program-header';
export type { Reference } from './relocation';
export { addressOf, findReferences, findStringReferences, findVectorLoads } from './reference';
export { readDescriptor, SpecialFileError, useRegularFile } from './regular-file';
export { replaceText, type TextReplacement } from './edit/replace-text';
export { debugSections } from './section-header';
export { stringsOf, stringsWith } from './strings';
export type { RequiredVersion, VersionDefinition, VersionNeed } from './symbol-version';
