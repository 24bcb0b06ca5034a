/**
 * The order of the test files: those that take long start first, so that no processor is idle at the end. jest orders them by their size
 * if it has not run them on a machine before, and these are short.
 */
const { default: Sequencer } = require('@jest/test-sequencer');

const SLOW = [
  'bundled-app', 'cli/build', 'collect/https', 'collect/isolation', 'collect/real', 'collect/script-modules', 'examples/convert',
  'examples/recipes', 'inspect/page', 'languages', 'pack/compress', 'plan/automatic-compression', 'plan/plan', 'plan/replaced-paths',
  'readme.unit', 'source/apt/apt', 'source/image/image',
];

class SlowFirst extends Sequencer {
  sort(tests) {
    const isSlow = ({ path }) => SLOW.some((name) => path.endsWith(`/test/${name}.test.ts`));
    const sorted = super.sort(tests);
    return [...sorted.filter(isSlow), ...sorted.filter((test) => !isSlow(test))];
  }
}

module.exports = SlowFirst;
