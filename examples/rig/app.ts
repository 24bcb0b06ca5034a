/**
 * A function whose layer holds `rig`, which makes up a name and an address. Where no rig is installed, it is Debian's.
 */
import * as fs from 'fs';
import * as path from 'path';
import { App } from 'aws-cdk-lib';
import { RigStack } from './stack';
import { BinarySource } from '../../lib';

const isInstalled = (process.env.PATH ?? '').split(':').some((directory) => fs.existsSync(path.join(directory, 'rig')));

new RigStack(new App(), 'Rig', { source: isInstalled ? BinarySource.host() : BinarySource.apt(['rig']) });
