/**
 * Files that hold credentials, judged by their name or content. They are skipped in a directory or glob that the user includes: they are
 * meant for the developer, and everyone who may use the layer could read them.
 */
import * as path from 'path';
import type { Root } from '../../root/root';

/** Start of each reason. The notice about skipped secrets finds the files by this text. */
export const SECRET = 'may be secret: ';

/** Names of private keys, and of files and directories in which programs keep credentials, such as database clients and cloud tools. */
const NAMES = new RegExp(
  '^(?:' +
    [
      '\\.git|\\.hg|\\.svn|\\.git-credentials',
      '\\.env.*',
      '\\.npmrc|\\.yarnrc\\.yml|\\.pypirc|\\.netrc|_netrc|\\.pgpass|\\.my\\.cnf|\\.htpasswd',
      '\\.aws|\\.azure|\\.kube|\\.docker|\\.ssh|\\.gnupg|\\.terraform',
      'id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?',
      '.*\\.(?:p12|pfx|ppk|jks|keystore)',
    ].join('|') +
    ')$',
);

const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/;
/** Maximum size of a file that is searched for a key, in bytes. Files with keys have a few kilobytes, or more with a certificate chain. */
const MOST_BYTES = 1024 * 1024;

export function privateKeyIn(text: string): boolean {
  return PRIVATE_KEY.test(text);
}

/**
 * Recognizes a file or directory with credentials.
 *
 * @param real a resolved path
 * @returns the kind of secret, or `undefined`
 */
export function secretIn(root: Root, real: string): string | undefined {
  const name = path.posix.basename(real);
  if (NAMES.test(name)) return `${SECRET}${name} often holds credentials`;
  const status = root.status(real);
  if (status?.type !== 'file' || status.size > MOST_BYTES || !root.isReadable(real)) return undefined;
  return privateKeyIn(root.read(real).toString('latin1')) ? `${SECRET}it contains a private key` : undefined;
}
