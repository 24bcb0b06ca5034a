import { find, Packaged, programWith } from './packaged';

describe('modules that code of a packaged script imports', () => {
  const DIRECTORY = '/usr/lib/lang3/packages';

  test('are in a notice if they are of a package that the script\'s package only suggests', () => {
    const root = new Packaged();
    root.install('lang3', { '/usr/bin/lang3': programWith(), [`${DIRECTORY}/standard.py`]: '\n' });
    for (const name of ['near', 'optional', 'other']) {
      root.install(`lang3-${name}`, { [`${DIRECTORY}/${name}.py`]: '\n' }, { Depends: 'lang3' });
    }
    root.install('rig', {
      '/usr/bin/rig': '#!/usr/bin/lang3\nimport rigs\n',
      [`${DIRECTORY}/rigs/fetch.py`]: 'import near, standard, unknown\nfrom optional.part import a\nimport other\n',
    }, { Depends: 'lang3, lang3-near', Suggests: 'lang3-optional, lang3-near' });
    const { data, notices } = find(root);
    expect(data).toContain(`${DIRECTORY}/near.py`);
    expect(data).not.toContain(`${DIRECTORY}/optional.py`);
    expect(notices).toEqual([
      '/usr/bin/rig may import modules that are not packed, of packages that its own package only suggests: optional; if the script ' +
        'needs one, list its files in include',
    ]);
  });
});
