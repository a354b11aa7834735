// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ConfigError, readConfig } from '../lib/config.js';
import { startWorker } from './support.js';

test('an empty environment is complete', () => {
  const config = readConfig({});
  assert.equal(config.redis.url, 'redis://127.0.0.1:6379');
  assert.deepEqual(config.apiUrls, ['http://127.0.0.1:8000']);
});

test('the environment configures', () => {
  const config = readConfig({
    REDIS_URL: 'rediss://:token@cache:6379/0',
    REDIS_CA: fileURLToPath(new URL('../package.json', import.meta.url)),
    API_URLS: 'http://10.0.1.5:8000/, http://10.0.2.5:8000',
    CONCURRENCY: '2',
  });
  assert.equal(config.redis.url, 'rediss://:token@cache:6379/0');
  assert.match(config.redis.ca, /order-events/);
  assert.deepEqual(config.apiUrls, ['http://10.0.1.5:8000', 'http://10.0.2.5:8000']);
  assert.equal(config.concurrency, 2);
});

test('all mistakes are reported at once, without passwords', () => {
  const env = { REDIS_URL: 'http://user:password@cache', REDIS_CA: '/none', API_URLS: 'api', CONCURRENCY: '0.5' };
  assert.throws(() => readConfig(env), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.mistakes.map((mistake) => mistake.split(/[ :]/)[0]), ['REDIS_URL', 'REDIS_CA', 'API_URLS', 'CONCURRENCY']);
    return !error.message.includes('password');
  });
});

test('a worker with mistakes in its environment ends and names them', async (t) => {
  const worker = startWorker(t, { CONCURRENCY: 'many' });
  assert.equal(await worker.ended, 1);
  assert.deepEqual(worker.lines.map((line) => line.error), ['CONCURRENCY must be a whole number above 0, not many']);
});
