import * as fs from 'fs';
import * as path from 'path';
import { slim, type Slimmed, SlimRoot, workloadFiles } from './slimmed';
import { LIB } from '../collect/packaged';
import { temporaryDirectory } from '../fixture';

/** A program with one library for each letter, a plug-in that it opens by path, and data. */
function letters(): SlimRoot {
  const root = new SlimRoot();
  root.shared('liba.so', '#include <stdio.h>\nvoid a(void) { puts("a"); }');
  root.shared('libdeep.so', '#include <stdio.h>\nvoid deep(void) { puts("deep"); }');
  root.shared('libb.so', '#include <stdio.h>\nvoid deep(void); void b(void) { deep(); puts("b"); }', ['libdeep.so']);
  root.shared('libc1.so', 'int shared_value = 7;');
  root.tool('letters', `
    #include <dlfcn.h>
    #include <stdio.h>
    #include <string.h>
    void a(void); void b(void);
    extern int shared_value;
    int main(int count, char **argv) {
      char *what = argv[1];
      if (strchr(what, 'a')) a();
      if (strchr(what, 'b')) b();
      if (strchr(what, 'v')) printf("%d\\n", shared_value);
      if (strchr(what, 'p')) {
        void *plugin = dlopen("/usr/lib/letters/plugin.so", RTLD_NOW);
        if (!plugin) { puts(dlerror()); return 3; }
        ((void (*)(void)) dlsym(plugin, "plug"))();
      }
      if (strchr(what, 'd')) {
        char line[80];
        FILE *file = fopen("/usr/share/letters/data.txt", "r");
        if (!file) return 4;
        puts(fgets(line, sizeof line, file));
      }
      return 0;
    }`, ['liba.so', 'libb.so', 'libc1.so']);
  root.compile('/usr/lib/letters/plugin.so', '#include <stdio.h>\nvoid plug(void) { puts("plugged"); }', ['-shared', '-fPIC']);
  root.install('letters', {
    '/usr/bin/letters': [],
    '/usr/lib/letters/plugin.so': [],
    '/usr/share/letters/data.txt': 'data\n',
    '/usr/share/letters/other.txt': 'other\n',
    '/etc/letters.conf': 'configured\n',
    '/usr/share/doc/letters/copyright': 'licence\n',
  }, { Depends: 'liba, libb' });
  root.install('liba', { [`${LIB}/liba.so`]: [], '/usr/share/doc/liba/copyright': 'licence of a\n' });
  root.install('libb', { [`${LIB}/libb.so`]: [], [`${LIB}/libdeep.so`]: [], '/usr/share/doc/libb/copyright': 'licence of b\n' });
  return root;
}

