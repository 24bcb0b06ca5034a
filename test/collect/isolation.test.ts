/**
 * Interpreters of this machine, packed with nothing said, on a host that has nothing but modules of its own at the usual
 * places: whichever of them is read ends the process.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import { planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { Fixture } from '../fixture';
import { lambda, written } from '../plan/make';
import { request } from '../plan/request';

const TRIPLET = 'x86_64-linux-gnu';
/** The exit code of a process that loads a hostile module. */
const HOSTILE = 99;

function layerOf(binary: string): Promise<string> {
  return written(planLayer(new DirectoryRoot('/'), request(binary, { detectData: true })));
}

/** The exit code of this machine's own program if the directories are the host's. */
function ofTheMachine(command: readonly string[], host: Fixture, directories: readonly string[]): number | null {
  const over = directories.flatMap((directory) => ['--ro-bind', host.locate(directory), directory]);
  return spawnSync('bwrap', ['--ro-bind', '/', '/', ...over, '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', ...command]).status;
}

/** The lines that the program prints. */
function run(opt: string, command: readonly string[], host: Fixture): string[] {
  const { status, stdout, stderr } = lambda(opt, command, host);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trimEnd().split('\n');
}

const notOfTheLayer = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('/opt/'));

describe('Ruby', () => {
  const host = new Fixture();
  let opt: string;
  let version: string;

  beforeAll(async () => {
    version = fs.readdirSync('/usr/lib/ruby').find((name) => /^\d/.test(name))!;
    const modules = ['/usr/local/lib/site_ruby', '/usr/lib/ruby/vendor_ruby', '/usr/lib/ruby'].flatMap((directory) => [
      directory,
      `${directory}/${version}`,
    ]);
    const compiled = [
      `/usr/local/lib/${TRIPLET}/site_ruby`,
      `/usr/lib/${TRIPLET}/ruby/vendor_ruby/${version}`,
      `/usr/lib/${TRIPLET}/ruby/${version}`,
    ];
    const gems = [
      `/var/lib/gems/${version}`,
      `/usr/local/lib/ruby/gems/${version}`,
      `/usr/lib/ruby/gems/${version}`,
      `/usr/lib/${TRIPLET}/ruby/gems/${version}`,
      `/usr/share/rubygems-integration/${version}`,
      '/usr/share/rubygems-integration/all',
      `/usr/lib/${TRIPLET}/rubygems-integration/${version}`,
    ];
    for (const directory of [...modules, ...compiled]) {
      for (const name of ['json', 'set', 'openssl', 'rubygems', 'rbconfig', 'did_you_mean', 'hostile']) {
        host.write({ [`${directory}/${name}.rb`]: `exit! ${HOSTILE}` });
      }
      for (const name of ['stringio', 'openssl', 'enc/encdb']) host.write({ [`${directory}/${name}.so`]: 'no library' });
    }
    for (const directory of gems) {
      for (const kind of ['', 'default/']) host.write({ [`${directory}/specifications/${kind}json-99.0.gemspec`]: `exit! ${HOSTILE}` });
      host.write({ [`${directory}/gems/json-99.0/lib/json.rb`]: `exit! ${HOSTILE}` });
    }
    opt = await layerOf('ruby');
  });

  test('on the host reads the hostile modules and ends', () => {
    expect(ofTheMachine(['ruby', '-e', '1'], host, ['/usr/lib/ruby'])).toBe(HOSTILE);
    expect(ofTheMachine(['ruby', '-e', 'gem "json"'], host, ['/var/lib/gems'])).toBe(HOSTILE);
  });

  test('in a layer loads its modules from there, compiled modules and gems included', () => {
    const script =
      'gem "json"; require "json"; require "set"; require "openssl"; require "stringio"; require "minitest"; puts ' +
      '$LOADED_FEATURES.grep(/^\\//)';
    const loaded = run(opt, ['ruby', '-e', script], host);
    expect(notOfTheLayer(loaded)).toEqual([]);
    for (const name of ['json.rb', 'set.rb', 'openssl.so', 'stringio.so', 'minitest.rb']) {
      expect(loaded.some((file) => file.endsWith(`/${name}`))).toBe(true);
    }
  });

  test('in a layer searches for modules and gems only there and in the user\'s own directory', () => {
    expect(
      notOfTheLayer(
        run(opt, ['ruby', '-e', 'puts $LOAD_PATH, Gem.path - [Gem.user_dir], Gem.default_dir, Gem.default_specifications_dir'], host),
      ),
    ).toEqual([]);
    expect(run(opt, ['ruby', '-e', 'begin; require "hostile"; rescue LoadError; puts "none"; end'], host)).toEqual(['none']);
  });
});

