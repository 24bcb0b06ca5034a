/**
 * Three kinds of absolute path, told apart by their types.
 *
 * A `RootPath` is resolved inside a source's root: `/usr/bin/rig`. A `MachinePath` is where this machine has it: `/tmp/root/usr/bin/rig`;
 * only lib/root opens one. A `LayerPath` is below the mirrored root of a layer: `/usr/bin/rig`, or `/app/dist/tool` for a program of
 * the user's own.
 */
declare const kind: unique symbol;

export type RootPath = string & { readonly [kind]?: 'root' };
export type MachinePath = string & { readonly [kind]?: 'machine' };
export type LayerPath = string & { readonly [kind]?: 'layer' };
