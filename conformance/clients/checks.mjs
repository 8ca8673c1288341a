// What every client for Node.js needs to be checked: the simulator's address, and a place for what was found.

import { appendFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

export const SIMULATOR = process.env.MSGSIM_URL;

/** One call of the simulator's control API. */
export async function control(method, path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${SIMULATOR}/__sim/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  return answer.json();
}

export async function credentials(provider) {
  return (await control('GET', 'sandboxes/default')).credentials[provider];
}

export async function baseUrl(provider) {
  return (await control('GET', 'sandboxes/default')).base_urls[provider];
}

export const advance = (by) => control('POST', 'clock/advance', { by });

/** Every documented error: key, status, code, text and so on. */
export const errors = async (provider) => (await control('GET', `errors?provider=${provider}`)).errors;

/** Every documented status: word, code, channels and so on. */
export const statuses = async (provider) => (await control('GET', `errors?provider=${provider}`)).statuses;

/** One check: passed when both are equal, members and all. */
export function equal(what, got, wanted) {
  const passed = isDeepStrictEqual(got, wanted);
  write(what, passed ? '' : `got ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
}

/** One check: passed when the promise is rejected; what it was rejected with, or undefined. */
export async function rejected(what, promise) {
  try {
    await promise;
  } catch (error) {
    write(what, '');
    return error;
  }
  write(what, 'nothing was thrown');
  return undefined;
}

/** A part of a script: what it throws is one failed check, and the next part goes on. */
export async function part(run, ...args) {
  try {
    await run(...args);
  } catch (error) {
    write(run.name, `${error.name}: ${error.message}`);
  }
}

function write(what, reason) {
  appendFileSync(process.env.MSGSIM_CHECKS, `${JSON.stringify({ what, reason })}\n`);
}
