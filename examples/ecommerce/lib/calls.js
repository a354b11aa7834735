// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Calls of another service, which runs several times: when one does not answer, another is asked.
//
// Everything that services ask of one another may be asked twice (GET, PUT and DELETE under an id that the caller
// chose), so that a call whose answer was lost is simply repeated.

import { Problem } from './problems.js';

const TIMEOUT_MS = 4000;
const REST_MS = 5000;
const PASSING = [502, 503, 504];

export function createCalls(urls, tokens, log, now = Date.now) {
  const restingUntil = new Map();
  let turn = 0;

  // Each takes its turn in being the first. Those that failed just now come last: better than none at all.
  function order(service) {
    const known = urls[service];
    const first = turn++ % known.length;
    const rests = (url) => (restingUntil.get(url) > now() ? 1 : 0);
    return [...known.slice(first), ...known.slice(0, first)].sort((one, other) => rests(one) - rests(other));
  }

  async function ask(url, method, path, body, requestId) {
    const headers = { authorization: `Bearer ${await tokens.forCall()}`, 'x-request-id': requestId };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const answer = await fetch(url + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (PASSING.includes(answer.status)) throw new Error(`answered ${answer.status}`);
    return { status: answer.status, body: answer.status === 204 ? null : await answer.json() };
  }

  return async function call(service, method, path, { body, requestId }) {
    for (const url of order(service)) {
      try {
        const answer = await ask(url, method, path, body, requestId);
        restingUntil.delete(url);
        return answer;
      } catch (error) {
        restingUntil.set(url, now() + REST_MS);
        const reason = error.cause?.code ?? error.message;
        log('warn', 'call failed', { request_id: requestId, called: service, url, error: reason });
      }
    }
    throw new Problem(503, 'Service Unavailable', `The ${service} service cannot be reached at the moment.`, {
      headers: { 'Retry-After': '5' },
    });
  };
}
