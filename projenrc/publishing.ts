/**
 * Where and how the project is published: package managers of five languages, GitHub workflows.
 */
import { type awscdk, javascript, release } from 'projen';

export const VERSION = '0.1.0';

export const PUBLISHING: Partial<awscdk.AwsCdkConstructLibraryOptions> = {
  publishToPypi: { distName: 'cdk-binary-layer', module: 'cdk_binary_layer', trustedPublishing: true },
  publishToMaven: {
    mavenGroupId: 'io.github.cdk-binary-layer', mavenArtifactId: 'cdk-binary-layer', javaPackage: 'io.github.cdkbinarylayer',
  },
  publishToNuget: { packageId: 'CdkBinaryLayer', dotNetNamespace: 'CdkBinaryLayer' },
  publishToGo: { moduleName: 'github.com/cdk-binary-layer/cdk-binary-layer-go' },

  githubOptions: { mergify: false, pullRequestLintOptions: { semanticTitle: false } },
  workflowNodeVersion: '22.x',
  buildWorkflowOptions: { mutableBuild: false },
  // implies provenance
  npmTrustedPublishing: true,
  releaseTrigger: release.ReleaseTrigger.workflowDispatch(),
  // the newest version in the changelog
  nextVersionCommand: 'node -p "fs.readFileSync(\'CHANGELOG.md\', \'utf8\').match(/^## ([0-9.]+)/m)[1]"',
  bumpPackage: 'commit-and-tag-version@^13',
  depsUpgradeOptions: { workflowOptions: { schedule: javascript.UpgradeDependenciesSchedule.WEEKLY } },
};

/** The tests install Debian packages and make sandboxes with bubblewrap. */
export const DEBIAN = { image: 'node:22-bookworm', options: '--privileged' };

/** Add the tasks that generate files of the package. */
export function addGenerators(project: awscdk.AwsCdkConstructLibrary): void {
  project.package.addField('man', ['man/binary-layer.1']);
  project.addTask('man', {
    description: 'Write the manual page of binary-layer from the definitions of its commands',
    steps: [{ exec: 'ts-node -T test/man.ts' }],
  });
  project.tasks.tryFind('docgen')?.exec('ts-node -T test/api-reference.ts');
  project.addTask('notice', {
    description: 'Write the licences of the bundled packages to NOTICE',
    steps: [{ exec: 'ts-node -T test/notice.ts' }],
  });
  project.addTask('screenshot', {
    description: 'Write docs/report.png: the HTML report of a layer, which the argument names, in Chromium',
    receiveArgs: true,
    steps: [{ exec: 'ts-node -T test/screenshot.ts', receiveArgs: true }],
  });
  project.addTask('first-run', {
    description: 'Write docs/first-run.md: the first commands of the README, on a Debian 12 where only Node.js is installed',
    steps: [{ exec: 'test/first-run.sh' }],
  });
  // translated examples, written by jsii-rosetta
  project.gitignore.exclude('.jsii.tabl.json');
  project.addPackageIgnore('.jsii.tabl.json');
  project.addTask('pack-languages', {
    description: 'Translate the examples of the README, and generate the packages for Python, Java, .NET and Go without compiling them',
    steps: [{ exec: 'jsii-rosetta extract --strict --compile --fail .jsii' }, { exec: 'jsii-pacmak --code-only --outdir dist/code' }],
  });
}

/** Set what has no option in projen. */
export function configurePublishing(project: awscdk.AwsCdkConstructLibrary): void {
  project.package.file.addOverride('version', VERSION);
  // projen would set it to 0.0.0
  project.tasks.tryFind('unbump')?.reset('git checkout package.json', { name: 'Restore the version in package.json' });
  // Only a release needs it, and finds it through npx. It has more than a hundred dependencies.
  project.deps.removeDependency('commit-and-tag-version');
  project.buildWorkflow?.addPostBuildSteps({ name: 'Generate the packages of all languages', run: 'npx projen pack-languages' });
  project.github?.tryFindWorkflow('build')?.file?.addOverride('jobs.build.container', DEBIAN);
  project.github?.tryFindWorkflow('release')?.file?.addOverride('jobs.release.container', DEBIAN);
}
