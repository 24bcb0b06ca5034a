/**
 * Commands that the error messages of a requested program name: `Cannot execute Ghostscript (%s)`. The rules for commands need the name as
 * a whole string, but compilers put short names, such as `gs`, into instructions, and the package of the program may not be related to that
 * of the command. So the command is not packed, and a notice names it.
 */
import * as path from 'path';
import { filesOf, isJudged } from './unpacked-dependencies';
import type { Package } from '../../packages/package';
import type { Root } from '../../root/root';
import { cacheByRoot } from '../selection/cache-by-root';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';
import type { Selection } from '../selection/selection';

/** Start of the reason for skipping such a command. The path of the program follows. */
export const REPORTED = 'only an error message names it, of ';

/** Words between `cannot` and a command. */
const VERBS = [' exec', ' run', ' start', ' launch', ' invok'];
const MESSAGE = new RegExp(
  '(?:can ?not|can\'t|could not|couldn\'t|fail(?:ed|ure)? to|unable to|error) ' +
    '(?:exec(?:ut(?:e|ing))?|run(?:ning)?|start(?:ing)?|launch(?:ing)?|invok(?:e|ing))(?: the)? [`\'"]?([A-Za-z][\\w+-]{2,23})',
  'i',
);
/** Maximum number of characters of a message before the verb, and after its beginning. */
const [BEFORE, AFTER] = [16, 48];
/** Shorter words are not taken for commands: `cannot run as user`. */
const LEAST_CHARACTERS = 4;
/** Files of packages with a service, whose commands control it: `crontab`, `systemctl`. Functions have no services. */
const SERVICE = /^(?:\/usr)?\/lib\/systemd\/system\/|^\/etc\/init\.d\//;

/** Applied to a complete selection: any rule may have packed a command. */
export function skipReportedCommands(selection: Selection, context: Context): void {
  const { root, packages, requestedPrograms } = context;
  for (const [program, { elf }] of requestedPrograms) {
    const owner = packages.ownerOf(program);
    if (elf === undefined || owner === undefined) continue;
    const words = new Set(filesOf(owner.source, selection, context).flatMap((file) => [...reportedIn(file, root)]));
    const commands = [...words].flatMap((word) => commandsNamed(word, owner.source, selection, context));
    for (const command of commands.filter((one) => !isJudged(one, selection, context))) {
      selection.skip(command, REPORTED + program);
    }
  }
}

/** Cached, because a layer may be collected several times. */
const known = cacheByRoot<ReadonlySet<string>>();

/** Words in the place of a command in the messages of an object. */
function reportedIn(object: string, root: Root): ReadonlySet<string> {
  if (root.content(object).elf === undefined) return new Set();
  return known(root, object, () => root.scan(object, (bytes) => {
    const words = new Set<string>();
    for (const verb of VERBS) {
      for (let at = bytes.indexOf(verb); at >= 0; at = bytes.indexOf(verb, at + verb.length)) {
        const word = MESSAGE.exec(bytes.toString('latin1', Math.max(at - BEFORE, 0), at + AFTER))?.[1];
        if (word !== undefined) words.add(word);
      }
    }
    return words;
  }));
}

/**
 * The command with a name, or the programs of a package whose name a message writes with a capital letter: `Ghostscript`. None of these
 * programs if one of them is packed.
 */
function commandsNamed(word: string, source: string, { files }: Selection, context: Context): readonly string[] {
  const { root, packages, packageFiles, commandsOnPath } = context;
  const named = word.length < LEAST_CHARACTERS ? undefined : commandsOnPath.get(word);
  const real = named === undefined ? undefined : root.real(named);
  const isOptional = (owner: Package) => (
    !owner.isEssential && owner.source !== source && !packages.files(owner).some((file) => SERVICE.test(file)));
  // a link to a command with another name, such as `print`, is rather a word
  if (named !== undefined && real !== undefined && path.posix.basename(real) === word) {
    return ownersOf(named, context).some(isOptional) ? [named] : [];
  }
  const namesake = /^[A-Z]/.test(word) ? packages.get(word.toLowerCase()) : undefined;
  if (namesake === undefined || !isOptional(namesake)) return [];
  // scripts of such a package start its programs
  const programs = packageFiles.commands(namesake).filter((command) => root.isFile(command) && root.content(command).elf !== undefined);
  return programs.some((command) => files.has(root.real(command) ?? command)) ? [] : programs;
}
