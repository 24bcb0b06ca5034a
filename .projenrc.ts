import { awscdk, javascript, JsonFile } from 'projen';

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-binary-layer',
  description: 'AWS Lambda layers in which a Linux program runs: its libraries, loader, plug-ins and data found at synth',
  author: 'The cdk-binary-layer authors',
  authorAddress: 'cdk-binary-layer@users.noreply.github.com',
  repositoryUrl: 'https://github.com/cdk-binary-layer/cdk-binary-layer.git',
  license: 'Apache-2.0',
  keywords: ['aws', 'cdk', 'lambda', 'layer', 'binary', 'elf', 'ffmpeg', 'imagemagick'],
  defaultReleaseBranch: 'main',
  packageManager: javascript.NodePackageManager.NPM,
  projenrcTs: true,

  cdkVersion: '2.240.0',
  constructsVersion: '10.5.0',
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0.0',
  minNodeVersion: '20.0.0',
  // execa 6 and commander 15 are ESM only; jsii bundles what is no jsii module
  bundledDeps: [
    '@cyclonedx/cyclonedx-library@^10.3.0', 'cli-progress@^3.12.0', 'commander@^14', 'd3-hierarchy@^3.1.2', 'execa@5.1.1',
    'picocolors@^1.1.1', 'picomatch@^4', 'tar@^7.5.0', 'yazl@^3.3.1',
  ],
  devDeps: [
    '@types/cli-progress@^3.11.6', '@types/node@^20', '@types/picomatch', '@types/yazl', 'aws-cdk@2.1148.1',
    // what the CycloneDX library checks its own output with, where it is there
    'ajv@^8.12.0', 'ajv-formats@^3.0.1', 'ajv-formats-draft2019@^1.6.1', 'playwright-core@^1.64.0',
  ],

  srcdir: 'lib',
  libdir: 'build',
  entrypoint: 'build/index.js',
  entrypointTypes: 'build/index.d.ts',
  sampleCode: false,
  bin: { 'binary-layer': 'build/cli/main.js' },

  jestOptions: {
    passWithNoTests: false,
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    jestConfig: {
      collectCoverage: false,
      setupFilesAfterEnv: ['aws-cdk-lib/testhelpers/jest-autoclean'],
      testTimeout: 120_000,
    },
  },
  github: false,
  release: false,
  depsUpgrade: false,
  gitignore: ['/cdk.out/'],
});

// Not every registry has each platform's package of 1.13.0, and npm ci refuses a lock file that lacks any.
project.package.addField('overrides', { 'unrs-resolver': '1.12.2' });

// the page of a report is read from where it is written
['/.ci/', '/cdk.json', '/examples/', '!/lib/inspect/', '/lib/**/*.ts'].forEach((path) => project.addPackageIgnore(path));

// flags of modes, segments and symbols are bits
project.eslint?.addRules({ 'no-bitwise': 'off', '@typescript-eslint/member-ordering': 'off' });
project.eslint?.addLintPattern('examples');
project.eslint?.allowDevDeps('examples/**');

// What packs is a process of its own, which runs the compiled library: everything that packs compiles first.
const DEMO = 'bubblewrap python3';
const BENCH = 'bubblewrap gcc libc6-dev unzip zip';
const TEST = [
  'bash-static binutils bsdutils bubblewrap busybox-static ca-certificates chromium curl elfutils file gcc git gnupg jq libc6-dev lld musl-tools',
  'fish openssl perl php-cli podman python3 rig rpm ruby strace unzip zip zsh',
].join(' ');
project.testTask.prependSpawn(project.compileTask);
project.testTask.prependExec(`test/setup.sh ${TEST}`);
project.addTask('demo', {
  description: 'Call the function of examples/rig with its layer, in a sandbox like Lambda',
  steps: [{ exec: `test/setup.sh ${DEMO}` }, { spawn: 'compile' }, { exec: 'ts-node -T examples/rig/demo.ts' }],
});
project.addTask('bench', {
  description: 'Measure packing and start-up against the way by hand, and the installed programs',
  steps: [{ exec: `test/setup.sh ${BENCH}` }, { spawn: 'compile' }, { exec: 'ts-node -T test/bench/bench.ts' }],
});

new JsonFile(project, 'examples/tsconfig.json', {
  obj: { extends: '../tsconfig.json', compilerOptions: { noEmit: true, rootDir: '..' }, include: ['**/*.ts'] },
});
new JsonFile(project, 'cdk.json', { obj: { app: 'npx ts-node examples/rig/app.ts' } });

project.synth();
