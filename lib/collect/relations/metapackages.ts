/**
 * Metapackages: packages with dependencies and almost no files of their own. A package that depends on the metapackage
 * `default-jre-headless` needs the Java runtime that the metapackage depends on.
 */
import type { Package } from '../../packages/package';
import { isDocumentation } from '../kinds/non-runtime';
import { cacheByRoot } from '../selection/cache-by-root';
import type { Context } from '../selection/context';
import { dependenciesOf } from '../selection/requested-packages';

/** Maximum number of files and links of a metapackage, apart from documentation: it may have a link to the default version. */
const MOST_FILES = 1;

const metapackages = cacheByRoot<boolean>();

/** The packages with these names, and the direct dependencies of each metapackage among them. */
export function withinMetapackages(names: readonly string[], context: Context): readonly Package[] {
  const { packages } = context;
  const direct = names.map((name) => packages.get(name)).filter((one) => one !== undefined);
  return direct.flatMap((one) => {
    return isMetapackage(one, context) ? [one, ...dependenciesOf(one, packages)] : [one];
  });
}

function isMetapackage(owner: Package, { root, packageFiles }: Context): boolean {
  return metapackages(root, owner.name, () => {
    const data = packageFiles.data(owner).filter((file) => !isDocumentation(file));
    return data.length <= MOST_FILES && packageFiles.commands(owner).length === 0 && packageFiles.libraries(owner).size === 0;
  });
}
