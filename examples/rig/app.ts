/**
 * A function whose layer holds `rig`, which makes up a name and an address.
 */
import { App } from 'aws-cdk-lib';
import { RigStack } from './stack';

new RigStack(new App(), 'Rig');
