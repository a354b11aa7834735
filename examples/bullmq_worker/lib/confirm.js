// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// One job: request the confirmation of an order from the API.

import { UnrecoverableError } from 'bullmq';

export class RejectedError extends UnrecoverableError {}

// Without the token of the API, and above its limits: the order may be accepted later.
const RETRIED = [401, 403, 429];

// Tries the instances of the API in turn. An order that the API rejects will not be accepted later either.
export async function requestConfirmation(order, { apiUrls, apiToken, requestMs }) {
  const failures = [];
  for (const url of apiUrls) {
    try {
      return await post(`${url}/confirmations`, order, apiToken, requestMs);
    } catch (error) {
      if (error instanceof RejectedError) throw error;
      failures.push(`${url}: ${error.cause?.message ?? error.message}`);
    }
  }
  throw new Error(failures.join('; '));
}

async function post(url, order, token, requestMs) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(requestMs),
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text);
  const failure = `answered ${answer.status}: ${text.slice(0, 200)}`;
  const rejected = answer.status >= 400 && answer.status < 500 && !RETRIED.includes(answer.status);
  throw rejected ? new RejectedError(failure) : new Error(failure);
}
