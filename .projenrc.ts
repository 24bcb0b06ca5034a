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
  // execa 6 and yazl's successors are ESM only; jsii bundles what is no jsii module
  bundledDeps: ['execa@5.1.1', 'picomatch@^4', 'yazl@^3.3.1'],
  devDeps: ['@types/node@^20', '@types/picomatch', '@types/yazl', 'aws-cdk@2.1148.1'],

  srcdir: 'lib',
  libdir: 'build',
  entrypoint: 'build/index.js',
  entrypointTypes: 'build/index.d.ts',
  sampleCode: false,

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

// flags of modes, segments and symbols are bits
project.eslint?.addRules({ 'no-bitwise': 'off', '@typescript-eslint/member-ordering': 'off' });

// what packs is a process of its own, which runs the compiled library
project.testTask.prependSpawn(project.compileTask);

new JsonFile(project, 'cdk.json', { obj: { app: 'npx ts-node examples/rig/app.ts' } });

project.synth();
