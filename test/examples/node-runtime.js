/**
 * Calls a Node.js handler as Lambda's runtime does: the event on standard input, the result on standard output.
 */
const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');

console.log = console.info = console.error;

async function main() {
  const [name, exported] = process.argv[2].split('.');
  const file = ['.mjs', '.cjs', '.js'].map((extension) => path.join(process.env.LAMBDA_TASK_ROOT, name + extension)).find(fs.existsSync);
  const module = await import(pathToFileURL(file));
  const end = Date.now() + 1000 * process.env.SANDBOX_TIMEOUT;
  const result = await module[exported](JSON.parse(fs.readFileSync(0, 'utf8')), { getRemainingTimeInMillis: () => end - Date.now() });
  process.stdout.write(JSON.stringify(result ?? null));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
