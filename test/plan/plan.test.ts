import * as fs from 'fs';
import * as path from 'path';
import { lambda, make, plan, tree } from './make';
import { MOST_BYTES } from '../../lib/lambda';
import { type Entry, type FileEntry, KEY, type Plan, temporaryBytes } from '../../lib/plan/layout/plan';
import { ProofError } from '../../lib/plan/proof';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { errorOf, Fixture } from '../fixture';

const TRIPLET = 'x86_64-linux-gnu';

let root: Fixture;
beforeEach(() => {
  root = new Fixture().debian();
});

const paths = ({ entries }: Plan, kind: Entry['kind'] = 'file') =>
  entries.filter((entry) => entry.kind === kind).map((entry) => entry.path);
const file = ({ entries }: Plan, wanted: string) =>
  entries.find((entry): entry is FileEntry => entry.kind === 'file' && entry.path === wanted);
const link = ({ entries }: Plan, wanted: string) =>
  entries.flatMap((entry) => (entry.kind === 'link' && entry.path === wanted ? [entry.target] : []))[0];

describe('a program of the system', () => {
  test('keeps its path below the resolved names of its directories, and so do its libraries and its loader', () => {
    root.library(`/usr/lib/${TRIPLET}/libx.so.1`);
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    const planned = plan(root, 'prog').plan;
    expect(paths(planned)).toEqual(['/usr/bin/prog', `/usr/lib/${TRIPLET}/ld-linux-x86-64.so.2`, `/usr/lib/${TRIPLET}/libx.so.1`]);
    expect(planned).toMatchObject({ programs: { prog: '/usr/bin/prog' }, loader: `/usr/lib/${TRIPLET}/ld-linux-x86-64.so.2` });
  });

  test('has its loader below the key, and the directories of its libraries in its DT_RPATH', () => {
    root.library(`/usr/lib/${TRIPLET}/libx.so.1`, { needs: ['liby.so'] });
    root.library('/usr/lib/liby.so');
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    const { edits } = file(plan(root, 'prog').plan, '/usr/bin/prog')!;
    expect(edits).toMatchObject({
      interpreter: `/opt/elf/${KEY}/ld.so`,
      rpath: `/opt/elf/${KEY}/usr/lib/${TRIPLET}:/opt/elf/${KEY}/usr/lib`,
    });
  });

  test('may be requested by a link: the link is in the layer and leads to the same file', () => {
    root.program('/usr/lib/prog/prog-2');
    root.write({ '/usr/bin/prog': { link: '/etc/alternatives/prog' }, '/etc/alternatives/prog': { link: '../../usr/lib/prog/prog-2' } });
    const planned = plan(root, 'prog').plan;
    expect(planned.programs).toEqual({ prog: '/usr/lib/prog/prog-2' });
    expect(link(planned, '/usr/bin/prog')).toBe('/opt/elf/{key}/etc/alternatives/prog');
    expect(link(planned, '/etc/alternatives/prog')).toBe('../../usr/lib/prog/prog-2');
  });

  test('that is static is packed unchanged', () => {
    root.program('/usr/bin/prog', { flags: ['-static', '-no-pie'] });
    const planned = plan(root, 'prog').plan;
    expect(paths(planned)).toEqual(['/usr/bin/prog']);
    expect(file(planned, '/usr/bin/prog')!.edits).toBeUndefined();
    expect(planned.loader).toBeUndefined();
  });
});

