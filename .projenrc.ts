import { awscdk, javascript, JsonFile } from 'projen';
import { addExampleTasks } from './projenrc/examples';
import { enforceLayers } from './projenrc/layers';
import { addGenerators, configurePublishing, PUBLISHING } from './projenrc/publishing';
import { addTestTasks } from './projenrc/tests';
import { addWeeklyWorkflow } from './projenrc/weekly';

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-binary-layer',
  description: 'AWS Lambda layers in which a Linux program runs: its libraries, loader, plug-ins and data found at synth',
  author: 'The cdk-binary-layer authors',
  authorAddress: 'cdk-binary-layer@users.noreply.github.com',
  repositoryUrl: 'https://github.com/cdk-binary-layer/cdk-binary-layer.git',
  license: 'Apache-2.0',
  keywords: ['aws', 'aws-cdk', 'awscdk', 'lambda', 'lambda-layer', 'binary', 'native', 'elf', 'ffmpeg', 'imagemagick'],
  defaultReleaseBranch: 'main',
  packageManager: javascript.NodePackageManager.NPM,
  projenrcTs: true,

  cdkVersion: '2.240.0',
  constructsVersion: '10.5.0',
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0.0',
  minNodeVersion: '20.15.0',
  // execa 6 and commander 15 are ESM only; jsii bundles what is no jsii module
  bundledDeps: [
    'cli-progress@^3.12.0', 'commander@^14', 'd3-hierarchy@^3.1.2', 'execa@5.1.1',
    'picocolors@^1.1.1', 'picomatch@^4', 'yazl@3.3.1',
  ],
  devDeps: [
    // strips types for jest: see test/transform.js
    'sucrase@^3.35.1',
    '@types/cli-progress@^3.11.6', '@types/node@^20', '@types/picomatch', '@types/yazl', 'aws-cdk@2.1148.1',
    '@jsii/runtime@1.140.0', 'eslint-plugin-regexp@^2.10.0', 'fast-check@^4.10.2',
    // the CycloneDX library validates bills of materials in tests, with these
    '@cyclonedx/cyclonedx-library@^10.3.0', 'ajv@^8.12.0', 'ajv-formats@^3.0.1', 'ajv-formats-draft2019@^1.6.1', 'playwright-core@^1.64.0',
    // a bundler; unlike the package esbuild, it has no install script
    'esbuild-wasm@^0.28.2',
    // reads the YAML of the documentation
    'js-yaml@^4.1.0',
    // examples: a local S3, the SDK that Lambda's Node.js runtime has, rules of cdk-nag that load with the oldest aws-cdk-lib
    's3rver@^3.7.1', '@aws-sdk/client-s3@^3.1175.0', 'cdk-nag@2.37.55',
  ],

  srcdir: 'lib',
  libdir: 'build',
  entrypoint: 'build/index.js',
  entrypointTypes: 'build/index.d.ts',
  sampleCode: false,
  bin: { 'binary-layer': 'build/cli/main.js' },

  // CI reports problems; `npx projen eslint --fix` fixes those that ESLint can fix
  eslintOptions: { dirs: ['lib'], devdirs: ['test', 'build-tools'], commandOptions: { fix: false } },
  jestOptions: {
    passWithNoTests: false,
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    jestConfig: {
      collectCoverage: false,
      // the default leaves one core of a small machine idle
      maxWorkers: '100%',
      setupFilesAfterEnv: ['<rootDir>/test/clean-up.js'],
      testTimeout: 120_000,
      testSequencer: '<rootDir>/test/sequencer.js',
    },
  },
  stability: 'experimental',
  gitignore: ['/cdk.out/', '/picture.png', '/examples/recipes/own-program/dist/'],
  ...PUBLISHING,
});
configurePublishing(project);
addGenerators(project);

// Source maps are a third of the package, and Node.js reads them only if it is told to.
project.tsconfig?.file.addOverride('compilerOptions.inlineSourceMap', false);
project.tsconfig?.file.addOverride('compilerOptions.inlineSources', false);

