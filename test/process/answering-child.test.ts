import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { AnsweringChild, EndedError } from '../../lib/process/answering-child';
import { temporaryDirectory } from '../fixture';

const COMPILED = path.resolve('build/process/answering-child.js');

/** Answers each line with the result of an expression in which `line` is the line. */
const answering = (expression: string) => ['-e', `
  let text = '';
  process.stdin.setEncoding('utf8').on('data', (part) => {
    text += part;
    const lines = text.split('\\n');
    text = lines.pop();
    for (const line of lines) if (line !== 'no answer') process.stdout.write(${expression} + '\\n');
  });`];

const children: AnsweringChild[] = [];
afterEach(() => {
  while (children.length > 0) children.pop()!.end();
});

function start(expression: string): AnsweringChild {
  children.push(new AnsweringChild(answering(expression), { GIVEN: 'variable' }));
  return children.at(-1)!;
}

describe('a child that answers', () => {
  test('answers each line, and stays the same process', () => {
    const child = start('`${line} ${process.pid}`');
    const [first, second] = [child.ask('one')(), child.ask('two')()];
    expect(first).toMatch(/^one \d+$/);
    expect(second).toBe(first.replace('one', 'two'));
  });

  test('gets lines and answers of any length and with any character but a line break', () => {
    const line = '\u2028 \r \0 ä 🙂'.repeat(1e5);
    expect(start('line').ask(line)() === line).toBe(true);
  });

  test('gets lines that it does not answer before the next one that it answers', () => {
    const child = start('line');
    child.tell('no answer');
    child.tell('no answer');
    expect(child.ask('one')()).toBe('one');
  });

  test('is a new process for each line on a system that has no descriptors of pipes', () => {
    const child = new AnsweringChild(answering('`${line} ${process.pid}`'), {}, false);
    child.tell('no answer');
    const [first, second] = [child.ask('one')(), child.ask('two')()];
    expect(first).toMatch(/^one \d+$/);
    expect(second).toMatch(/^two \d+$/);
    expect(second.slice(4)).not.toBe(first.slice(4));
    expect(() => new AnsweringChild(answering('nothing'), {}, false).ask('one')()).toThrow(EndedError);
  });

  test('gets further lines before its answers are read, which are in the order of the lines', () => {
    const child = start('line');
    const answers = ['one', 'two', 'three'].map((line) => child.ask(line));
    expect(answers.reverse().map((answer) => answer())).toEqual(['three', 'two', 'one']);
    expect(answers[0]()).toBe('three');
  });

  test('has answered although the event loop has continued before its answers are read', async () => {
    const child = start('line');
    const answers = [child.ask('one'), child.ask('two')];
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answers.map((answer) => answer())).toEqual(['one', 'two']);
    expect(child.ask('three')()).toBe('three');
  });

  test('gets only the variables that it is given', () => {
    expect(JSON.parse(start('JSON.stringify(process.env)').ask('')())).toEqual({ GIVEN: 'variable' });
  });

  test.each([
    ['is killed', 'process.kill(process.pid, "SIGKILL")', ''],
    ['exits', 'process.exit(3)', ''],
    ['throws', '(() => { throw new Error("no answer to " + line) })()', 'no answer to one'],
  ])('is an error with its standard error if it %s before it answers, and at each further line', (_, expression, message) => {
    const child = start(expression);
    expect(() => child.ask('one')()).toThrow(EndedError);
    expect(() => child.ask('two')()).toThrow(EndedError);
    expect(() => start(expression).ask('one')()).toThrow(message);
  });

  test('that has been told to end is an error', () => {
    const child = start('line');
    child.end();
    child.tell('no answer');
    expect(() => child.ask('one')()).toThrow(EndedError);
  });

  test('does not keep its parent from ending, and ends with it', () => {
    const ended = path.join(temporaryDirectory(), 'ended');
    const args = ['-e', `process.stdin.resume(); process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(ended)}, ''))`];
    const script = `new (require(${JSON.stringify(COMPILED)}).AnsweringChild)(${JSON.stringify(args)}, {})`;
    expect(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 60_000 })).toMatchObject({ status: 0, stderr: '' });
    while (!fs.existsSync(ended)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  });
});
