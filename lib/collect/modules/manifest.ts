/**
 * Manifests of package managers: `package.json`, `composer.json`.
 */
import type { Root } from '../../root/root';

/** Maximum size of a manifest that is parsed, in bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

/** @returns an empty manifest if the file is absent, too large, or not a JSON object */
export function manifestAt(path: string, root: Root): Readonly<Record<string, unknown>> {
  const file = root.file(path);
  if (file === undefined || root.status(file)!.size > MOST_BYTES) return {};
  try {
    const manifest: unknown = JSON.parse(root.read(file).toString('utf8'));
    return isObject(manifest) ? manifest : {};
  } catch {
    return {};
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
