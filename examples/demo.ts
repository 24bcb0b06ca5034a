/**
 * What the demos share: a directory for their files, and the synthesis of an example.
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import * as execa from 'execa';
import { Assembly, checkSandbox } from '../test/examples/lambda';

/** Runs a demo with an empty directory. Prints the message of an error, and exits with 1 then. */
export async function demo(run: (work: string) => Promise<void>): Promise<void> {
  process.umask(0o022);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'demo-'));
  try {
    fs.chmodSync(work, 0o755); // the sandbox drops root's privileges
    await checkSandbox(work);
    await run(work);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    fs.rmSync(work, { recursive: true });
  }
}

/** The assembly of an example, synthesized by the CDK's command into `cdk.out`. */
export function synthesize(work: string, app: string, root: readonly string[], ...options: string[]): Assembly {
  const output = path.join(work, 'cdk.out');
  execa.sync('cdk', ['synth', '--quiet', '--no-notices', '--app', `ts-node -T ${app}`, '--output', output, ...options], {
    preferLocal: true,
    stdio: 'inherit',
    env: { CDK_DISABLE_CLI_TELEMETRY: 'true' },
  });
  const unpacked = path.join(work, 'layers');
  fs.mkdirSync(unpacked);
  return new Assembly(output, unpacked, root);
}
