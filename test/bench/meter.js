/**
 * Required by every Node.js process of a measured command, through NODE_OPTIONS. At the end of a process it appends a line of JSON to
 * the file that stands beside this one's copy: peak memory in kilobytes, bytes read, and files opened. The measured processes get no
 * variables of ours, so `measure.ts` copies this file into the directory of the run.
 */
const fs = require('fs');
const path = require('path');
const { appendFileSync, readFileSync } = fs;

let opened = 0;
const { openSync } = fs;
fs.openSync = (...args) => {
  opened++;
  return openSync(...args);
};

process.on('exit', () => {
  const [, read = '0'] = /^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8')) ?? [];
  const line = { program: process.argv[1], peak: process.resourceUsage().maxRSS, read: Number(read), opened };
  appendFileSync(path.join(__dirname, 'meter.jsonl'), `${JSON.stringify(line)}\n`);
});
