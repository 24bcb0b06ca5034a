/**
 * Compares the resolver with the machine's own loader for every executable and library of the machine.
 *
 * usage: npx ts-node test/agreement.ts [--tree] [--root ROOT] [DIRECTORY ...]      (default: /usr/bin /usr/sbin /usr/lib of /)
 *
 * With `--tree`, compares the output of `binary-layer tree`. Exit status 1: something differs. `npm run conformance` does this for whole
 * systems.
 */
import { parseArgs } from 'util';
import { agreement, reportOf } from './conformance/loader';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { tree: { type: 'boolean' }, root: { type: 'string' } }, allowPositionals: true });
  const directories = positionals.length > 0 ? positionals : ['/usr/bin', '/usr/sbin', '/usr/lib'];
  const cwd = values.root === undefined ? process.cwd() : '/';
  const compared = await agreement(values.root ?? '/', directories, { tree: values.tree, cwd });
  console.log(reportOf(compared).join('\n'));
  process.exitCode = compared.differences.length > 0 ? 1 : 0;
}

void main();
