/**
 * The functions of the recipes that need few packages, called in the sandbox. The others are in recipes.large.ts.
 */
import type { Assembly } from './lambda';
import { synthesize } from './synthesize';
import { recipes } from '../../examples/recipes/recipes';

let assembly: Assembly;
beforeAll(() => {
  assembly = synthesize(recipes, { 'aws:cdk:bundling-stacks': ['JsonReport', 'NodejsUser', 'OwnProgram', 'PythonUser', 'SharedLayer'] });
}, 300_000);

test('OwnProgram runs the program that the app built', async () => {
  expect(await assembly.call('OwnProgram', 'Function', { text: 'aabb  aabb' })).toEqual({ words: 2, entropy: 1.522 });
});

test('JsonReport runs the script with its interpreter and the commands that it calls', async () => {
  const events = [{ user: 'ann', bytes: 5 }, { user: 'bob', bytes: 7 }, { user: 'ann', bytes: 4 }];
  expect(await assembly.call('JsonReport', 'Function', { events })).toEqual({ report: ['9\tann', '7\tbob'] });
});

test.each(['PythonUser', 'NodejsUser'])('%s uses the layer of another stack', async (stack) => {
  expect(await assembly.call(stack, 'Function', { b: 1, a: 2 }, { layersOf: 'SharedLayer' })).toEqual({ keys: ['a', 'b'] });
  const { Layers: layers } = assembly.resource(stack, 'AWS::Lambda::Function', 'Function');
  expect(layers).toEqual([{ Ref: expect.stringMatching(/^SsmParameterValue/) }]);
});
