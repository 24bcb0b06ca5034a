import * as fs from 'fs';
import * as path from 'path';
import { manPage } from './man';
import { program } from '../lib/cli/command-line';

const ROOT = path.join(__dirname, '..');

test('the manual page is up to date: npm run man', () => {
  expect(fs.readFileSync(path.join(ROOT, 'man', 'binary-layer.1'), 'utf8')).toBe(manPage());
});

test('npm installs the manual page', () => {
  expect(JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')).man).toEqual(['man/binary-layer.1']);
});

test('the manual page has every command and every option', () => {
  const page = manPage().replaceAll('\\-', '-');
  for (const command of program().commands) {
    expect(page).toContain(`.B binary-layer ${command.name()}\n`);
    for (const { long } of command.options) expect(page).toMatch(new RegExp(`^\\.B .*${long}\\b`, 'm'));
  }
});

test('no line of the manual page is a roff request by accident', () => {
  const requests = manPage().split('\n').filter((line) => /^[.']/.test(line)).map((line) => line.split(' ')[0]);
  expect([...new Set(requests)].sort()).toEqual(['.B', '.I', '.PP', '.SH', '.TH', '.TP', '.\\"', '.br', '.fi', '.nf']);
});
