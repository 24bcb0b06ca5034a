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
const DEBIAN = { image: 'node:22-bookworm', options: '--privileged' };

/** Set what has no option in projen. */
export function configurePublishing(project: awscdk.AwsCdkConstructLibrary): void {
  project.package.file.addOverride('version', VERSION);
  // projen would set it to 0.0.0
  project.tasks.tryFind('unbump')?.reset('git checkout package.json', { name: 'Restore the version in package.json' });
  // Only a release needs it, and finds it through npx. It has more than a hundred dependencies.
  project.deps.removeDependency('commit-and-tag-version');
  project.github?.tryFindWorkflow('build')?.file?.addOverride('jobs.build.container', DEBIAN);
  project.github?.tryFindWorkflow('release')?.file?.addOverride('jobs.release.container', DEBIAN);
}
