/**
 * A small repository of packages in a directory. apt uses it like any other.
 */
import { execFileSync } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { elfFile, temporaryDirectory } from '../../fixture';

/** A file of a package: its content, or the target of a link. */
export type Packed = string | Buffer | { readonly link: string };

export interface Package {
  readonly fields?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, Packed>>;
  /** by name, as `postinst`, `triggers` */
  readonly control?: Readonly<Record<string, string>>;
  /** of files, if not 0644, or 0755 in a directory of commands */
  readonly modes?: Readonly<Record<string, number>>;
}

export class Repository {
  public readonly directory = temporaryDirectory();
  private readonly stanzas: string[] = [];

  /** With a C library, which a root needs. */
  constructor() {
    this.add('libc6', {
      fields: { 'Multi-Arch': 'same' },
      files: { '/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }) },
    });
  }

  public add(name: string, { fields = {}, files = {}, control = {}, modes = {} }: Package = {}): this {
    const made = temporaryDirectory();
    const all = {
      Package: name,
      Version: '1.0-1',
      Architecture: 'amd64',
      Maintainer: 'Test <test@example.com>',
      Description: 'test',
      ...fields,
    };
    for (const [inside, content] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(made + inside), { recursive: true });
      if (typeof content === 'string' || Buffer.isBuffer(content)) fs.writeFileSync(made + inside, content);
      else fs.symlinkSync(content.link, made + inside);
      if (!fs.lstatSync(made + inside).isSymbolicLink()) {
        fs.chmodSync(made + inside, modes[inside] ?? (/\/s?bin\//.test(inside) ? 0o755 : 0o644));
      }
    }
    fs.mkdirSync(`${made}/DEBIAN`);
    fs.writeFileSync(`${made}/DEBIAN/control`, Object.entries(all).map(([field, value]) => `${field}: ${value}\n`).join(''));
    for (const [kind, text] of Object.entries(control)) fs.writeFileSync(`${made}/DEBIAN/${kind}`, text, { mode: 0o755 });
    const file = path.join(this.directory, `${name}_${all.Version}_${all.Architecture}.deb`);
    execFileSync('dpkg-deb', ['-Znone', '--root-owner-group', '--build', made, file], {
      stdio: 'ignore',
      env: { ...process.env, SOURCE_DATE_EPOCH: '1600000000' },
    });
    return this.list(file);
  }

  /**
   * A package with a data archive from a script.
   *
   * @param script makes `data.tar` in an empty directory
   */
  public addByHand(name: string, script: string): this {
    this.add(name);
    const made = temporaryDirectory();
    const file = path.join(this.directory, `${name}_1.0-1_amd64.deb`);
    execFileSync(
      'sh',
      ['-ec', `ar x ${file}; rm data.tar; ${script}\nar rc new.deb debian-binary control.tar data.tar; mv new.deb ${file}`],
      { cwd: made, stdio: 'ignore' },
    );
    this.stanzas.pop();
    return this.list(file);
  }

  /** Sources for apt that name it. */
  public sources(more = 'Trusted: yes\n'): string {
    fs.writeFileSync(path.join(this.directory, 'Packages'), this.stanzas.join('\n'));
    return `Types: deb\nURIs: copy:${this.directory}\nSuites: ./\n${more}`;
  }

  private list(file: string): this {
    const bytes = fs.readFileSync(file);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const control = execFileSync('dpkg-deb', ['-f', file], { encoding: 'utf8' });
    this.stanzas.push(`${control.trimEnd()}\nFilename: ./${path.basename(file)}\nSize: ${bytes.length}\nSHA256: ${sha256}\n`);
    return this;
  }
}
