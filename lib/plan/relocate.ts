/**
 * Relocation: from a selection of the source to a plan in which everything works from its place in the layer.
 *
 * The kernel finds the loader by PT_INTERP, the loader finds the libraries by DT_RPATH, and the program finds
 * its data by aliases; see alias.ts.
 */
import * as path from 'path';
import { confine, MUSL_LOADER, MUSL_PATH_FILE } from './confine-musl';
import { linkDuplicates } from './duplicates';
import { Places } from './place';
import { Edits, Entry, fingerprintOf, KEY, keyOf, Plan, rootOf } from './plan';
import { recordOf } from './record';
import { Rpaths } from './rpath';
import { Replacements } from './replace';
import { sharedMemoryIn } from './shared-memory';
import { starter, starterOf } from './starter';
import { Process } from '../closure/closure';
import { Program } from '../closure/find';
import { Collected } from '../collect/collect';
import { isDocumentation } from '../collect/non-runtime';
import { Elf, FormatError } from '../elf';
import { systemDirectories } from '../loader/musl';
import { LoaderRules, Setting } from '../loader/search';
import { PackageDatabase } from '../packages/package';
import { PathMention } from '../root/mentions';
import { LayerPath, RootPath } from '../root/paths';
import { sourceOfBytecode } from '../root/python-bytecode';
import { Root } from '../root/root';

export interface RelocateOptions {
  readonly root: Root;
  readonly setting: Setting;
  readonly packages: PackageDatabase;
  /** the working directory, on this machine */
  readonly project: string;
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

/** The loader that a program names, by the C library that it is of. */
const LOADERS = { glibc: `${rootOf(KEY)}/ld.so`, musl: `${rootOf(KEY)}/${MUSL_LOADER}` };

class Relocation {
  private readonly places: Places;
  /** resolved paths of everything that the layer has, directories on the way included */
  private readonly held = new Set<string>(['/']);
  public readonly replacements: Replacements;
  private readonly rpaths: Rpaths;
  /** the first process that is started by the loader of each C library: its loader is the layer's */
  private readonly started: { readonly [libc in LoaderRules['libc']]?: Process };

  constructor(
    private readonly programs: ReadonlyMap<string, Program>,
    private readonly collected: Collected,
    private readonly options: RelocateOptions,
  ) {
    const { selection, processes } = collected;
    const together = [...processes.values()].map((process) => process.objects.map((object) => object.real));
    this.places = new Places([...together, ...[...programs.values()].map(({ real }) => [real])], selection.directories, options.project);
    for (const real of selection.files.keys()) this.places.of(real);
    for (const held of [...selection.files.keys(), ...selection.links.keys(), ...selection.directories, ...selection.generated.keys()]) {
      for (let at = held; !this.held.has(at); at = path.posix.dirname(at)) this.held.add(at);
    }
    this.replacements = new Replacements(options.root, this.held, this.places, collected, options.packages);
    const startedBy = (libc: LoaderRules['libc']) => [...processes.values()].find(({ interpreter, rules }) => interpreter && rules.libc === libc);
    this.started = { glibc: startedBy('glibc'), musl: startedBy('musl') };
    this.rpaths = new Rpaths(options.root, options.setting, this.places, this.held, processes.values());
  }

  public plan(): Plan {
    const { selection } = this.collected;
    const { root } = this.options;
    const entries: Entry[] = [];
    for (const real of selection.files.keys()) entries.push(this.file(real));
    for (const [link, target] of selection.links) {
      const entry = this.link(link, target);
      if (entry) entries.push(entry);
    }
    const parents = new Set([...this.held].map((held) => path.posix.dirname(held)));
    for (const directory of selection.directories) {
      if (!parents.has(directory)) entries.push({ kind: 'directory', path: this.places.of(directory) });
    }
    for (const [made, what] of selection.generated) {
      const place = this.places.of(made);
      entries.push('link' in what ? { kind: 'link', path: place, target: what.link } : { kind: 'text', path: place, text: what.text });
    }
    const { glibc, musl } = this.started;
    if (musl) entries.push(...this.muslEntries(musl));
    entries.push(recordOf(entries, this.options), ...this.starters());
    entries.sort((a, b) => (a.path < b.path ? -1 : 1));
    const plan = {
      entries: linkDuplicates(entries, (real) => root.content(real)),
      aliases: this.replacements.aliases,
      programs: this.named(this.programs),
      commands: this.named(this.collected.commands),
      loader: glibc && this.places.of(glibc.interpreter!.real),
    };
    const fingerprint = fingerprintOf(plan);
    return { fingerprint, key: keyOf(fingerprint), root: root.directory, ...plan };
  }

  private named(programs: ReadonlyMap<string, Program>): Record<string, string> {
    return Object.fromEntries([...programs].map(([name, program]) => [name, this.startedAt(program)]));
  }

