/**
 * What is wrong with a command line: exit status 2.
 */
import { LayerError } from '../error';

export class UsageError extends LayerError {}
