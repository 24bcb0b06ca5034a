/**
 * The error for a wrong command line. The exit code is then 2.
 */
import { LayerError } from '../error';

export class UsageError extends LayerError {}
