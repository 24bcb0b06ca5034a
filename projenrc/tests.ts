/**
 * Tasks that test the library: `npm test`, its steps, and the tests that need nothing but Node.js.
 */
import type { awscdk } from 'projen';

const PACKAGES = [
  // unlike chromium, the headless shell needs no GTK, which is 50 packages
  'bash-static binutils bsdutils bubblewrap busybox-static ca-certificates chromium-headless-shell curl debian-archive-keyring',
  'elfutils file fish g++ gcc git gnupg jq libc6-dev lld musl-tools openssl perl php-cli podman python3 rig rpm ruby squashfs-tools',
  'strace uidmap unzip zip zsh',
].join(' ');

export function addTestTasks(project: awscdk.AwsCdkConstructLibrary): void {
  project.testTask.reset('test/all.sh', { env: { PACKAGES }, receiveArgs: true });
  // ts-jest compiles with the TypeScript compiler
  project.jest!.config.transform = { '^.+\\.ts$': '<rootDir>/test/transform.js' };
  project.deps.removeDependency('ts-jest');
  // a test starts a process by copying the page tables of its worker, which takes a millisecond of CPU time for each 50 MB
  project.jest!.config.workerIdleMemoryLimit = '150MB';
  // jest and `ts-node -T` strip types without checking them; one project, because each would check lib again
  for (const directory of ['examples', 'lib']) project.tsconfigDev.addInclude(`../${directory}/**/*.ts`);
  // the main module has the types of every AWS service, which are 500,000 lines more
  project.tsconfigDev.file.addOverride('compilerOptions.paths', { 'aws-cdk-lib': ['../node_modules/aws-cdk-lib/core/index.d.ts'] });
  const { parserOptions } = project.eslint!.config;
  delete parserOptions.projectService;
  parserOptions.project = ['test', 'projenrc', 'lib/inspect/page'].map((directory) => `./${directory}/tsconfig.json`);
  project.addTask('type-check', {
    description: 'Check the types of the tests, the examples and the page of the report',
    steps: ['test', 'lib/inspect/page'].map((directory) => ({ exec: `tsc -p ${directory}/tsconfig.json` })),
  });
  project.addTask('test:unit', {
    description: 'Run the tests that need nothing but Node.js: no Debian packages, no compiled library (test/**/*.unit.test.ts)',
    receiveArgs: true,
    steps: [{ execArgs: ['jest', '--ci', '\\.unit\\.test\\.ts$'], receiveArgs: true }],
  });
}