// Not every registry has each platform's package of 1.13.0, and npm ci refuses a lock file that lacks any.
// @jsii/runtime has its kernel built in, and not every registry has the kernel as a package.
project.package.addField('overrides', { 'unrs-resolver': '1.12.2', '@jsii/kernel': 'npm:@jsii/spec@1.140.0' });

// Most of the time that a small layer takes is spent on loading modules. One file loads in half the time: see lib/asset/on-demand.ts.
// It is made of the source: calls between modules of TypeScript stay calls, while in CommonJS they look functions up in objects.
const BUNDLE = '--bundle --packages=external --platform=node --target=node20.15 --minify-whitespace --minify-syntax';
const PLACES = '--outbase=lib --outdir=build --out-extension:.js=.bundle.js --log-level=warning';
const BUNDLED = 'lib/asset/stages.ts lib/pack/process.ts lib/cli/command-line.ts';
// Optimizing the WebAssembly of the bundler takes three times as long as bundling.
project.compileTask.exec(`node --liftoff-only node_modules/esbuild-wasm/bin/esbuild ${BUNDLED} ${BUNDLE} ${PLACES}`);

// the page of a report is read from where it is written
[
  '/.ci/', '/ARCHITECTURE.md', '/CODE_OF_CONDUCT.md', '/CONTRIBUTING.md', '/cdk.json', '/docs/', '/examples/',
].forEach((path) => project.addPackageIgnore(path));
['!/lib/inspect/', '/lib/inspect/page/tsconfig.json', '/lib/**/*.ts'].forEach((path) => project.addPackageIgnore(path));

enforceLayers(project.eslint!);
project.eslint?.addPlugins('regexp');
project.eslint?.addRules({
  // foreign text is never matched by a pattern that backtracks, or that starts anew at every character
  'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
  'regexp/no-super-linear-move': ['error', { report: 'potential' }],
  '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false, fixStyle: 'inline-type-imports' }],
  '@stylistic/max-len': ['error', { code: 140, ignoreUrls: true, ignoreRegExpLiterals: true }],
  'max-lines': ['error', { max: 250 }],
  // modes, segment flags and symbol flags are bits
  'no-bitwise': 'off',
  '@typescript-eslint/member-ordering': 'off',
});
// Tables of cases take more lines than code.
project.eslint?.addOverride({ files: ['test/**'], rules: { 'max-lines': ['error', { max: 400 }] } });
// Files longer than that, with the reason.
const LONG: Readonly<Record<string, string>> = {
  'lib/root/directory-root.ts': 'one class, all of the interface Root',
  'lib/binary-layer.ts': 'half of it is the documentation of the props, which API.md is generated from',
  'test/binary-layer.test.ts': 'its cases share one synthesis',
  'test/loader/search.test.ts': 'the acceptance table of the search rules',
  'test/plan/plan.test.ts': 'its cases share one root with compiled programs',
  'test/source/apt/apt.test.ts': 'its cases share one package repository',
  'test/source/image/image.test.ts': 'its cases share one registry',
};
project.eslint?.addOverride({ files: Object.keys(LONG), rules: { 'max-lines': 'off' } });
project.eslint?.addOverride({
  files: ['test/**'],
  rules: { 'regexp/no-super-linear-backtracking': 'off', 'regexp/no-super-linear-move': 'off' },
});
project.eslint?.addLintPattern('examples');
project.eslint?.addIgnorePattern('!lib/inspect/page/*.js');
project.eslint?.addLintPattern('lib/inspect/page/*.js');
project.eslint?.allowDevDeps('examples/**');