describe('PHP', () => {
  const host = new Fixture();
  let opt: string;

  beforeAll(async () => {
    const [version] = fs.readdirSync('/etc/php');
    const [api] = fs.readdirSync('/usr/lib/php').filter((name) => /^\d{8}$/.test(name));
    for (const directory of ['/usr/share/php', '/usr/local/share/php', '/usr/local/lib/php', '/etc/php']) {
      host.write({ [`${directory}/hostile.php`]: `<?php exit(${HOSTILE});` });
    }
    const hostile = `auto_prepend_file=/etc/php/hostile.php\nextension_dir=/usr/lib/php/${api}\n`;
    for (const file of ['cli/php.ini', 'cli/conf.d/00-hostile.ini', 'cli/conf.d/99-hostile.ini', 'mods-available/json.ini']) {
      host.write({ [`/etc/php/${version}/${file}`]: hostile });
    }
    for (const directory of ['/etc', '/usr/local/etc', '/usr/local/lib', '/usr/bin', '/opt']) {
      host.write({ [`${directory}/php.ini`]: hostile, [`${directory}/php-cli.ini`]: hostile });
    }
    for (const file of fs.readdirSync(`/usr/lib/php/${api}`)) host.write({ [`/usr/lib/php/${api}/${file}`]: 'no library' });
    opt = await layerOf('php');
  });

  test('on the host reads the hostile configuration and ends', () => {
    expect(ofTheMachine(['sh', '-c', 'echo one > /tmp/one.php && php /tmp/one.php'], host, ['/etc/php'])).toBe(HOSTILE);
  });

  test('in a layer reads its configuration from there', () => {
    host.write({ '/var/task/one.php': 'one' });
    expect(run(opt, ['php', '/var/task/one.php'], host)).toEqual(['one']);
    const lines = run(opt, ['php', '--ini'], host)
      .flatMap((line) => line.replace(/^[^/]*:/, '').split(','))
      .map((line) => line.trim())
      .filter((line) => line !== '');
    expect(notOfTheLayer(lines)).toEqual([]);
    expect(lines.filter((line) => line.endsWith('.ini')).length).toBeGreaterThan(10);
  });

  test('in a layer loads its extensions from there, and searches for scripts nowhere else', () => {
    const script =
      'echo (new ReflectionExtension("tokenizer"))->getVersion(), "\\n"; echo implode("\\n", array_unique(preg_replace("/.* /", "", ' +
      'preg_grep("/\\.so/", file("/proc/self/maps"))))); echo ini_get("extension_dir"), "\\n", str_replace(".:", "", ' +
      'get_include_path());';
    const [version, ...files] = run(opt, ['php', '-r', script], host).filter((line) => line !== '');
    expect(version).toMatch(/^\d+\.\d+/);
    expect(notOfTheLayer(files)).toEqual([]);
    expect(files.some((file) => file.endsWith('/tokenizer.so'))).toBe(true);
    expect(run(opt, ['php', '-r', 'echo stream_resolve_include_path("hostile.php") === false ? "none" : "found";'], host)).toEqual([
      'none',
    ]);
  });
});
