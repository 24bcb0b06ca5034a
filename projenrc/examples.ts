/**
 * Tasks that run the examples, and the packed library in new apps.
 */
import type { awscdk } from 'projen';

const CONVERT = 'bubblewrap busybox-static debian-archive-keyring';
const RECIPES = `${CONVERT} default-jdk-headless gcc git jq libc6-dev openssl`;

/** @param demo Debian packages that a sandbox with Python needs */
export function addExampleTasks(project: awscdk.AwsCdkConstructLibrary, demo: string): void {
  const addTask = (name: string, description: string, packages: string, exec: string) => project.addTask(name, {
    description,
    steps: [{ exec: `test/setup.sh ${packages}` }, { spawn: 'compile' }, { exec, receiveArgs: true }],
  });
  addTask('demo', 'Call the function of examples/rig with its layer, in a sandbox like Lambda', demo, 'ts-node -T examples/rig/demo.ts');
  addTask(
    'demo:convert', 'Call the function of examples/convert with a local S3 and a local webhook; with --nodejs, the one in Node.js',
    CONVERT, 'ts-node -T examples/convert/demo.ts',
  );
  addTask(
    'recipes', 'Call the functions of all recipes in examples/recipes, those with many packages included (700 MB to download)',
    RECIPES, 'jest --ci --runInBand --testMatch "**/test/examples/recipes.*.ts"',
  );
  addTask(
    'fresh-app', 'Synthesize new apps with the packed library: TypeScript and JavaScript, oldest and newest aws-cdk-lib, Node.js 22 and 24',
    demo, 'test/fresh-app.sh',
  );
}
