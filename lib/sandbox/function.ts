/**
 * A place like that of a function, made by bubblewrap: what is the same whether a layer is tried or a command is run in it.
 */
import { USER } from './bubblewrap';

/** What a function's processes find; a runtime adds to it what is its own. */
export const ENVIRONMENT = {
  PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
  LAMBDA_TASK_ROOT: '/var/task',
  LAMBDA_RUNTIME_DIR: '/var/runtime',
  AWS_LAMBDA_FUNCTION_NAME: 'trial',
  AWS_REGION: 'us-east-1',
};

/** Options of bubblewrap: nobody's privileges, and no other process to be seen. A session of its own has no terminal into which it could type (TIOCSTI). */
export const ISOLATION = [
  '--unshare-user', '--unshare-pid', '--unshare-ipc', '--uid', String(USER.uid), '--gid', String(USER.gid), '--die-with-parent', '--new-session',
];
