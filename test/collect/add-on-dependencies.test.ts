import { find, Packaged, programWith } from './packaged';

/** A synthesizer with a voice as an add-on, which needs a dictionary; the dictionary needs letters. */
function synthesizer(dictionary = '/usr/share/rig/dicts/words'): readonly string[] {
  const root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/init': 'voices' });
  root.install('rig-voice', { '/usr/share/rig/voices/kal': 'a voice' }, { Depends: 'rig, lexicon' });
  root.install('lexicon', { [dictionary]: 'words' }, { Depends: 'letters' });
  root.install('letters', { '/usr/share/rig/dicts/letters': 'abc' });
  return find(root).data;
}

test('data of an add-on\'s direct and indirect dependencies is packed from the directories of the requested package', () => {
  expect(synthesizer()).toEqual(
    expect.arrayContaining(['/usr/share/rig/voices/kal', '/usr/share/rig/dicts/words', '/usr/share/rig/dicts/letters']),
  );
});

test('data of an add-on\'s dependencies is not packed from other directories', () => {
  expect(synthesizer('/usr/share/lexicon/words')).not.toContain('/usr/share/lexicon/words');
});

test('data of a package\'s dependencies is not packed if the package has no files in directories of the requested one', () => {
  const root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith('/usr/share/words'), '/usr/share/rig/init': '' }, { Recommends: 'words' });
  root.install('words', { '/usr/share/words/list': 'words' }, { Depends: 'questions' });
  root.install('questions', { '/usr/share/rig/questions/first': '' });
  const { data } = find(root);
  expect(data).toContain('/usr/share/words/list');
  expect(data).not.toContain('/usr/share/rig/questions/first');
});

test('data of an add-on\'s dependency is packed although a package that is only recommended depends on it as well', () => {
  const root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith('/usr/bin/speak'), '/usr/share/rig/init': 'voices' }, { Recommends: 'speak' });
  root.install('speak', { '/usr/bin/speak': programWith() }, { Depends: 'lexicon' });
  root.install('rig-voice', { '/usr/share/rig/voices/kal': 'a voice' }, { Depends: 'rig, lexicon' });
  root.install('lexicon', { '/usr/share/rig/dicts/words': 'words' });
  expect(find(root).data).toContain('/usr/share/rig/dicts/words');
});

describe('a directory that a link of a package leads to', () => {
  const LINK = '/usr/lib/rig/words';
  const WORDS = { '/usr/share/rig-words/first': '', '/usr/share/rig-words/second': '' };

  test('is packed if it is of a dependency of a requested package', () => {
    const root = new Packaged();
    root.install('rig', { '/usr/bin/rig': programWith(), [LINK]: { link: '/usr/share/rig-words' } }, { Depends: 'words' });
    root.install('words', WORDS);
    expect(find(root).data).toEqual(expect.arrayContaining(Object.keys(WORDS)));
  });

  test('is packed if it is of a dependency of an add-on', () => {
    const root = new Packaged();
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/lib/rig/init': '' });
    root.install('rig-words', { [LINK]: { link: '/usr/share/rig-words' } }, { Depends: 'rig, words' }).install('words', WORDS);
    expect(find(root).data).toEqual(expect.arrayContaining(Object.keys(WORDS)));
  });

  test('is not packed if the package of the link does not depend on its package, or without files of other packages', () => {
    const root = new Packaged();
    const links = { [LINK]: { link: '/usr/share/rig-words' }, '/usr/lib/rig/more': { link: '/usr/share/more' } };
    root.install('rig', { '/usr/bin/rig': programWith(), ...links }, { Depends: 'more' });
    root.install('words', WORDS).install('more', { '/usr/share/more/one': '' });
    root.install('other', { '/usr/share/more/two': '' });
    expect(find(root).data.filter((file) => file.startsWith('/usr/share/'))).toEqual(['/usr/share/more/one']);
  });
});
