// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Redis, as something that may be away: what it would have known is then found out without it.

import { createClient } from '@redis/client';

import { within } from './within.js';

const PATIENCE_MS = 500;

export function createCache({ url, ca }, log) {
  let known = true;
  const client = createClient({
    url,
    // A command fails at once while there is no connection, instead of waiting for one.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: 2000,
      reconnectStrategy: (tries) => Math.min(100 * (tries + 1), 3000),
      ...(url.startsWith('rediss:') && { tls: true, ca, rejectUnauthorized: true }),
    },
  });
  client.on('error', (error) => {
    if (known) log('warn', 'redis is away', { error: error.message || error.code });
    known = false;
  });
  client.on('ready', () => {
    if (!known) log('info', 'redis is back');
    known = true;
  });
  const connected = client.connect().catch(() => {});

  const ask = (command) => within(PATIENCE_MS, command());

  async function get(key) {
    const value = await ask(() => client.get(key)).catch(() => null);
    return value === null ? null : JSON.parse(value);
  }

  async function set(key, value, seconds) {
    await ask(() => client.set(key, JSON.stringify(value), { EX: seconds })).catch(() => {});
  }

  async function remember(key, seconds, load) {
    const found = await get(key);
    if (found !== null) return found;
    const value = await load();
    await set(key, value, seconds);
    return value;
  }

  // Counts up, and fails when Redis is away.
  async function count(key, seconds) {
    const [times] = await ask(() => client.multi().incr(key).expire(key, seconds).exec());
    return times;
  }

  async function close() {
    await within(PATIENCE_MS, connected).catch(() => {});
    client.destroy();
  }

  return { get, set, remember, count, ping: () => ask(() => client.ping()), connected, close };
}
