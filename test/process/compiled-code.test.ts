/**
 * Modules that are loaded with the code which an earlier process compiled. V8 does not use it in a test runner's context, so processes of
 * their own load them.
 */
import { spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { loadCompiled } from '../../lib/process/compiled-code';
import { temporaryDirectory } from '../fixture';

let directory: string;
let bundle: string;
beforeEach(() => {
  directory = temporaryDirectory();
  bundle = path.join(directory, 'module.js');
});

const kept = () => {
  const place = path.join(directory, 'cache/cdk-binary-layer/code');
  return fs.existsSync(place) ? fs.readdirSync(place).map((name) => path.join(place, name)) : [];
};

/** Prints what the function of the module returns. */
const program = `
  const { loadCompiled } = require(${JSON.stringify(path.resolve('build/process/compiled-code.js'))});
  process.stdout.write(String(loadCompiled(process.argv[1]).value()));`;

function command(...options: readonly string[]) {
  const env = { ...process.env, XDG_CACHE_HOME: path.join(directory, 'cache') };
  return [process.execPath, [...options, '-e', program, bundle], { encoding: 'utf8', env }] as const;
}

function load(...options: readonly string[]): string {
  const { stdout, stderr } = spawnSync(...command(...options));
  return stdout + stderr;
}

const returning = (value: string) => fs.writeFileSync(bundle, `exports.value = () => ${JSON.stringify(value)};`);

test('is not kept by a process that fails: it has not called the functions that a layer needs', () => {
  returning('value');
  const [file, [option, code, ...rest], options] = command();
  expect(spawnSync(file, [option, `${code}; process.exitCode = 1;`, ...rest], options).status).toBe(1);
  expect(kept()).toEqual([]);
  load();
  expect(kept()).toHaveLength(1);
});

describe('a module', () => {
  test('gets what Node.js gives to modules', () => {
    fs.writeFileSync(bundle, 'exports.value = () => [require("path").basename(__filename), __dirname, this === module.exports];');
    expect(load()).toBe(`module.js,${directory},true`);
    expect(load()).toBe(`module.js,${directory},true`);
  });

  test('is compiled once: later processes use the kept code, which has the functions that were called', () => {
    returning('first');
    expect(load()).toBe('first');
    const [file] = kept();
    const { ino, size } = fs.statSync(file);
    expect(load()).toBe('first');
    expect(kept()).toEqual([file]);
    // a file that is written again is another one
    expect(fs.statSync(file)).toMatchObject({ ino, size });
    expect(fs.readFileSync(file, 'latin1')).toContain('value');
  });

  test('is compiled again after a change, even if its length and its time stay the same', () => {
    returning('first');
    load();
    const { mtime } = fs.statSync(bundle);
    returning('other');
    fs.utimesSync(bundle, mtime, mtime);
    expect(load()).toBe('other');
    expect(kept()).toHaveLength(2);
  });

  test('that throws an error throws it with its place', () => {
    fs.writeFileSync(bundle, 'exports.value = () => {\n  throw new Error("out of order");\n};');
    for (const run of [load(), load()]) expect(run).toMatch(/out of order\n\s+at \S+ \(.*module\.js:2:9\)/);
  });

  test('is loaded as usual in the context of a test runner', () => {
    fs.writeFileSync(bundle, 'exports.value = () => new Error("of this context");');
    expect((loadCompiled(bundle) as { value(): unknown }).value()).toBeInstanceOf(Error);
  });
});

describe('kept code', () => {
  const asRoot = process.geteuid?.() === 0 ? test : test.skip;

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['with another byte', (bytes) => Buffer.concat([bytes.subarray(0, -9), Buffer.from([bytes.at(-9)! ^ 1]), bytes.subarray(-8)])],
    ['of something else', () => Buffer.from('x'.repeat(5000))],
  ])('is replaced if the file is damaged: %s', (_, damage) => {
    returning('value');
    load();
    const [file] = kept();
    const before = fs.readFileSync(file);
    fs.writeFileSync(file, damage(before));
    expect(load()).toBe('value');
    expect(fs.readFileSync(file)).toHaveLength(before.length);
  });

  asRoot('of another user is not used', () => {
    returning('value');
    load();
    const [file] = kept();
    fs.chownSync(file, 12345, 12345);
    expect(load()).toBe('value');
    expect(fs.statSync(file).uid).toBe(0);
  });

  test('that a Node.js with other flags made is replaced', () => {
    returning('value');
    load('--no-lazy');
    const [file] = kept();
    const { ino } = fs.statSync(file);
    expect(load('--stack-size=500')).toBe('value');
    expect(fs.statSync(file).ino).not.toBe(ino);
  });

  test('is that of the eight modules that were used last', () => {
    const files: string[] = [];
    for (const number of [1, 2, 3, 4, 5, 6, 7, 8]) {
      returning(`value ${number}`);
      load();
      files.push(kept().find((file) => !files.includes(file))!);
      fs.utimesSync(files.at(-1)!, number, number);
    }
    returning('value 1');
    load();
    returning('value 9');
    load();
    expect(files.filter((file) => !fs.existsSync(file))).toEqual([files[1]]);
    expect(kept()).toHaveLength(8);
  });

  test('may be written by several processes at once', async () => {
    returning('value');
    const [file, args, options] = command();
    const runs = Array.from({ length: 4 }, async () => {
      const child = spawn(file, args, { env: options.env });
      let text = '';
      child.stdout.on('data', (part: Buffer) => (text += part.toString()));
      await new Promise((resolve) => child.once('close', resolve));
      return text;
    });
    expect(await Promise.all(runs)).toEqual(['value', 'value', 'value', 'value']);
    expect(kept()).toHaveLength(1);
    expect(load()).toBe('value');
  });

  test('is not needed: without a cache that can be written, each process compiles the module', () => {
    fs.writeFileSync(path.join(directory, 'cache'), 'a file');
    returning('value');
    expect(load()).toBe('value');
    expect(load()).toBe('value');
  });
});
