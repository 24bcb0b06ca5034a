/**
 * `binary-layer slim PROGRAM… --workload COMMAND`: makes a layer that contains only what the commands use. Prints a line for each run and
 * a table of what was left out.
 */
import { Command } from 'commander';
import { addLayerOptions, build, type BuildOptions } from './build';
import { UsageError } from './usage';

export function slimCommand(): Command {
  return addLayerOptions(new Command('slim').description('make a layer that contains only what commands use'))
    .addHelpText('after', `
Examples:
  $ binary-layer slim jq -w "jq -n '{a: 1} | .a'"
  $ binary-layer slim ffmpeg -w 'ffmpeg -i in.mp4 -c:v libx264 -c:a aac /tmp/o.mp4' --workload-files ./samples
  $ binary-layer slim ffmpeg -w 'ffmpeg -i in.mp4 /tmp/o.webm' --keep 'libx265.so.*' --lock ffmpeg.lock.json -o layer.zip

The commands run under strace in a sandbox, with the layer at /opt. An existing --lock file is overwritten.
Standard output contains only the path of the layer, or JSON with --json. All messages are on standard error.
Exit codes: 0; 1 if the layer cannot be made or a command fails (nothing is written); 2 if the command line is wrong.`)
    .action(async (programs: string[], options: BuildOptions) => {
      if (options.workload.length === 0) throw new UsageError('slim needs --workload: expected at least one command line');
      await build(programs, options, true);
    });
}
