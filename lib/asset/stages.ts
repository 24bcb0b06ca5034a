/**
 * The stages of making a layer. Each is loaded when it is first called: most layers are not tested, slimmed or reported on.
 *
 * Compilation bundles this file with everything that it imports, see `on-demand.ts`.
 */
/* eslint-disable @typescript-eslint/no-require-imports */
export const planning = () => require('../plan/plan-layer') as typeof import('../plan/plan-layer');
export const roots = () => require('../root/open-root') as typeof import('../root/open-root');
export const reports = () => require('../plan/report') as typeof import('../plan/report');
export const trials = () => require('../sandbox/trial') as typeof import('../sandbox/trial');
export const slimming = () => require('../workload/slim') as typeof import('../workload/slim');
export const savings = () => require('../workload/saving') as typeof import('../workload/saving');