// A layer is packed by a process that runs the compiled library, so every task that packs compiles first.
const DEMO = 'bubblewrap busybox-static python3';
const BENCH = 'bubblewrap gcc libc6-dev unzip zip';
const TWO_LAYERS = 'bubblewrap file imagemagick python3 unzip';
const FIELD_SIZES = 'python3 strace';
addTestTasks(project);
addExampleTasks(project, DEMO);
addWeeklyWorkflow(project);
project.addTask('fuzz', {
  description: 'Read mutated files with every reader, as `npm run fuzz -- --cases 1000000 --seed 1`',
  steps: [{ exec: 'ts-node -T test/fuzz/run.ts', receiveArgs: true }],
});
project.addTask('fuzz:coverage', {
  description: 'Read files that Jazzer.js makes, guided by code coverage, with every reader, as `npm run fuzz:coverage -- --seconds 60`',
  steps: [{ exec: 'ts-node -T test/fuzz/coverage.ts', receiveArgs: true }],
});
project.addTask('conformance', {
  description: 'Compare with ld.so on whole systems, and start every program of this machine from a layer',
  steps: [{ spawn: 'compile' }, { exec: 'ts-node -T test/conformance/run.ts', receiveArgs: true }],
});
project.addTask('faults', {
  description: 'Break builds with kills, full disks, files that change, damaged caches and several apps at a time',
  steps: [{ exec: `test/setup.sh ${DEMO}` }, { spawn: 'compile' }, { exec: 'ts-node -T test/faults.ts' }],
});
project.addTask('bench', {
  description: 'Measure packing, unchanged synths and starts; options: --root, --programs, --against, --json, --docs',
  receiveArgs: true,
  steps: [{ exec: `test/setup.sh ${BENCH}` }, { spawn: 'compile' }, { exec: 'ts-node -T test/bench/bench.ts', receiveArgs: true }],
});
project.addTask('agreement', {
  description: 'Compare the libraries found with those that ld.so loads, for every program and library below the given directories',
  receiveArgs: true,
  steps: [{ exec: 'ts-node -T test/agreement.ts', receiveArgs: true }],
});
project.addTask('two-layers', {
  description: 'Run the layers of two distributions in one function; argument: the root directory of another Debian',
  receiveArgs: true,
  steps: [{ exec: `test/setup.sh ${TWO_LAYERS}` }, { exec: 'ts-node -T test/two-layers.ts', receiveArgs: true }],
});
project.addTask('fat-and-lean', {
  description: 'Compare layers from a root and from one with more packages; arguments: both root directories, programs',
  receiveArgs: true,
  steps: [{ exec: 'ts-node -T test/fat-and-lean.ts', receiveArgs: true }],
});
project.addTask('slim-sizes', {
  description: 'How large the slim layers of the field trial\'s programs are: npm run slim-sizes -- FIELD-TRIAL ROOT…',
  receiveArgs: true,
  steps: [{ exec: `test/setup.sh ${FIELD_SIZES}` }, { spawn: 'compile' }, { exec: 'python3 test/slim-sizes.py', receiveArgs: true }],
});
project.addTask('field-sizes', {
  description: 'Compare the sizes of layers with those that exodus makes; arguments: the directory of a field trial, names of programs',
  receiveArgs: true,
  steps: [{ exec: `test/setup.sh ${FIELD_SIZES}` }, { spawn: 'compile' }, { exec: 'python3 test/field-sizes.py', receiveArgs: true }],
});
// Node 20 stays the minimum; without this, jsii prints eleven lines about its end of life, for every command
project.tasks.addEnvironment('JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION', '20');

new JsonFile(project, 'examples/tsconfig.json', {
  obj: { extends: '../tsconfig.json', compilerOptions: { noEmit: true, rootDir: '..' }, include: ['**/*.ts'] },
});
// the script of the HTML report runs in a browser
new JsonFile(project, 'lib/inspect/page/tsconfig.json', {
  obj: {
    compilerOptions: {
      ...{ allowJs: true, checkJs: true, noEmit: true, strict: true, skipDefaultLibCheck: true },
      ...{ target: 'ES2022', lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: [] },
    },
    include: ['*.js', '*.d.ts'],
  },
});
new JsonFile(project, 'cdk.json', { obj: { app: 'npx ts-node -T examples/rig/app.ts' } });

project.synth();
