/**
 * docs/reliability.md: the results of the scripts that test the limits of the library. Each script replaces its own section.
 */
import * as fs from 'fs';
import * as path from 'path';

const FILE = path.join(__dirname, '..', 'docs', 'reliability.md');
const INTRODUCTION = `# Reliability

Figures of the scripts that try the library on files, systems and faults that no unit test has. Each script writes its own section.`;

/** Replaces a section, or adds it in the order of the titles. */
export function record(title: string, body: string, file = FILE): void {
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : INTRODUCTION;
  const [introduction, ...sections] = text.trimEnd().split(/\n+(?=## )/);
  const others = sections.filter((section) => section.split('\n', 1)[0] !== `## ${title}`);
  const all = [...others, `## ${title}\n\n${body.trim()}`].sort((a, b) => (a < b ? -1 : 1));
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${[introduction, ...all].join('\n\n')}\n`);
}
