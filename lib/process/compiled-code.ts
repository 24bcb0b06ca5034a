/**
 * Loads a bundle of this package with the code that V8 compiled for it in an earlier process. The cache keeps this code, because compiling
 * takes a fifth of the time in which a small layer is planned.
 *
 * `module.enableCompileCache` of Node.js 22 does the same for all modules of an app. This file does it for this package alone, and
 * also on Node.js 20.
 *
 * Format: the CRC-32 of the code, the code. V8 rejects code from another version of V8, or from V8 with other flags.
 */
import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { setImmediate } from 'timers';
import { runInThisContext, Script } from 'vm';
import { crc32 } from 'zlib';
import { cachedFile, keepNewest, makeCacheDirectory, markUsed, readCachedBytes } from './cache-directory';
import { writeWhole } from './whole-file';

/** The directory of the kept code, below the cache directory. */
export const COMPILED_CODE = 'code';

/**
 * Maximum number of kept files. There is a separate file for each version of Node.js, each version of this package, and each use (see
 * `loadCompiled`). The files that were used last are kept.
 */
const MOST_FILES = 8;
const CRC_BYTES = 4;
/** Node.js passes these to a CommonJS module. */
const PARAMETERS = 'exports, require, module, __filename, __dirname';

/**
 * Loads a CommonJS module.
 *
 * @param file its absolute path
 * @param use what it is loaded for, such as the name of a command. For each use, V8 compiles other functions, so each has code of its own
 * @default - the module has one use
 * @returns its exports
 */
export function loadCompiled(file: string, use = ''): unknown {
  const load = createRequire(file);
  // a test runner runs modules in a context of its own. A `Script` would run in the main context, where `Object` is another class, so load
  // the module without the cache
  if (runInThisContext('Object') !== Object) return load(file);
  const source = `(function (${PARAMETERS}) {${fs.readFileSync(file, 'utf8')}\n})`;
  let kept: string;
  let cachedData: Buffer | undefined;
  try {
    kept = placeOf(source, use);
    cachedData = readKept(kept);
  } catch {
    return load(file); // the cache directory cannot be made, so no code can be kept
  }
  const script = new Script(source, { filename: file, cachedData });
  const module = { exports: {} };
  script.runInThisContext().call(module.exports, module.exports, load, module, file, path.dirname(file));
  if (cachedData === undefined || script.cachedDataRejected) {
    setImmediate(() => {
      // V8 compiles a function when it is first called, so code that is stored after a layer was made includes what a layer needs
      if (!process.exitCode) keep(kept, script.createCachedData());
    });
  }
  return module.exports;
}

function readKept(kept: string): Buffer | undefined {
  const bytes = readCachedBytes(kept);
  if (bytes === undefined || bytes.length < CRC_BYTES) return undefined;
  const code = bytes.subarray(CRC_BYTES);
  if (bytes.readUInt32LE(0) !== crc32(code)) return undefined;
  markUsed(kept);
  return code;
}

function keep(kept: string, code: Buffer): void {
  const checksum = Buffer.alloc(CRC_BYTES);
  checksum.writeUInt32LE(crc32(code));
  try {
    makeCacheDirectory(path.dirname(kept));
    writeWhole(kept, [checksum, code]);
    keepNewest(path.dirname(kept), MOST_FILES);
  } catch {
    // the next process compiles it again
  }
}

/** The path of the kept code. The whole source is in the key, because V8 compares only the length of the source. */
function placeOf(source: string, use: string): string {
  return cachedFile(COMPILED_CODE, `${process.version} ${process.arch} ${use} ${source}`);
}
