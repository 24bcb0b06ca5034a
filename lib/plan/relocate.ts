/**
 * Relocation: turns the selected files of a source into a plan in which programs run from their places in the layer.
 *
 * The kernel finds the loader by PT_INTERP, the loader finds libraries by DT_RPATH, and programs find their data by path aliases:
 * see alias.ts.
 */
import * as path from 'path';
import { deflateRawSync } from 'zlib';
import { archivePaths } from './edits/archive-paths';
import { commandsFirst } from './edits/commands-first';
import { MUSL_LOADER, MUSL_PATH_FILE } from './edits/confine-musl';
import { withLocaleArchive } from './edits/locale-archive';
import { overwrittenTexts } from './edits/overwritten-texts';
import { replacePaths, type Replacements } from './edits/replace';
import { FileReplacer } from './edits/replace-in-file';
import { Rpaths } from './edits/rpath';
import { needsStarter, starter, starterOf } from './edits/starter';
import { Places } from './layout/place';
import { type Edits, type Entry, fingerprintOf, generatedEntry, KEY, keyOf, type Plan, rootOf } from './layout/plan';
import { recordOf } from './record';
import { withCompressedFiles, withLaunchers } from './size/compress';
import { linkDuplicates } from './size/duplicates';
import type { Process } from '../closure/closure';
import type { Program } from '../closure/find';
import type { Collected } from '../collect/collect';
import { isDocumentation } from '../collect/kinds/non-runtime';
import { systemDirectories } from '../loader/musl';
import type { LoaderRules, Setting } from '../loader/search';
import type { PackageDatabase } from '../packages/package';
import { isChangeable } from '../root/content';
import { type LayerPath, layerPath, type RootPath } from '../root/paths';
import { sourceOfBytecode } from '../root/python-bytecode';
import type { Root } from '../root/root';

export interface RelocateOptions {
  readonly root: Root;
  readonly setting: Setting;
  readonly packages: PackageDatabase;
  /** whether large files may be stored compressed */
  readonly compress: boolean;
  /** the working directory, on this machine */
  readonly project: string;
  /** resolved paths that the user listed */
  readonly included: readonly RootPath[];
  /** whether files with the same content become links to one of them, and a locale becomes an archive */
  readonly linksDuplicates: boolean;
}

export interface Relocated {
  readonly plan: Plan;
  /** packed path → why the files that mention it do not find it */
  readonly unreplaced: ReadonlyMap<string, string>;
}

/** @param programs name in `/opt/bin` → program */
export function relocate(programs: ReadonlyMap<string, Program>, collected: Collected, options: RelocateOptions): Relocated {
  const relocation = new Relocation(programs, collected, options);
  return { plan: relocation.plan(), unreplaced: relocation.replacements.unreplaced };
}

/** The loader that a program names, by its C library. */
const LOADERS = { glibc: `${rootOf(KEY)}/ld.so`, musl: `${rootOf(KEY)}/${MUSL_LOADER}` };

class Relocation {
  private readonly places: Places;
  /** resolved paths of everything in the layer, and of the directories above */
  private readonly packed = new Set<RootPath>(['/']);
  public readonly replacements: Replacements;
  private readonly rpaths: Rpaths;
  /** for each C library, the first process with a loader: the layer's programs for that C library all get this loader */
  private readonly started: { readonly [libc in LoaderRules['libc']]?: Process };
  /** resolved path → program or command that is a script */
  private readonly scripts: ReadonlyMap<RootPath, Program>;

