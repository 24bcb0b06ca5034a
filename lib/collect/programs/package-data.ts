/**
 * The data of a requested package and of its add-ons. The data of add-ons are files of other packages in the requested package's
 * directories, such as a dictionary, a language or an extension.
 */
import * as path from 'path';
import { addFound } from './add-files';
import { takeFile } from './processes';
import type { Package } from '../../packages/package';
import { isStandardDirectory } from '../../root/standard';
import { isNonRuntime, isForLinking } from '../kinds/non-runtime';
import type { Grounds } from '../relations/belonging';
import { groundsInDirectoryOf } from '../relations/belonging';
import { isOfSeveral } from '../relations/need';
import type { Context } from '../selection/context';
import type { Candidate, Selection, Why } from '../selection/selection';
import type { Need } from '../selection/size-budget';
import { isAsNecessary } from '../selection/size-budget';

/** A requested package that others may extend. */
interface Extended {
  readonly host: Package;
  /** resolved path of the program that the package was added for */
  readonly through: string;
  /** resolved path of the program that opens the data: for a script, its interpreter */
  readonly opener: string;
}

/** Adds the data of a package, and defers the data of other packages that extend it. */
export function addPackageData(host: Package, through: string, opener: string, delta: Selection, context: Context): void {
  for (const real of findPackageData(host, through, opener, delta, context)) takeFile(real, opener, delta, context);
}

/** Like `addPackageData`, but does not read the files that it adds. @returns their resolved paths */
export function findPackageData(host: Package, through: string, opener: string, delta: Selection, context: Context): string[] {
  const { packageFiles } = context;
  // a link of the package may lead to a directory of another package, which is not entered
  const nothingBelow = () => undefined;
  const why = { reason: `of package ${host.name}`, through };
  const extended = { host, through, opener };
  const added = packageFiles.data(host).flatMap((real) => {
    deferLinkedDirectory(real, 'mentioned', extended, delta, context);
    return addFound(real, why, delta, context, nothingBelow);
  });
  for (const directory of packageFiles.directoriesOf(host)) {
    added.push(...addInside(directory, 'needed', undefined, extended, delta, context));
  }
  return added;
}

/** Defers each file of a package that is only recommended: it is packed if there is room. */
export function deferPackageData(host: Package, through: string, opener: string, delta: Selection, context: Context): void {
  const fork = delta.fork();
  const files = findPackageData(host, through, opener, fork, context);
  const links = [...fork.links.additions];
  for (const real of files) {
    const why = fork.files.get(real)!;
    const leading = links.filter(([link]) => context.root.real(link) === real);
    const add = (to: Selection) => {
      for (const [link, target] of leading) to.links.set(link, target);
      return addFound(real, why, to, context);
    };
    // planning a layer with thousands of groups takes minutes, so a tight layer gets one group for each directory
    const group = delta.requested.isTight ? `${path.posix.dirname(real)} of ${host.name}` : real;
    delta.defer({ path: real, need: 'recommended', group, why, program: opener, add });
  }
  for (const candidate of fork.takeDeferred()) delta.defer(candidate);
}

/**
 * Adds a path in a package's directory. The contents of files are not read. If the path is a directory, files and directories below it that
 * are needed less than the directory itself are deferred.
 */
function addInside(at: string, need: Need, grounds: Grounds | undefined, extended: Extended, delta: Selection, context: Context): string[] {
  const { host, through, opener } = extended;
  const why: Why = { reason: `in a directory of package ${host.name}`, through, rule: grounds?.rule };
  const accept = (child: string) => {
    if (isNonRuntime(child) || isForLinking(child)) return undefined;
    const found = groundsInDirectoryOf(child, host, delta.requested, context);
    if (found && found.need !== 'needed') deferLinkedDirectory(child, found.need, extended, delta, context);
    if (found === undefined || found.need === 'needed' || isOfSeveral(child, context)) return found;
    if (isAsNecessary(found.need, found.owner, need, grounds?.owner)) return found;
    const group = found.owner?.name ?? child;
    const add = (fork: Selection) => addInside(child, found.need, found, extended, fork, context);
    delta.defer({ path: child, need: found.need, group, why: { ...why, rule: found.rule }, program: opener, add });
    return undefined;
  };
  return addFound(at, why, delta, context, accept);
}

/**
 * Defers the directory that a link of a package leads to, if a direct dependency of the package owns that directory. For example, two
 * versions of a module may share their data.
 */
function deferLinkedDirectory(link: string, need: Candidate['need'], extended: Extended, delta: Selection, context: Context): void {
  const { through, opener } = extended;
  const { root, packages } = context;
  const target = root.real(link);
  if (target === undefined || target === link || !root.isDirectory(target) || isStandardDirectory(target)) return;
  const [owner, other] = [packages.ownerOf(link), packages.ownerOf(target)];
  if (owner === undefined || other === undefined || owner === other || !owner.depends.includes(other.name)) return;
  const grounds = { rule: `of ${other.name}, a dependency of ${owner.name}` };
  const why = { reason: `in a directory that a link of package ${owner.name} leads to`, through, ...grounds };
  const accept = (child: string) => (
    !isNonRuntime(child) && !isForLinking(child) && packages.ownerOf(child) === other ? grounds : undefined);
  delta.defer({ path: link, need, group: other.name, why, program: opener, add: (fork) => addFound(link, why, fork, context, accept) });
}
