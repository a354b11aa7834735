// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// How often something may be done, counted by all processes together in Redis. While that is away each counts alone.

import { createHash } from 'node:crypto';

import { Problem } from './problems.js';

export function createLimits(cache, now = Date.now) {
  let alone = new Map();

  // At most `most` times in each period of `seconds`; who asks (an address, an e-mail) is not stored as such.
  return async function limit(what, who, most, seconds) {
    const period = Math.floor(now() / 1000 / seconds);
    const key = `limit:${what}:${createHash('sha256').update(String(who)).digest('hex').slice(0, 32)}:${period}`;
    const times = await cache.count(key, seconds).catch(() => countAlone(key));
    if (times <= most) return;
    const wait = Math.ceil((period + 1) * seconds - now() / 1000);
    throw new Problem(429, 'Too Many Requests', 'Please try again later.', { headers: { 'Retry-After': String(wait) } });
  };

  function countAlone(key) {
    if (alone.size > 10_000) alone = new Map();
    const times = (alone.get(key) ?? 0) + 1;
    alone.set(key, times);
    return times;
  }
}