  constructor(
    private readonly programs: ReadonlyMap<string, Program>,
    private readonly collected: Collected,
    private readonly options: RelocateOptions,
  ) {
    const { selection, processes } = collected;
    const { root, setting, packages, project } = options;
    const programsAndCommands = [...programs.values(), ...collected.commands.values()];
    this.scripts = new Map(programsAndCommands.filter(({ interpreter }) => interpreter).map((script) => [script.real, script]));
    const libraries = [...processes.values()].flatMap(({ objects }) => objects.filter((object) => object.loader));
    const interpreters = [...this.scripts.values()].map((script) => script.interpreter!.program);
    this.places = new Places({
      together: [...[...processes.values()].map(({ objects }) => objects), ...[...programs.values()].map((program) => [program])]
        .map((group) => group.map(({ real }) => real)),
      directories: selection.directories,
      others: [
        ...selection.files.keys(),
        ...selection.generated.keys(),
        ...[...libraries, ...interpreters].flatMap((file) => this.directoryOf(file.path) ?? []),
      ],
    }, project);
    for (const real of [...selection.files.keys(), ...selection.links.keys(), ...selection.directories, ...selection.generated.keys()]) {
      // stops above the user's own files: a project in /var/lib does not put /var/lib itself into the layer
      const isParent = (at: RootPath) => this.places.isOwn(at) === this.places.isOwn(real);
      for (let at: RootPath = real; !this.packed.has(at) && isParent(at); at = path.posix.dirname(at)) this.packed.add(at);
    }
    // documentation is for people, so its paths stay; a script that carries data must not change
    const changeable = [...selection.files.keys()].filter((real) => !isDocumentation(real) && isChangeable(root.content(real)));
    this.replacements = replacePaths(changeable, new FileReplacer(root, this.packed, this.places, collected, packages));
    const startedBy = (libc: LoaderRules['libc']) => (
      [...processes.values()].find(({ interpreter, rules }) => interpreter && rules.libc === libc));
    this.started = { glibc: startedBy('glibc'), musl: startedBy('musl') };
    this.rpaths = new Rpaths(root, setting, this.places, this.packed, processes.values());
  }

  public plan(): Plan {
    const { selection } = this.collected;
    const { root, compress, linksDuplicates } = this.options;
    const entries = [...selection.files.keys()].map((real) => this.file(real));
    entries.push(...[...selection.links].flatMap(([link, target]) => this.link(link, target) ?? []));
    const parents = new Set([...this.packed].map((real) => path.posix.dirname(real)));
    for (const directory of selection.directories) {
      if (!parents.has(directory)) entries.push({ kind: 'directory', path: this.places.of(directory) });
    }
    for (const [file, content] of selection.generated) {
      entries.push(generatedEntry(this.places.of(file), content, (at) => this.inLayer(at)));
    }
    const { glibc, musl } = this.started;
    if (musl) entries.push(...this.muslEntries(musl));
    const files = (linksDuplicates ? withLocaleArchive(entries, this.options) : entries).sort((a, b) => (a.path < b.path ? -1 : 1));
    const unique = linksDuplicates ? linkDuplicates(files, (real) => root.content(real)) : files;
    const stored = compress ? withCompressedFiles(unique, [glibc, musl].map((process) => process?.interpreter?.real), root) : unique;
    const all = [...stored, recordOf(files, stored, this.options), ...this.starters()].sort((a, b) => (a.path < b.path ? -1 : 1));
    const startable = { entries: all, programs: this.named(this.programs), commands: this.named(this.collected.commands) };
    const plan = {
      ...withLaunchers(startable, this.options.setting.machine),
      aliases: this.replacements.aliases,
      loader: glibc && this.places.of(glibc.interpreter!.real),
    };
    const fingerprint = fingerprintOf(plan);
    return { fingerprint, key: keyOf(fingerprint), root: root.location, ...plan };
  }

  private named(programs: ReadonlyMap<string, Program>): Record<string, string> {
    return Object.fromEntries([...programs].map(([name, program]) => [name, this.startedAt(program)]));
  }

  /** The place of the file that starts a program: its starter if it has one, or else the program itself. */
  private startedAt(program: Program): LayerPath {
    return (needsStarter(program, this.options.root) ? starterOf : layerPath)(this.places.of(program.real));
  }

  private starters(): Entry[] {
    const all = [...this.programs.values(), ...this.collected.commands.values()].filter((one) => needsStarter(one, this.options.root));
    return [...new Map(all.map((program) => [program.real, program])).values()].map(({ real, interpreter }) => {
      const place = this.places.of(real);
      return starter(place, this.interpreterPath(interpreter!.program), interpreter!.argument, rootOf(KEY) + place);
    });
  }

  /** The link by which musl's loader is started, and the file with its default directories. */
  private muslEntries({ program, interpreter }: Process): Entry[] {
    const { root, setting } = this.options;
    const listed = systemDirectories(program.elf.interpreter, setting).filter((directory) => directory.startsWith('/'));
    const directories = listed.flatMap((directory) => root.real(directory) ?? []).filter((real) => this.isPlaced(real));
    return [
      { kind: 'link', path: layerPath(`/${MUSL_LOADER}`), target: this.places.of(interpreter!.real).slice(1) },
      {
        kind: 'text',
        path: layerPath(MUSL_PATH_FILE),
        text: `${[...new Set(directories)].map((directory) => this.inLayer(directory)).join(':')}\n`,
      },
    ];
  }

