/**
 * The weekly GitHub workflow: checks that take long and download much, so pull requests do not run them.
 */
import { type awscdk, github } from 'projen';
import { DEBIAN } from './publishing';

const JOBS: ReadonlyArray<readonly [task: string, name: string]> = [
  ['recipes', 'Call the functions of all recipes'],
  ['fresh-app', 'Synthesize new apps with the packed library'],
];

export function addWeeklyWorkflow(project: awscdk.AwsCdkConstructLibrary): void {
  const workflow = project.github!.addWorkflow('weekly');
  workflow.on({ schedule: [{ cron: '0 4 * * 1' }], workflowDispatch: {} });
  workflow.addJobs(Object.fromEntries(JOBS.map(([task, name]) => [task, {
    name,
    runsOn: ['ubuntu-latest'],
    permissions: { contents: github.workflows.JobPermission.READ },
    env: { CI: 'true' },
    steps: [
      github.WorkflowSteps.checkout(),
      { name: 'Install dependencies', run: 'npm ci' },
      { name, run: `npm run ${task}` },
    ],
  }])));
  // projen would write its options as a list
  for (const [task] of JOBS) workflow.file?.addOverride(`jobs.${task}.container`, DEBIAN);
}
