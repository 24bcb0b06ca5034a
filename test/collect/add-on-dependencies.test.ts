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