  private file(real: RootPath): Entry {
    const { root } = this.options;
    const content = root.content(real);
    // a shell also runs text without `#!`. World-writable text is not taken for a script: some file systems have mode 0777 for every file
    const executable = content.kind === 'text' ? (root.status(real)!.mode & 0o113) === 0o111 : content.kind !== 'data';
    const stub = root.replacement(real);
    return {
      kind: 'file',
      path: this.places.of(real),
      real,
      stamp: root.stamp(real),
      sha256: content.sha256,
      size: content.size,
      mode: executable ? 0o755 : 0o644,
      edits: this.edits(real),
      why: this.collected.selection.files.get(real)!,
      ...(stub && { stub: deflateRawSync(stub).toString('base64') }),
    };
  }

  /** A link leads to the place of its target: an absolute link by an absolute path, a relative one by a relative path. */
  private link(link: string, target: string): Entry | undefined {
    const real = this.options.root.real(link);
    const directory = path.posix.dirname(link);
    // left out: links in `/`, such as `/lib`, because paths in the layer are resolved; and links in directories that have no place
    if (real === undefined || directory === '/' || !this.places.has(directory)) return undefined;
    const parent = this.places.of(directory);
    const absolute = target.startsWith('/') ? target : path.posix.join(directory, target);
    // a link that leads to another link leads to that link in the layer, too
    const nextDirectory = this.options.root.real(path.posix.dirname(absolute));
    const isPlaced = nextDirectory !== undefined && this.places.has(nextDirectory);
    const next = isPlaced ? path.posix.join(nextDirectory, path.posix.basename(absolute)) : real;
    if (!this.isPlaced(next)) return undefined;
    // an absolute link stays absolute: a program that reads it may know the link's directory by another name, where `..` leads elsewhere
    const inLayer = target.startsWith('/') ? this.inLayer(next) : path.posix.relative(parent, this.places.of(next));
    return { kind: 'link', path: layerPath(path.posix.join(parent, path.posix.basename(link))), target: inLayer };
  }

  private edits(real: RootPath): Edits | undefined {
    const content = this.options.root.content(real);
    if (!isChangeable(content)) return undefined;
    const { elf } = content;
    const process = this.collected.processes.get(real);
    const interpreter = process && elf?.interpreter !== undefined ? LOADERS[process.rules.libc] : undefined;
    const shebang = content.carriesData || content.kind !== 'script' ? undefined : this.shebang(real);
    const aliases = this.replacements.byFile.get(real) ?? [];
    const texts = overwrittenTexts(real, content, this.started.musl?.interpreter!.real, this.options.root);
    const inLayer = (file: RootPath) => (this.isPlaced(file) ? this.inLayer(file) : undefined);
    const paths = archivePaths(real, this.programs.values(), this.options, inLayer);
    const bytecode = sourceOfBytecode(real) !== undefined || undefined;
    const edits = { interpreter, ...(elf?.dynamic && this.rpaths.of(real, elf)), shebang, bytecode, ...paths, texts };
    return aliases.length === 0 && Object.values(edits).every((edit) => edit === undefined) ? undefined : { ...edits, aliases };
  }

  /** The first line of a program or command that is a script, with the interpreter's path in the layer, and the text to insert after it. */
  private shebang(real: RootPath): string | undefined {
    const script = this.scripts.get(real);
    if (!script) return undefined;
    const { program, argument } = script.interpreter!;
    const more = this.collected.starting.has(real) ? commandsFirst(real, this.options.root) : '';
    return `#!${this.interpreterPath(program)}${argument ? ` ${argument}` : ''}${more}`;
  }

  private interpreterPath(program: Program): string {
    return path.posix.join(this.inLayer(this.directoryOf(program.path)!), path.posix.basename(program.path));
  }

  /** The resolved directory of a path, whose last component may be a link. */
  private directoryOf(file: string): RootPath | undefined {
    return this.options.root.real(path.posix.dirname(file));
  }

  private isPlaced(real: RootPath): boolean {
    return this.packed.has(real) && this.places.has(real);
  }

  private inLayer(real: RootPath): string {
    return rootOf(KEY) + this.places.of(real);
  }
}
