import { SearchPaths, useInString } from '../../lib/root/search-path-variables';

const LIBRARIES = '/usr/lib/x86_64-linux-gnu';

/** The use of the last path in a text. */
function useOf(text: string, path = LIBRARIES) {
  const bytes = Buffer.from(text);
  return SearchPaths.of(bytes)?.useAt(bytes.lastIndexOf(path));
}

describe('a mention is in a search path that every process reads:', () => {
  test.each([
    ['shell', `LD_LIBRARY_PATH=${LIBRARIES}`],
    ['shell, exported', `export LD_LIBRARY_PATH=${LIBRARIES}:$LD_LIBRARY_PATH`],
    ['shell, in double quotes', `export LD_LIBRARY_PATH="${LIBRARIES}"`],
    ['shell, later in a list', `LD_LIBRARY_PATH="$LD_LIBRARY_PATH:/opt/x:${LIBRARIES}" ls`],
    ['shell, appended', `LD_LIBRARY_PATH+=:${LIBRARIES}`],
    ['shell, behind the variable', `exec env "LD_LIBRARY_PATH=$LD_LIBRARY_PATH:${LIBRARIES}" ls`],
    ['shell, as a default', `: \${LD_LIBRARY_PATH:=${LIBRARIES}}`],
    ['shell, as an alternative', `export LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:-${LIBRARIES}}"`],
    ['shell, on a continued line', `LD_LIBRARY_PATH=/opt/x:\\\n${LIBRARIES}`],
    ['shell, through a variable with a prefix', `: \${R_LD_LIBRARY_PATH=\${R_HOME}/lib:${LIBRARIES}}`],
    ['shell, through another variable', `libs=${LIBRARIES}\nexport LD_LIBRARY_PATH=$libs:$LD_LIBRARY_PATH`],
    ['shell, through two variables', `a=${LIBRARIES}\nb="$a"\nLD_LIBRARY_PATH=\${b} ls`],
    ['csh', `setenv LD_LIBRARY_PATH ${LIBRARIES}:\${LD_LIBRARY_PATH}`],
    ['fish', `set -gx LD_LIBRARY_PATH ${LIBRARIES} $LD_LIBRARY_PATH`],
    ['Tcl', `set env(LD_LIBRARY_PATH) "${LIBRARIES}"`],
    ['make', `export LD_LIBRARY_PATH ?= ${LIBRARIES}`],
    ['systemd', `Environment="LD_LIBRARY_PATH=${LIBRARIES}"`],
    ['configuration', `LD_PRELOAD = ${LIBRARIES}/libx.so`],
    ['YAML', `  LD_LIBRARY_PATH: ${LIBRARIES}`],
    ['JSON', `{"env": {"LD_LIBRARY_PATH": "${LIBRARIES}"}}`],
    ['Python', `os.environ['LD_LIBRARY_PATH'] = '${LIBRARIES}'`],
    ['Python, concatenated', `os.environ["LD_LIBRARY_PATH"] = "/opt/x" + ":" + "${LIBRARIES}"`],
    ['Python, through a variable', `libs = '${LIBRARIES}'\nos.environ['LD_LIBRARY_PATH'] = libs + ':' + old`],
    ['Python, as an argument', `os.environ.setdefault('LD_LIBRARY_PATH', '${LIBRARIES}')`],
    ['Python, by keyword', `run(['ls'], env=dict(os.environ, LD_LIBRARY_PATH='${LIBRARIES}'))`],
    ['Perl', `$ENV{LD_LIBRARY_PATH} = "${LIBRARIES}:$ENV{LD_LIBRARY_PATH}";`],
    ['Perl, with a quoted key', `local $ENV{'LD_LIBRARY_PATH'} = '${LIBRARIES}';`],
    ['Perl, appended', `$ENV{LD_LIBRARY_PATH} .= ":${LIBRARIES}";`],
    ['Ruby', `ENV['LD_LIBRARY_PATH'] = "${LIBRARIES}:#{ENV['LD_LIBRARY_PATH']}"`],
    ['PHP', `putenv('LD_LIBRARY_PATH=${LIBRARIES}');`],
    ['JavaScript', `process.env.LD_LIBRARY_PATH = '${LIBRARIES}';`],
    ['Lua', `posix.setenv("LD_LIBRARY_PATH", "${LIBRARIES}")`],
  ])('%s', (_, text) => {
    expect(useOf(text)).toBe('loader');
  });
});

test.each(['PATH', 'PYTHONPATH', 'PYTHONHOME', 'PERL5LIB', 'RUBYLIB', 'NODE_PATH', 'TCLLIBPATH', 'GCONV_PATH', 'LOCPATH', 'MY_PYTHONPATH'])(
  '%s is read by host programs of its kind', (name) => {
    expect(useOf(`export ${name}=/opt/x:${LIBRARIES}`)).toBe('others');
  });

describe('a mention is not in a search path:', () => {
  test.each([
    ['in a file without such a variable', `dir=${LIBRARIES}`],
    ['in another variable', `LD_LIBRARY_PATH=/x\nDATA_DIR=${LIBRARIES}`],
    ['in a variable whose name ends with PATH', `CHANNEL_PATH=${LIBRARIES}`],
    ['in a longer name', `RIG_FPATH=${LIBRARIES}`],
    ['as an argument of the command', `LD_LIBRARY_PATH=/x ls ${LIBRARIES}`],
    ['as an argument after a quoted value', `LD_LIBRARY_PATH="/x" ls ${LIBRARIES}`],
    ['in the next command', `LD_LIBRARY_PATH=/x; ls ${LIBRARIES}`],
    ['in the next pair of a dictionary', `{'LD_LIBRARY_PATH': '/x', 'other': '${LIBRARIES}'}`],
    ['through a variable that begins a longer path', `prefix=${LIBRARIES}\nLD_LIBRARY_PATH=$prefix/lib`],
    ['in a test of the variable', `[ -n "$LD_LIBRARY_PATH" ] && cd ${LIBRARIES}`],
  ])('%s', (_, text) => {
    expect(useOf(text)).toBeUndefined();
  });
});

test('a string of a binary that begins with the name of a variable is a search path', () => {
  const use = (text: string) => useInString(Buffer.from(text), text.indexOf(LIBRARIES));
  expect(use(`\0LD_LIBRARY_PATH=${LIBRARIES}\0`)).toBe('loader');
  expect(use(`\0PYTHONPATH=/opt/x:${LIBRARIES}\0`)).toBe('others');
  expect(use(`\0RIG_DATA=${LIBRARIES}\0`)).toBeUndefined();
  expect(use(`\0LD_LIBRARY_PATH=\0${LIBRARIES}\0`)).toBeUndefined();
  expect(use(LIBRARIES)).toBeUndefined();
});

test('a line without an end is analysed in linear time', () => {
  const text = `LD_LIBRARY_PATH=${'$PATH:='.repeat(200_000)}${LIBRARIES}`;
  expect(useOf(text)).toBe('others');
});