  /** Where a program is started: a script that carries data by a starter. */
  private startedAt({ real }: Program): LayerPath {
    const place = this.places.of(real);
    return this.carriesData(real) ? starterOf(place) : place;
  }

  private starters(): Entry[] {
    const scripts = this.scripts().filter(({ real }) => this.carriesData(real));
    return [...new Map(scripts.map((script) => [script.real, script])).values()].map(({ real, interpreter }) => {
      const place = this.places.of(real);
      return starter(place, this.interpreterPath(interpreter!.program), interpreter!.argument, rootOf(KEY) + place);
    });
  }

  private carriesData(real: RootPath): boolean {
    return this.options.root.content(real).carriesData;
  }

  /** The programs and commands that are scripts. */
  private scripts(): Program[] {
    return [...this.programs.values(), ...this.collected.commands.values()].filter(({ interpreter }) => interpreter !== undefined);
  }

  /** The names by which the loader is started, and finds its default directories. */
  private muslEntries({ program, interpreter }: Process): Entry[] {
    const { root, setting } = this.options;
    const listed = systemDirectories(program.elf.interpreter, setting).filter((directory) => directory.startsWith('/'));
    const directories = listed.map((directory) => root.real(directory));
    const held = directories.filter((directory) => directory !== undefined && this.held.has(directory) && this.places.has(directory)) as string[];
    return [
      { kind: 'link', path: `/${MUSL_LOADER}`, target: this.places.of(interpreter!.real).slice(1) },
      { kind: 'text', path: MUSL_PATH_FILE, text: `${[...new Set(held)].map((directory) => this.inLayer(directory)).join(':')}\n` },
    ];
  }

  private file(real: string): Entry {
    const { root } = this.options;
    const content = root.content(real);
    const executable = content.kind === 'elf' || content.kind === 'script';
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
    };
  }

  /** Links lead to where the same thing is in the layer, absolute ones by absolute paths. */
  private link(link: string, target: string): Entry | undefined {
    const real = this.options.root.real(link);
    const directory = path.posix.dirname(link);
    // `/lib` and its like, and what leads from outside to a program of the user's own: every path in the layer is a resolved one
    if (real === undefined || directory === '/' || !this.places.has(directory)) return undefined;
    const parent = this.places.of(directory);
    const aim = target.startsWith('/') ? target : path.posix.join(path.posix.dirname(link), target);
    // one link may lead to another: each keeps its own step
    const stepReal = this.options.root.real(path.posix.dirname(aim));
    const step = stepReal === undefined || !this.places.has(stepReal) ? real : path.posix.join(stepReal, path.posix.basename(aim));
    if (!this.held.has(step)) return undefined;
    const place = this.places.of(step);
    // who reads a link rather than follows it may have come by another name, from which `..` leads elsewhere
    return { kind: 'link', path: path.posix.join(parent, path.posix.basename(link)), target: target.startsWith('/') ? rootOf(KEY) + place : path.posix.relative(parent, place) };
  }

  private edits(real: string): Edits | undefined {
    const { elf, mentions, carriesData } = this.options.root.content(real);
    if (carriesData) return undefined;
    const parsed = elf instanceof FormatError ? undefined : elf;
    const process = this.collected.processes.get(real);
    const interpreter = process && parsed?.interpreter !== undefined ? LOADERS[process.rules.libc] : undefined;
    const rpath = parsed?.dynamic && this.rpaths.of(real, parsed);
    const shebang = this.shebang(real);
    const aliases = isDocumentation(real) ? [] : this.replacements.in(real, parsed, mentions);
    const bytecode = sourceOfBytecode(real) === undefined ? undefined : true;
    const texts = this.texts(real, parsed, mentions);
    if (aliases.length === 0 && [interpreter, rpath, shebang, bytecode, texts].every((edit) => edit === undefined)) return undefined;
    return { interpreter, rpath, shebang, bytecode, texts, aliases };
  }

  /** What is written over in an object: what would lead musl's loader to the host, and the directory of shared memory. */
  private texts(real: string, elf: Elf | undefined, mentions: readonly PathMention[]): Edits['texts'] {
    if (!elf) return undefined;
    const confined = real === this.started.musl?.interpreter!.real ? confine(this.options.root.read(real), real) : [];
    const texts = [...confined, ...sharedMemoryIn(mentions)];
    return texts.length === 0 ? undefined : texts;
  }

  /** The first line of a script that is on PATH names its interpreter by its place. */
  private shebang(real: string): string | undefined {
    const script = this.scripts().find((program) => program.real === real);
    if (!script) return undefined;
    const { program, argument } = script.interpreter!;
    return `#!${this.interpreterPath(program)}${argument ? ` ${argument}` : ''}`;
  }

  private interpreterPath(program: Program): string {
    const directory = this.options.root.real(path.posix.dirname(program.path))!;
    return path.posix.join(this.inLayer(directory), path.posix.basename(program.path));
  }

  private inLayer(real: string): string {
    return rootOf(KEY) + this.places.of(real);
  }
}
