/**
 * Every reader of foreign files, with its limits: it returns a value or throws one of its own errors, reads each byte a bounded number
 * of times, and returns no more than the file can contain.
 */
import * as fs from 'fs';
import * as path from 'path';
import { CountedBytes, edit, stubbed } from './elf';
import type { Seed } from './mutate';
import * as seeds from './seeds';
import * as texts from './text-seeds';
import { interpreterOf, readShebang } from '../../lib/closure/script';
import { startedIn } from '../../lib/collect/commands/command-words';
import { openedLibraries } from '../../lib/collect/programs/dlopen-note';
import { addressOf, findReferences, FormatError, identify, readElf, stringsOf } from '../../lib/elf';
import { licencesIn, spdxOf } from '../../lib/inspect/copyright';
import { LimitError } from '../../lib/limits';
import { readCache } from '../../lib/loader/ld-so-cache';
import { configuredDirectories } from '../../lib/loader/ld-so-conf';
import { settingOf } from '../../lib/loader/setting';
import { apkDatabase } from '../../lib/packages/apk';
import { alternativesIn, paragraphs } from '../../lib/packages/deb822';
import { dpkgDatabase } from '../../lib/packages/dpkg';
import { ownersOf } from '../../lib/packages/owners';
import type { PackageDatabase } from '../../lib/packages/package';
import { installedIn } from '../../lib/packages/rpm';
import { readRecord, RecordError } from '../../lib/plan/record';
import { inspect } from '../../lib/root/content';
import { DirectoryRoot } from '../../lib/root/directory-root';
import type { Root } from '../../lib/root/root';
import { unpack, UnpackError } from '../../lib/source/image/untar';
import { readTraceLog, TraceLogError } from '../../lib/trace/log';
import { ZipError } from '../../lib/zip/entry';
import { readZip } from '../../lib/zip/reader';

export interface Reader {
  readonly name: string;
  readonly seeds: readonly Seed[];
  /** the reader's own errors */
  readonly errors: readonly (new (...args: never[]) => Error)[];
  /** @param workplace an empty directory, emptied after each case by the caller if `writes` */
  read(bytes: Buffer, workplace: string): unknown;
  readonly writes?: true;
}

/** Writes one file of a root, and returns the root. */
function rootWith(workplace: string, file: string, bytes: Buffer): Root {
  const place = path.join(workplace, file);
  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.writeFileSync(place, bytes);
  return new DirectoryRoot(workplace);
}

/** Every query of a package database. */
function ask(packages: PackageDatabase | undefined): unknown {
  return ['rig', 'libc6', 'musl', '__proto__'].map((name) => {
    const found = packages?.get(name);
    if (!found || !packages) return found;
    const files = packages.files(found);
    return [
      found.depends,
      found.recommends,
      packages.builtFrom(found.source).length,
      files,
      packages.ownerOf('/usr/bin/rig')?.name,
      packages.isSole('/usr/bin'),
      packages.lists(found, '/usr/share/rig'),
    ];
  });
}

const DPKG_STATUS = 'Package: rig\nStatus: install ok installed\nArchitecture: amd64\n\n';

