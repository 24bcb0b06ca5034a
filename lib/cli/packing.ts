/**
 * The packing process of a command. While the command plans the layer, the process compresses files that the layer may contain.
 *
 * `lib/asset/packing.ts` does the same for constructs, which wait for the process synchronously.
 */
import type { ChildProcess } from 'child_process';
import type { Readable } from 'stream';
import { LayerError } from '../error';
import type { Answer, FilesAhead, Packing } from '../pack/process';
import type { Packed, Progress } from '../pack/zip';
import { packedPlan, type Plan } from '../plan/layout/plan';
import { startChild } from '../process/child';
import { nodeEnvironment } from '../process/environment';
import { ownFile, PACK } from '../process/own-file';
import { unfinished } from '../process/whole-file';
import type { RootPath } from '../root/paths';

export class PackingProcess {
  private readonly child: ChildProcess;
  private readonly foreseen = new Set<RootPath>();
  /** the end of the child, or why it could not be started */
  private readonly ended: Promise<Error | undefined>;

  constructor() {
    const options = { environment: nodeEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'] };
    // detached, so that signals of the terminal such as Ctrl+C reach only this process, which ends the child and removes unfinished files
    this.child = startChild(process.execPath, [ownFile(PACK)], { ...options, detached: true, diesWithParent: false });
    this.ended = new Promise((resolve) => void this.child.on('error', resolve).once('exit', () => resolve(undefined)));
    const { stdin, stdout, stderr } = this.child;
    // ignored here, because `zip` reports that the child has ended
    for (const pipe of [stdin, stdout, stderr]) pipe?.on('error', () => {});
  }

  /**
   * Lets the process compress files that the layer may contain.
   *
   * @param root the location of the root that contains the files: see `openRoot`
   * @param files resolved paths of the files in this root
   */
  public foresee(root: string, files: readonly RootPath[]): void {
    const ahead = files.filter((real) => !this.foreseen.has(real));
    for (const real of ahead) this.foreseen.add(real);
    if (ahead.length > 0) this.tell({ ahead, root });
  }

  /**
   * Writes a plan's zip, whole or not at all.
   *
   * @param file absolute path; the file is replaced if it exists
   * @throws LayerError if the zip cannot be made; Error if the process ends
   */
  public async zip(plan: Plan, file: string, progress: Progress): Promise<Packed> {
    const { stdout, stderr } = this.child;
    const problems = stderr ? textOf(stderr) : '';
    this.tell({ plan: packedPlan(plan), file, temporary: unfinished(file), isKept: false, reports: true });
    for await (const line of stdout ? linesOf(stdout) : []) {
      const answer = JSON.parse(line) as Answer;
      if (answer.packed) return answer.packed;
      if (answer.problem !== undefined) throw errorOf(answer.problem, answer);
      progress(answer.done!);
    }
    const failure = await this.ended;
    const { signalCode } = this.child;
    const reasons = [failure?.message, signalCode && `killed by ${signalCode}`, (await problems).trim()].filter(Boolean);
    throw new Error(['packing failed, nothing was written: the packing process ended', ...reasons].join(': '));
  }

  /** Ends the process, even if it is still at work. */
  public end(): void {
    this.child.kill('SIGKILL');
    for (const pipe of [this.child.stdin, this.child.stdout, this.child.stderr]) pipe?.destroy();
  }

  private tell(line: FilesAhead | Packing): void {
    this.child.stdin?.write(`${JSON.stringify(line)}\n`);
  }
}

/** The error that the child reports. */
function errorOf(problem: string, { options, defect }: Answer): Error {
  if (options !== undefined) return new LayerError(problem, ...options);
  return defect === undefined ? new Error(problem) : Object.assign(new TypeError(problem), { stack: defect });
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const part of stream.setEncoding('utf8')) {
    const lines = (rest + part).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
}

/** The text of a stream, up to its end or until it is destroyed. */
async function textOf(stream: Readable): Promise<string> {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  await new Promise((resolve) => stream.once('close', resolve));
  return text;
}
