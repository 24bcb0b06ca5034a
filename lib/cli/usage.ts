/**
 * A wrong command line: exit code 2.
 */
import { LayerError } from '../error';

export class UsageError extends LayerError {}