describe('a slim layer', () => {
  const root = letters();
  let withA: Slimmed;
  beforeAll(() => {
    withA = slim(root, 'letters', ['letters a']);
  });

  test('has the libraries that are called, and stubs of others, but no library that only stubs need', () => {
    expect(withA.stubs).toEqual([`${LIB}/libb.so`]);
    expect(withA.files).toContain(`${LIB}/liba.so`);
    expect(withA.files).not.toContain(`${LIB}/libdeep.so`);
    expect(withA.run('letters a')).toEqual({ code: 0, output: 'a' });
    expect(withA.saving).toMatchObject({ programs: ['letters'], completeLibraries: 6, libraries: 4 });
  });

  test('explains a call to a stub on standard error, and exits with code 127', () => {
    const { code, output } = withA.run('letters b');
    expect(code).toBe(127);
    expect(output).toMatch(
      /^\/opt\/elf\/\w+\/usr\/bin\/letters: called b in libb\.so, left out because the workload did not use it: add a command/,
    );
  });

  test('has the files that any of several commands uses, with the libraries that called ones need', () => {
    const layer = slim(root, 'letters', ['letters a', 'letters b']);
    expect(layer.stubs).toEqual([]);
    expect(layer.run('letters ab')).toEqual({ code: 0, output: 'a\ndeep\nb' });
    expect(layer.told.join('\n')).toContain('needs libdeep.so');
  });

  test('has only the data and plug-ins that a command opens', () => {
    expect(withA.files).not.toContain('/usr/lib/letters/plugin.so');
    expect(withA.files).not.toContain('/usr/share/letters/data.txt');
    const layer = slim(root, 'letters', ['letters pd']);
    expect(layer.files).toEqual(expect.arrayContaining(['/usr/lib/letters/plugin.so', '/usr/share/letters/data.txt']));
    expect(layer.files).not.toContain('/usr/share/letters/other.txt');
    expect(layer.run('letters pd')).toEqual({ code: 0, output: 'plugged\ndata\n' });
  });

  test('keeps the configuration of requested packages, licences of packages with packed code, and included files', () => {
    const { plan } = slim(root, 'letters', ['letters a'], {}, { include: ['/usr/share/letters/other.txt'] });
    const paths = plan.entries.map((entry) => entry.path);
    expect(paths).toEqual(expect.arrayContaining(['/etc/letters.conf', '/usr/share/letters/other.txt', '/usr/share/doc/liba/copyright']));
    expect(paths).not.toContain('/usr/share/doc/libb/copyright');
  });

  test('keeps a library from which the program imports a variable', () => {
    expect(withA.files).toContain(`${LIB}/libc1.so`);
    expect(withA.run('letters v')).toEqual({ code: 0, output: '7' });
  });

  test('keeps the libraries and files that keep selects, with the libraries that they need', () => {
    const layer = slim(root, 'letters', ['letters a'], { keep: ['libb.*', '/usr/share/letters'] });
    expect(layer.stubs).toEqual([`${LIB}/libdeep.so`]);
    expect(layer.files).toEqual(expect.arrayContaining([`${LIB}/libb.so`, '/usr/share/letters/other.txt']));
  });

  test('records stubs as such, without their packages', () => {
    const record = withA.plan.entries.find((entry) => entry.path === '/contents.json');
    const { packages, files } = JSON.parse((record as { text: string }).text);
    expect(packages.map(({ name }: { name: string }) => name)).toEqual(['liba', 'letters'].sort());
    expect(files[`${LIB}/libb.so`]).toEqual({ why: 'stub, needed by letters', through: '/usr/bin/letters', stub: true });
  });

  test('finds its files at /var/task', () => {
    const layer = slim(root, 'letters', ['read what < letters.txt; letters "$what"'], { files: workloadFiles({ 'letters.txt': 'b\n' }) });
    expect(layer.stubs).toEqual([`${LIB}/liba.so`]);
  });

  test('is the same if directories have another order, and if it is made from an earlier outcome', () => {
    const first = slim(root, 'letters', ['letters a', 'letters p']);
    const again = slim(root, 'letters', ['letters a', 'letters p'], {}, { known: first.known });
    expect(again.told).toEqual([]);
    expect(again.plan.fingerprint).toBe(first.plan.fingerprint);
    expect(slim(letters(), 'letters', ['letters p', 'letters a']).known!.outcome).toEqual(first.known!.outcome);
  });

  test('is made again if the complete layer or the commands have changed since that outcome', () => {
    const { known } = withA;
    expect(slim(root, 'letters', ['letters b'], {}, { known }).stubs).toEqual([`${LIB}/liba.so`]);
    root.write({ '/usr/share/letters/other.txt': 'another' });
    expect(slim(root, 'letters', ['letters a'], {}, { known }).told).not.toEqual([]);
  });
});

describe('a workload', () => {
  const root = letters();

  test('that fails in the complete layer is an error with its output, and nothing is left behind', () => {
    const layers = () =>
      fs.readdirSync(path.dirname(temporaryDirectory())).filter((name) => name.startsWith(`binary-layer-layer-${process.pid}-`));
    const before = layers();
    expect(() => slim(root, 'letters', ['letters a; exit 9'])).toThrow([
      'the workload command \'letters a; exit 9\' ended with exit code 9, expected exit code 0; nothing was written',
      '  it ran in the complete layer, from which nothing was left out yet: slimming is not the cause',
      '  output:',
      '    a',
    ].join('\n'));
    expect(layers()).toEqual(before);
  });

  test('that needs the network is an error with the address', () => {
    root.tool('caller', `
      #include <arpa/inet.h>
      int main(void) {
        struct sockaddr_in there = { AF_INET, htons(443), { inet_addr("192.0.2.1") } };
        return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *) &there, sizeof there) != 0;
      }`);
    expect(() => slim(root, 'caller', ['caller'])).toThrow(
      /it tried to reach 192\.0\.2\.1 port 443, and workload commands have no network/,
    );
  });

  test('that uses more files in a later run gets these, with a notice', () => {
    root.tool('moody', `
      #include <dirent.h>
      #include <stdio.h>
      #include <string.h>
      int main(void) {
        // the entries of a directory that is only listed are not in the slim layer
        DIR *directory = opendir("/usr/share/moody");
        int isComplete = 0;
        for (struct dirent *entry; directory && (entry = readdir(directory));) isComplete |= !strcmp(entry->d_name, "unused");
        return fopen(isComplete ? "/usr/share/moody/0" : "/usr/share/moody/1", "r") == NULL;
      }`);
    const data = { '/usr/share/moody/0': 'first', '/usr/share/moody/1': 'second', '/usr/share/moody/unused': '' };
    root.install('moody', { '/usr/bin/moody': [], ...data });
    const { files, notices, run } = slim(root, 'moody', ['moody']);
    expect(files).toEqual(['/usr/bin/moody', '/usr/share/moody/0', '/usr/share/moody/1']);
    expect(notices).toContain('a further run uses more files, which are added: 1');
    expect(run('moody').code).toBe(0);
  });

  test('with a keep that matches nothing is an error', () => {
    expect(() => slim(root, 'letters', ['letters a'], { keep: ['libx265*'] })).toThrow(
      "keep 'libx265*' matches no library or file of the complete layer",
    );
  });
});
