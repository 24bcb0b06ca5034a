/**
 * A place like that of a function, made by bubblewrap: what is the same whether a layer is tried or a command is run in it.
 */

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

/** Of the sandbox, as on Lambda; root's own rights would let a program read what it cannot read there. */
export const USER = { uid: 993, gid: 990 };

/** Options of bubblewrap: nobody's privileges, and no other process to be seen. A session of its own has no terminal into which it could type (TIOCSTI). */
export const ISOLATION = [
  '--unshare-user', '--unshare-pid', '--unshare-ipc', '--uid', String(USER.uid), '--gid', String(USER.gid), '--die-with-parent', '--new-session',
];

/** Who starts bubblewrap: root gives itself up before. */
export function starter(): Partial<typeof USER> {
  return process.geteuid?.() === 0 ? USER : {};
}

/** What to do where bubblewrap is not there. */
export const INSTALL = 'no bwrap is on PATH: install it on the machine that synthesizes, as with apt-get install bubblewrap';

/** What to do where bubblewrap may not do its work. */
export const ALLOW = [
  '  it needs user namespaces: allow them, as with sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), kernel.unprivileged_userns_clone=1 (Debian)',
  '  or user.max_user_namespaces=10000; start a container with --privileged',
].join('\n');
