/**
 * A place like that of a function, made by bubblewrap: what is the same whether a layer is tried or a command is run in it.
 */
import { USER } from './bubblewrap';

/** Options of bubblewrap: nobody's privileges, and no other process to be seen. A session of its own has no terminal into which it could type (TIOCSTI). */
export const ISOLATION = [
  '--unshare-user', '--unshare-pid', '--unshare-ipc', '--uid', String(USER.uid), '--gid', String(USER.gid), '--die-with-parent', '--new-session',
];
