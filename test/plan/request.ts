/**
 * The request for a layer, for tests and for programs that run without jest.
 */
import type { LayerRequest } from '../../lib/plan/plan-layer';

export function request(binary: string, more: Partial<LayerRequest> = {}): LayerRequest {
  return {
    binaries: [binary],
    rename: {},
    include: [],
    exclude: [],
    detectData: false,
    traceCommands: [],
    searchPath: ['/usr/bin'],
    libraryPath: '',
    cwd: '/work',
    ...more,
  };
}
