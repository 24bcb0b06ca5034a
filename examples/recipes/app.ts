/**
 * Deploys one of the recipes. The layers of the others are not made:
 *
 *     npx projen compile && npx cdk deploy --app 'npx ts-node -T examples/recipes/app.ts' PdfPages
 */
import { App } from 'aws-cdk-lib';
import { recipes } from './recipes';

recipes(new App());
