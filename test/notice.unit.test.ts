import * as fs from 'fs';
import * as path from 'path';
import { notice } from './notice';

const ROOT = path.join(__dirname, '..');

test('NOTICE has the licences of the packages that are bundled now: npm run notice', () => {
  expect(fs.readFileSync(path.join(ROOT, 'NOTICE'), 'utf8')).toBe(notice());
});

test('NOTICE names every direct dependency that is bundled', () => {
  const { bundledDependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { bundledDependencies: string[] };
  const titles = notice().split('\n');
  expect(bundledDependencies.filter((name) => !titles.some((line) => line.startsWith(`${name} `)))).toEqual([]);
});
