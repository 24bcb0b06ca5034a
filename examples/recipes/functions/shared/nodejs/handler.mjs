/** Returns the keys of an event, as jq lists them: {"b": 1, "a": 2} to {"keys": ["a", "b"]}. */
import { execFileSync } from 'node:child_process';

export const handler = async (event) => {
  const keys = execFileSync(process.env.JQ, ['keys'], { input: JSON.stringify(event), timeout: 10_000 });
  return { keys: JSON.parse(keys) };
};