export const READERS: readonly Reader[] = [
  {
    name: 'ELF',
    seeds: seeds.ELF,
    errors: [FormatError],
    read: (bytes) => {
      identify(bytes);
      const elf = readElf(new CountedBytes(bytes));
      const loaded = readElf(new CountedBytes(bytes), false);
      return [
        elf,
        loaded,
        stringsOf(bytes, elf, 200),
        findReferences(bytes, elf, new Set([addressOf(elf, 0x200) ?? 0x400])),
        openedLibraries(elf),
      ];
    },
  },
  { name: 'ELF editor', seeds: seeds.ELF, errors: [FormatError], read: edit },
  { name: 'ELF symbols', seeds: [...seeds.STUB, ...seeds.ELF], errors: [FormatError], read: stubbed },
  {
    name: 'content of any file',
    seeds: [...seeds.ELF, ...texts.SCRIPT, ...seeds.ZIP],
    errors: [LimitError],
    read: (bytes) => {
      const content = inspect(bytes);
      return [content.mentions.map((mention) => mention.path.length), startedIn('/etc/rig.conf', content, (use) => use(bytes))];
    },
  },
  { name: 'ld.so.cache', seeds: seeds.LOADER_CACHE, errors: [LimitError], read: (bytes) => readCache(bytes, 0x303) },
  {
    name: 'ld.so.conf',
    seeds: texts.LOADER_CONFIGURATION,
    errors: [LimitError],
    read: (bytes, workplace) => {
      rootWith(workplace, '/etc/ld.so.conf.d/more/a.conf', bytes);
      return configuredDirectories(rootWith(workplace, '/etc/ld.so.conf', bytes));
    },
  },
  {
    name: 'ld.so.cache of a root',
    seeds: seeds.LOADER_CACHE,
    errors: [LimitError],
    read: (bytes, workplace) => settingOf(rootWith(workplace, '/etc/ld.so.cache', bytes), 'x86_64').cache,
  },
  {
    name: 'dpkg status',
    seeds: texts.DPKG_STATUS,
    errors: [LimitError],
    read: (bytes, workplace) => {
      rootWith(workplace, '/var/lib/dpkg/info/rig.list', Buffer.from('/usr\n/usr/bin\n/usr/bin/rig\n'));
      return ask(dpkgDatabase(rootWith(workplace, '/var/lib/dpkg/status', bytes), 'amd64'));
    },
  },
  {
    name: 'dpkg file list',
    seeds: texts.DPKG_LIST,
    errors: [LimitError],
    read: (bytes, workplace) => {
      rootWith(workplace, '/var/lib/dpkg/status', Buffer.from(DPKG_STATUS));
      const root = rootWith(workplace, '/var/lib/dpkg/info/rig.list', bytes);
      return [ask(dpkgDatabase(root, 'amd64')), ownersOf(root, ['/usr/bin/rig', '/lib/x/librig.so.1'])];
    },
  },
  {
    name: 'apk',
    seeds: texts.APK,
    errors: [LimitError],
    read: (bytes, workplace) => ask(apkDatabase(rootWith(workplace, '/lib/apk/db/installed', bytes))),
  },
  { name: 'rpm', seeds: texts.RPM, errors: [LimitError], read: (bytes) => installedIn(bytes.toString('utf8'), 'x86_64', 'rpmdb') },
  { name: 'strace log', seeds: texts.STRACE, errors: [TraceLogError], read: (bytes) => readTraceLog(bytes.toString('utf8'), '/work') },
  {
    name: 'zip',
    seeds: seeds.ZIP,
    errors: [ZipError],
    read: (bytes, workplace) => {
      const file = path.join(workplace, 'layer.zip');
      fs.writeFileSync(file, bytes);
      return readZip(file).map(({ name }) => name);
    },
  },
  {
    name: 'tar',
    seeds: seeds.TAR,
    errors: [UnpackError],
    writes: true,
    read: async (bytes, workplace) => {
      await unpack(
        (async function* chunks() {
          for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
        })(),
        workplace,
      );
    },
  },
  {
    name: 'copyright',
    seeds: texts.COPYRIGHT,
    errors: [],
    read: (bytes) => licencesIn(bytes.toString('utf8'))?.map((name) => spdxOf(name)),
  },
  {
    name: 'control file of a deb',
    seeds: texts.CONTROL,
    errors: [],
    read: (bytes) => [...paragraphs(bytes.toString('utf8'))].map((fields) => [...fields.values()].map(alternativesIn)),
  },
  {
    name: 'script',
    seeds: texts.SCRIPT,
    errors: [LimitError],
    read: (bytes) => {
      const shebang = readShebang(bytes);
      return [shebang && interpreterOf(shebang), startedIn('/usr/bin/rig', inspect(bytes), (use) => use(bytes))];
    },
  },
  { name: 'record of a layer', seeds: texts.RECORD, errors: [RecordError], read: (bytes) => readRecord(bytes.toString('utf8')) },
];
