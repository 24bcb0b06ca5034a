import * as fs from 'fs';
import { find, Packaged, programWith } from './packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
  root.install('lang', { '/usr/bin/lang': programWith() });
});

/**
 * Writes files below /work/project, a source tree whose script is `bin/tool`.
 *
 * @returns the files of the layer, without the script
 */
function packed(code: string, files: Readonly<Record<string, string>>, script = '/work/project/bin/tool') {
  const project = Object.fromEntries(Object.entries(files).map(([name, text]) => [`/work/project/${name}`, text]));
  root.write({ [script]: `#!/usr/bin/lang\n${code}\n`, '/work/project/package.json': '{}', ...project });
  fs.chmodSync(root.locate(script), 0o755);
  const { data, notices } = find(root, script);
  const places = data.filter((place) => !place.startsWith('/usr/') && !/\/bin\/(?:\.start-)?tool$/.test(place));
  return { files: places.map((place) => place.replace(/^\/app\/(?:project\/)?|^\/work\/project\//, '')), notices };
}

describe('what a script in a source tree names by a path relative to its own file is packed', () => {
  test.each([
    ['PHP', "require __DIR__ . '/../lib/data.txt';"],
    ['PHP, from the directory above', "read(dirname(__DIR__) . '/lib/data.txt');"],
    ['PHP, from the file', "read(dirname(__FILE__) . '/../lib/data.txt');"],
    ['Ruby', "File.read(File.join(__dir__, '..', 'lib', 'data.txt'))"],
    ['Ruby, from the file', "File.read(File.expand_path('../../lib/data.txt', __FILE__))"],
    ['Ruby, in a string', 'File.read("#{__dir__}/../lib/data.txt")'],
    ['JavaScript', "readFileSync(path.join(__dirname, '..', 'lib', 'data.txt'))"],
    ['JavaScript, in a template', 'readFileSync(`${__dirname}/../lib/data.txt`)'],
    ['JavaScript, in an ES module', "readFileSync(new URL('../lib/data.txt', import.meta.url))"],
    ['Python', "open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib', 'data.txt'))"],
    ['Python, with pathlib', "(Path(__file__).resolve().parent.parent / 'lib' / 'data.txt').read_text()"],
  ])('in %s', (_, code) => {
    expect(packed(code, { 'lib/data.txt': 'd\n', 'lib/other.txt': 'o\n' }).files).toEqual(['lib/data.txt']);
  });

  test.each([
    ['Ruby', "require_relative '../lib/rig'", 'lib/rig.rb'],
    ['JavaScript', "const rig = require('../lib/rig');", 'lib/rig.js'],
    ['JavaScript, in a directory', "const rig = require('../lib/rig');", 'lib/rig/index.js'],
    ['JavaScript, in an ES module', "import rig from '../lib/rig.mjs';", 'lib/rig.mjs'],
    ['Python, beside the script', 'import rig', 'bin/rig.py'],
  ])('if it is a module: %s', (_, code, file) => {
    expect(packed(code, { [file]: 'r\n', 'lib/other.rb': 'o\n' }).files).toEqual([file]);
  });

  test('with the files that its modules name in the same way', () => {
    const rig = "require_relative 'more'\nREAD = \"#{__dir__}/../templates/t.erb\"\n";
    const files = { 'lib/rig.rb': rig, 'lib/more.rb': 'm\n', 'templates/t.erb': 't\n' };
    expect(packed("require_relative '../lib/rig'", files).files).toEqual(['lib/more.rb', 'lib/rig.rb', 'templates/t.erb']);
  });

  test('with everything in a directory, except for what may hold credentials', () => {
    const files = { 'templates/a.html': 'a\n', 'templates/part/b.html': 'b\n', 'templates/.env': 'TOKEN=x\n' };
    expect(packed("path.join(__dirname, '../templates')", files).files).toEqual(['templates/a.html', 'templates/part/b.html']);
  });

  test('and a package of Python beside it as a whole', () => {
    const files = { 'bin/rig/__init__.py': '\n', 'bin/rig/data.json': '{}\n' };
    expect(packed('from rig.x import y', files).files).toEqual(['bin/rig/__init__.py', 'bin/rig/data.json']);
  });
});

describe('a path relative to a script is not packed', () => {
  test('if the script is in it: that is the whole project', () => {
    expect(packed("path.join(__dirname, '..')", { 'lib/data.txt': 'd\n' }).files).toEqual([]);
  });

  test('if it leads out of everything that may belong to the script', () => {
    root.write({ '/home/me/notes.txt': 'n\n', '/srv/notes.txt': 'n\n' });
    expect(packed("path.join(__dirname, '../../../home/me/notes.txt'); require('../../../srv/notes.txt')", {}).files).toEqual([]);
  });

  test('if it is another project', () => {
    expect(packed("path.join(__dirname, '../other')", { 'other/Cargo.toml': '', 'other/x.txt': 'x\n' }).files).toEqual([]);
  });

  test('if it exceeds the size budget, which a notice states', () => {
    root.write({ '/work/project/large/x.bin': 'x' });
    fs.truncateSync(root.locate('/work/project/large/x.bin'), 65 * 1024 * 1024);
    const { files, notices } = packed("path.join(__dirname, '../large')", {});
    expect(files).toEqual([]);
    expect(notices).toContainEqual(
      '/work/project/large, which /work/project/bin/tool names, is not packed: it would add 68 MB; name it in include if the ' +
        'program needs it',
    );
  });
});
