/**
 * Three kinds of absolute path, distinguished by their types.
 *
 * A `RootPath` is resolved inside a source's root: `/usr/bin/rig`. Its type accepts any string except paths of the other kinds.
 * A `MachinePath` is the path of a file on this machine, `/tmp/root/usr/bin/rig`; only lib/root opens such paths. A `LayerPath` is relative
 * to the mirrored root of a layer, `/opt/elf/KEY`: `/usr/bin/rig`, or `/app/dist/tool` for a program of the user's own.
 */
declare const kind: unique symbol;

export type RootPath = string & { readonly [kind]?: 'root' };
export type MachinePath = string & { readonly [kind]: 'machine' };
export type LayerPath = string & { readonly [kind]: 'layer' };

export function machinePath(path: string): MachinePath {
  return path as MachinePath;
}

export function layerPath(path: string): LayerPath {
  return path as LayerPath;
}