describe('a library', () => {
  test('with a DT_RUNPATH gets a DT_RPATH, so that its needs are found in the program\'s', () => {
    root.library('/usr/lib/libx.so', { needs: ['liby.so'], runpath: '/usr/lib/deep' });
    root.library('/usr/lib/deep/liby.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(file(plan(root, 'prog').plan, '/usr/lib/libx.so')!.edits!.rpath).toBe(`/opt/elf/${KEY}/usr/lib/deep`);
  });

  test('loses entries of its search path that lead nowhere', () => {
    root.library('/usr/lib/libx.so', { needs: ['liby.so'], runpath: '/build/lib:/usr/lib/deep:relative::$ORIGIN/none' });
    root.library('/usr/lib/deep/liby.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(file(plan(root, 'prog').plan, '/usr/lib/libx.so')!.edits!.rpath).toBe(`/opt/elf/${KEY}/usr/lib/deep`);
  });

  test('loses its search path if all entries lead nowhere', () => {
    root.library('/usr/lib/libx.so', { runpath: '/build/lib' });
    root.library('/usr/lib/liby.so', { rpath: '/build/lib' });
    root.program('/usr/bin/prog', { needs: ['libx.so', 'liby.so'] });
    const planned = plan(root, 'prog').plan;
    expect([file(planned, '/usr/lib/libx.so')!.edits!.rpath, file(planned, '/usr/lib/liby.so')!.edits!.rpath]).toEqual(['', '']);
  });

  test('keeps entries with $ORIGIN', () => {
    root.library('/usr/lib/libx.so', { needs: ['liby.so'], runpath: '${ORIGIN}/deep:$ORIGIN' });
    root.library('/usr/lib/deep/liby.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(file(plan(root, 'prog').plan, '/usr/lib/libx.so')!.edits!.rpath).toBe('${ORIGIN}/deep:$ORIGIN');
  });

  test('without a search path is packed unchanged', () => {
    root.library('/usr/lib/libx.so');
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(file(plan(root, 'prog').plan, '/usr/lib/libx.so')!.edits).toBeUndefined();
  });

  test('is packed with the links by which it was found', () => {
    root.library('/usr/lib/libx.so.1.2.3', { soname: 'libx.so.1' });
    root.write({ '/usr/lib/libx.so.1': { link: 'libx.so.1.2.3' } });
    root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
    const planned = plan(root, 'prog').plan;
    expect(link(planned, '/usr/lib/libx.so.1')).toBe('libx.so.1.2.3');
    expect(paths(planned, 'link')).toEqual(['/usr/lib/libx.so.1', '/usr/lib64/ld-linux-x86-64.so.2']);
  });

  test('for newer processors is packed beside the one for all processors', () => {
    for (const place of ['/usr/lib', '/usr/lib/glibc-hwcaps/x86-64-v3']) root.library(`${place}/libx.so`);
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(paths(plan(root, 'prog').plan)).toEqual(expect.arrayContaining(['/usr/lib/libx.so', '/usr/lib/glibc-hwcaps/x86-64-v3/libx.so']));
  });
});

describe('a program of the user\'s own', () => {
  const own = (project: string) => {
    root.program(`${project}/build/tool`, { needs: ['libown.so', 'libx.so'], runpath: '$ORIGIN/../lib' });
    root.library(`${project}/lib/libown.so`);
    root.library('/usr/lib/libx.so');
  };

  test('is in app/, with the name of its directory and relative paths to its libraries, but no directories above', () => {
    own('/home/me/secret/project');
    const planned = plan(root, './build/tool', { cwd: '/home/me/secret/project' }).plan;
    expect(paths(planned)).toEqual([
      '/app/build/tool',
      '/app/lib/libown.so',
      '/usr/lib/libx.so',
      `/usr/lib/${TRIPLET}/ld-linux-x86-64.so.2`,
    ]);
    expect(planned.programs).toEqual({ tool: '/app/build/tool' });
    expect(file(planned, '/app/build/tool')!.edits!.rpath).toBe(`$ORIGIN/../lib:/opt/elf/${KEY}/app/lib:/opt/elf/${KEY}/usr/lib`);
  });

  test('has the same key wherever the project is', () => {
    own('/home/me/project');
    own('/srv/elsewhere/checkout');
    const here = plan(root, './build/tool', { cwd: '/home/me/project' }).plan;
    const there = plan(root, './build/tool', { cwd: '/srv/elsewhere/checkout' }).plan;
    expect(there.key).toBe(here.key);
    expect(there.fingerprint).toBe(here.fingerprint);
    expect(
      JSON.stringify({ ...here, entries: here.entries.map((entry) => ({ ...entry, real: undefined, why: undefined })) }),
    ).not.toContain('/me/');
  });

  test('may be in a project below a system directory that another packed file mentions', () => {
    own('/var/lib/ci/work');
    own('/home/me/project');
    root.compile('/usr/lib/libx.so', 'const char *directory = "/var/lib";', ['-shared', '-fPIC', '-nostdlib', '-Wl,-soname,libx.so']);
    const planned = plan(root, './build/tool', { cwd: '/var/lib/ci/work' }).plan;
    expect(planned.key).toBe(plan(root, './build/tool', { cwd: '/home/me/project' }).plan.key);
  });

  test('has the same key if it is requested by another path from another directory', () => {
    own('/home/me/project');
    expect(plan(root, '../build/tool', { cwd: '/home/me/project/infra' }).plan.key).toBe(
      plan(root, '/home/me/project/build/tool', { cwd: '/' }).plan.key,
    );
  });

  test('may be requested by a link outside of its directory, which is not packed', () => {
    for (const project of ['/home/me/project', '/home/you/checkout']) {
      root.program(`${project}/build/out/tool`);
      root.write({ [`${project}/tool`]: { link: 'build/out/tool' } });
    }
    const here = plan(root, './tool', { cwd: '/home/me/project' }).plan;
    const there = plan(root, './tool', { cwd: '/home/you/checkout' }).plan;
    expect(paths(here).filter((place) => place.startsWith('/app'))).toEqual(['/app/out/tool']);
    expect(paths(here, 'link').filter((place) => place.startsWith('/app'))).toEqual([]);
    expect(there.key).toBe(here.key);
  });

  test('may be requested by a link in the project, and has the same key wherever the project is', () => {
    for (const project of ['/home/me/project', '/home/you/checkout']) {
      own(project);
      root.write({ [`${project}/tool`]: { link: 'build/tool' } });
    }
    const here = plan(root, './tool', { cwd: '/home/me/project' }).plan;
    const there = plan(root, './tool', { cwd: '/home/you/checkout' }).plan;
    expect(paths(here, 'link')).toContain('/app/tool');
    expect(there.key).toBe(here.key);
  });

  test('is packed with included files beside it', () => {
    own('/home/me/project');
    root.write({ '/home/me/project/share/message.txt': '' });
    const planned = plan(root, './build/tool', { cwd: '/home/me/project', include: ['share'] }).plan;
    expect(paths(planned)).toContain('/app/share/message.txt');
  });

  test('runs in the layer, and finds data by its path in the project', async () => {
    root.libc();
    root.write({ '/home/me/project/share/message.txt': 'hello\n' });
    root.compile('/home/me/project/lib/libown.so', 'const char *own(void) { return "own"; }', [
      '-shared',
      '-fPIC',
      '-Wl,-soname,libown.so',
    ]);
    root.compile(
      '/home/me/project/build/tool',
      `
      #include <stdio.h>
      const char *own(void);
      int main(void) {
        char line[99];
        FILE *file = fopen("/home/me/project/share/message.txt", "r");
        printf("%s %s", own(), file ? fgets(line, 99, file) : "nothing\\n");
        return 0;
      }`,
      [root.locate('/home/me/project/lib/libown.so'), '-Wl,-rpath,$ORIGIN/../lib'],
    );
    const layer = await make(root, './build/tool', { cwd: '/home/me/project', include: ['share'] });
    expect(lambda(layer.opt, ['tool'])).toEqual({ status: 0, stdout: 'own hello\n', stderr: '', signal: null });
    expect(Object.values(tree(layer.opt)).filter((content) => content.includes('/home/me'))).toEqual([]);
  });
});

describe('the names of programs', () => {
  test('are links in bin/ that lead to each program', async () => {
    root.program('/usr/bin/one');
    root.program('/usr/sbin/two', { source: 'void _start(void) { __asm__("mov $3, %edi; mov $60, %eax; syscall"); }' });
    const layer = await make(root, 'one', { binaries: ['one', '/usr/sbin/two'], rename: { '/usr/sbin/two': 'deux' } });
    expect(fs.readdirSync(path.join(layer.opt, 'bin'))).toEqual(['deux', 'one']);
    expect(fs.readlinkSync(path.join(layer.opt, 'bin/deux'))).toBe(`../elf/${layer.plan.key}/usr/sbin/two`);
    expect([lambda(layer.opt, ['one']).status, lambda(layer.opt, ['deux']).status]).toEqual([0, 3]);
  });

  test('must differ: the error names both programs and the remedy', () => {
    root.program('/usr/bin/prog');
    root.program('/usr/sbin/prog');
    expect(() => plan(root, 'prog', { binaries: ['prog', '/usr/sbin/prog'] })).toThrow(
      '/usr/bin/prog and /usr/sbin/prog would both be prog in the layer: rename one of them, ' +
      "for example rename: { '/usr/sbin/prog': 'prog-2' }");
  });

  test('can be changed only for requested programs', () => {
    root.program('/usr/bin/prog');
    expect(() => plan(root, 'prog', { rename: { other: 'x' } })).toThrow("rename names 'other', which is not among the binaries: prog");
  });

  test.each(['a/b', '', '.', '..'])('cannot be %j', (name) => {
    root.program('/usr/bin/prog');
    expect(() => plan(root, 'prog', { rename: { prog: name } })).toThrow(`binary 'prog' cannot be named '${name}': expected a file name`);
  });
});

describe('a script', () => {
  const SHOW = '#include <stdio.h>\nint main(int argc, char **argv) { for (int i = 1; i < argc; i++) printf("<%s>", argv[i]); return 0; }';

  test.each([
    ['#!/usr/bin/show -a  -b', '<-a  -b></opt/bin/tool><x>'],
    ['#!/usr/bin/env show', '</opt/bin/tool><x>'],
  ])('that begins with %s is started by its interpreter in the layer', async (line, shown) => {
    root.libc();
    root.compile('/usr/bin/show', SHOW);
    root.write({ '/usr/bin/tool': `${line}\nand the rest\n` });
    fs.chmodSync(root.locate('/usr/bin/tool'), 0o755);
    const layer = await make(root, 'tool');
    expect(lambda(layer.opt, ['tool', 'x'])).toEqual({ status: 0, stdout: shown, stderr: '', signal: null });
    expect(fs.readFileSync(path.join(layer.mirrored, 'usr/bin/tool'), 'utf8')).toMatch(
      /^#!\/opt\/elf\/[0-9a-f]{8}\/usr\/bin\/show.*\nand the rest\n$/,
    );
  });
});

describe('include selects', () => {
  beforeEach(() => {
    root.program('/usr/bin/prog');
    root.write({
      '/usr/share/data/a.txt': 'a',
      '/usr/share/data/b.bin': '\0b',
      '/usr/share/data/deep/c.txt': 'c',
      '/work/near.txt': 'd',
      '/usr/share/data/link': { link: 'a.txt' },
    });
  });

  const packed = (more: Parameters<typeof plan>[2]) => {
    const planned = plan(root, 'prog', more).plan;
    return [...paths(planned), ...paths(planned, 'link')].filter((place) => !/^\/usr\/(bin|lib)/.test(place)).sort();
  };

  test('a file', () => {
    expect(packed({ include: ['/usr/share/data/a.txt'] })).toEqual(['/usr/share/data/a.txt']);
  });

  test('a directory with everything below it, links as links', () => {
    expect(packed({ include: ['/usr/share/data'] })).toEqual([
      '/usr/share/data/a.txt',
      '/usr/share/data/b.bin',
      '/usr/share/data/deep/c.txt',
      '/usr/share/data/link',
    ]);
  });

  test('a glob', () => {
    expect(packed({ include: ['/usr/share/data/**/*.txt'] })).toEqual(['/usr/share/data/a.txt', '/usr/share/data/deep/c.txt']);
  });

  test('a path relative to the working directory', () => {
    expect(packed({ include: ['near.txt'] })).toEqual(['/app/work/near.txt']);
  });

  test('no file that exclude matches', () => {
    expect(packed({ include: ['/usr/share/data'], exclude: ['/usr/share/data/deep', '/usr/share/**/*.bin'] })).toEqual([
      '/usr/share/data/a.txt',
      '/usr/share/data/link',
    ]);
  });

  test('at least one file, or is an error with what was expected', () => {
    expect(() => plan(root, 'prog', { include: ['gone/*.txt'] })).toThrow(
      "include 'gone/*.txt' matches nothing: expected a file, a directory or a glob, relative ones from /work",
    );
    expect(() => plan(root, 'prog', { include: ['/usr/share/data/none'] })).toThrow("include '/usr/share/data/none' matches nothing");
  });

  test('at least one file that can be packed, or is an error with the reasons', () => {
    fs.chmodSync(root.locate('/usr/share/data/deep/c.txt'), 0o600);
    expect(() => plan(root, 'prog', { include: ['/usr/share/data/deep'] })).toThrow([
      "include '/usr/share/data/deep': nothing in it can be packed",
      '  /usr/share/data/deep/c.txt: not world-readable',
      '  include a file by its own path to pack it all the same',
    ].join('\n'));
  });

  test('only files that this user can read, or is an error', () => {
    jest.spyOn(DirectoryRoot.prototype, 'isReadable').mockImplementation((real) => !real.endsWith('a.txt')); // root can read everything
    expect(() => plan(root, 'prog', { include: ['/usr/share/data/*.txt'] })).toThrow(
      "include '/usr/share/data/*.txt': /usr/share/data/a.txt cannot be read by this user: change its permissions, or leave it out");
    jest.restoreAllMocks();
  });

  test('no link without a target', () => {
    root.write({ '/usr/share/data/dangling': { link: 'gone' } });
    expect(() => plan(root, 'prog', { include: ['/usr/share/data/dangling'] })).toThrow('matches nothing');
  });

  test('a file that is not world-readable if it is listed', () => {
    fs.chmodSync(root.locate('/usr/share/data/a.txt'), 0o600);
    expect(packed({ include: ['/usr/share/data/a.txt'] })).toEqual(['/usr/share/data/a.txt']);
    expect(packed({ include: ['/usr/share/data'] })).not.toContain('/usr/share/data/a.txt');
  });

  test('a file below /home if it is listed', () => {
    root.write({ '/home/me/data/file.txt': '' });
    expect(packed({ include: ['/home/me/data/file.txt'] })).toEqual(['/app/data/file.txt']);
  });

  test('a directory below /home if it is listed, as a whole and under its name', () => {
    root.write({ '/home/me/data/deep/one/a.txt': '', '/home/me/data/two/b.txt': '', '/home/me/data/c.txt': '' });
    expect(packed({ include: ['/home/me/data'] })).toEqual(['/app/data/c.txt', '/app/data/deep/one/a.txt', '/app/data/two/b.txt']);
  });

  test('a directory below one that only its owner can enter, without files that only the owner can read', () => {
    root.write({ '/home/me/project/share/a.txt': '', '/home/me/project/share/key.pem': '' });
    fs.chmodSync(root.locate('/home/me'), 0o700);
    fs.chmodSync(root.locate('/home/me/project/share/key.pem'), 0o600);
    expect(packed({ cwd: '/home/me/project', include: ['share'] })).toEqual(['/app/share/a.txt']);
  });

  test('a directory with at least one file that can be packed, or is an error', () => {
    root.write({ '/usr/share/secret/key.pem': '' });
    fs.chmodSync(root.locate('/usr/share/secret/key.pem'), 0o600);
    expect(() => plan(root, 'prog', { include: ['/usr/share/secret'] })).toThrow("include '/usr/share/secret'");
  });

  test('a plug-in with the libraries that it needs, and edits its search path', () => {
    root.library('/usr/lib/prog/plugin.so', { needs: ['libp.so'], runpath: '$ORIGIN/deps:/gone' });
    root.library('/usr/lib/prog/deps/libp.so', { needs: ['libq.so'] });
    root.library('/usr/lib/libq.so');
    const planned = plan(root, 'prog', { include: ['/usr/lib/prog/plugin.so'] }).plan;
    expect(paths(planned)).toEqual(expect.arrayContaining(['/usr/lib/prog/plugin.so', '/usr/lib/prog/deps/libp.so', '/usr/lib/libq.so']));
    expect(file(planned, '/usr/lib/prog/plugin.so')!.edits!.rpath).toBe('$ORIGIN/deps');
    expect(file(planned, '/usr/bin/prog')!.edits!.rpath!.split(':')).toContain(`/opt/elf/${KEY}/usr/lib`);
  });

  test('no plug-in whose libraries are missing, and the rest of the layer is packed', () => {
    root.library('/usr/lib/prog/broken.so', { needs: ['libgone.so'] });
    root.library('/usr/lib/prog/whole.so');
    const { plan: planned, skipped } = plan(root, 'prog', { include: ['/usr/lib/prog'] });
    expect(paths(planned)).toContain('/usr/lib/prog/whole.so');
    expect(paths(planned)).not.toContain('/usr/lib/prog/broken.so');
    expect(skipped.get('/usr/lib/prog/broken.so')).toContain('libgone.so not found');
  });
});

describe('the limit of 262,144,000 bytes', () => {
  const sparse = (inside: string, size: number) => {
    root.write({ [inside]: '' });
    fs.truncateSync(root.locate(inside), size);
  };

  test('is exact', () => {
    root.program('/usr/bin/prog', { flags: ['-static', '-no-pie'] });
    sparse('/usr/share/data/file', 0);
    const others = plan(root, 'prog', { include: ['/usr/share/data'] }).summary.bytes;
    sparse('/usr/share/data/file', MOST_BYTES - others);
    expect(plan(root, 'prog', { include: ['/usr/share/data'] }).summary.bytes).toBe(262_144_000);
    sparse('/usr/share/data/file', MOST_BYTES - others + 1);
    expect(() => plan(root, 'prog', { include: ['/usr/share/data'], compress: false })).toThrow(ProofError);
    expect(temporaryBytes(plan(root, 'prog', { include: ['/usr/share/data'] }).plan)).toBe(MOST_BYTES - others + 1);
  });

  test('is an error with the sum, the share of each kind, the ten largest files with their reasons, and remedies', () => {
    root.library('/usr/lib/libx.so', { needs: ['libbig.so'] });
    root.library('/usr/lib/libbig.so');
    fs.truncateSync(root.locate('/usr/lib/libbig.so'), 30.1e6);
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    for (let count = 10; count < 22; count++) sparse(`/usr/share/data/${count}`, count * 1.5e6);
    const message = errorOf(() => plan(root, 'prog', { include: ['/usr/share/data'], compress: false }));
    const lines = message.split('\n');
    expect(lines[0]).toMatch(
      /^the layer would be 309\.\d MB unpacked; Lambda takes 262\.1 MB \(262144000 bytes\) for a function and all its layers$/,
    );
    expect(lines[1]).toMatch(
      /^ {2}programs and the libraries that they need: 30\.\d MB; add-on modules and helpers: 0\.0 MB; data: 0\.0 MB; included files: 279\.0 MB$/,
    );
    expect(lines[2]).toBe('  the largest files, each with the files that led to it:');
    expect(lines.slice(3, 13).map((line) => line.trim().split(': ')[0])).toEqual([
      '31.5 MB /usr/share/data/21',
      '30.1 MB /usr/lib/libbig.so',
      '30.0 MB /usr/share/data/20',
      '28.5 MB /usr/share/data/19',
      '27.0 MB /usr/share/data/18',
      '25.5 MB /usr/share/data/17',
      '24.0 MB /usr/share/data/16',
      '22.5 MB /usr/share/data/15',
      '21.0 MB /usr/share/data/14',
      '19.5 MB /usr/share/data/13',
    ]);
    expect(lines.find((line) => line.includes('/libbig.so'))).toContain(
      'needed by libx.so [default directory], which is needed by prog [default directory], which is requested',
    );
    expect(lines.find((line) => line.includes('/data/21'))).toMatch(/: included$/);
    expect(lines.slice(13)).toEqual([
      expect.stringMatching(
        /^ {2}remove `compress: false`: the layer would be about 126\.\d MB, and its largest files would be unpacked to \/tmp$/,
      ),
      '  remove files that the program can do without from `include`',
      '  or set `workload` to command lines that represent everything the function does: only what they use is packed',
    ]);
  });

  test('suggests neither exclude nor detectData: false if needed libraries alone exceed it, because these cannot help', () => {
    for (const library of ['libone.so', 'libtwo.so']) {
      root.library(`/usr/lib/${library}`);
      fs.truncateSync(root.locate(`/usr/lib/${library}`), 150e6);
    }
    root.program('/usr/bin/prog', { needs: ['libone.so', 'libtwo.so'] });
    const message = errorOf(() => plan(root, 'prog', { detectData: true, compress: false }));
    expect(message).toContain('programs and the libraries that they need: 300.');
    expect(message).toContain(
      'so neither `exclude` nor `detectData` makes the layer small enough\n  take a build with fewer libraries from another source',
    );
    expect(message).not.toMatch(/exclude: \[|set `detectData: false`/);
  });

  test('suggests to exclude modules, but not the libraries that they need, which exclude does not leave out', () => {
    root.library('/usr/lib/libneeded.so');
    root.library('/usr/lib/prog/module.so', { needs: ['libneeded.so'] });
    fs.truncateSync(root.locate('/usr/lib/libneeded.so'), 200e6);
    fs.truncateSync(root.locate('/usr/lib/prog/module.so'), 100e6);
    root.program('/usr/bin/prog', { needs: [] });
    const opened = [{ path: '/usr/lib/prog/module.so', by: undefined }];
    const message = errorOf(() => plan(root, 'prog', { detectData: true, compress: false }, opened));
    expect(message).toContain("exclude: ['/usr/lib/prog/module.so']\n");
  });

  test('suggests exclude with names of files, and detectData: false with traceCommands, if data exceeds it', () => {
    root.program('/usr/bin/prog', { flags: ['-static', '-no-pie'] });
    // different, because identical files are stored once
    for (const [index, name] of ['one', 'two', 'three', 'four'].entries()) sparse(`/usr/share/prog/${name}`, 80e6 + index);
    const message = errorOf(() =>
      plan(root, 'prog', { detectData: true, compress: false }, [
        { path: '/usr/share/prog/one', by: undefined },
        ...['two', 'three', 'four'].map((name) => ({ path: `/usr/share/prog/${name}`, by: undefined })),
      ]),
    );
    expect(message).toMatch(
      /\n {2}leave out files that the program can do without: exclude: \['\/usr\/share\/prog\/\w+', '\/usr\/share\/prog\/\w+', '\/usr\/share\/prog\/\w+'\]\n/,
    );
    expect(message).toContain('or set `detectData: false`, and name what the program needs with `traceCommands`');
  });
});

test('programs for two architectures need two layers', () => {
  root.program('/usr/bin/one', { flags: ['-static', '-no-pie'] });
  const other = fs.readFileSync(root.locate('/usr/bin/one'));
  other[18] = 183;
  root.write({ '/usr/bin/two': other });
  fs.chmodSync(root.locate('/usr/bin/two'), 0o755);
  expect(() => plan(root, 'one', { binaries: ['one', 'two'] })).toThrow(
    '/usr/bin/one is for x86_64 and /usr/bin/two for aarch64: expected the same architecture, create a layer for each',
  );
});

test('a program with threads is packed with libgcc_s, which glibc opens to end a thread', () => {
  root.libc('libgcc_s.so.1');
  root.compile(
    '/usr/bin/threads',
    '#include <pthread.h>\nstatic void *f(void *x) { pthread_exit(x); } int main(void) { pthread_t t; ' +
      'pthread_create(&t, 0, f, 0); return pthread_join(t, 0); }',
  );
  root.compile('/usr/bin/none', 'int main(void) { return 0; }');
  expect(paths(plan(root, 'threads').plan)).toContain(`/usr/lib/${TRIPLET}/libgcc_s.so.1`);
  expect(paths(plan(root, 'none').plan)).not.toContain(`/usr/lib/${TRIPLET}/libgcc_s.so.1`);
});

test('a thread can end in the function', async () => {
  root.libc('libgcc_s.so.1');
  root.compile(
    '/usr/bin/threads',
    '#include <pthread.h>\nstatic void *f(void *x) { pthread_exit(x); } int main(void) { pthread_t t; pthread_create(&t, 0, f, 0); ' +
      'return pthread_join(t, 0); }',
  );
  const layer = await make(root, 'threads');
  expect(lambda(layer.opt, ['threads'])).toEqual({ status: 0, stdout: '', stderr: '', signal: null });
});
