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
    API_TOKEN: 'a-token-of-the-tests',
    CONCURRENCY: '2',
  });
  assert.equal(config.redis.url, 'rediss://:token@cache:6379/0');
  assert.match(config.redis.ca, /order-events/);
  assert.deepEqual(config.apiUrls, ['http://10.0.1.5:8000', 'http://10.0.2.5:8000']);
  assert.equal(config.apiToken, 'a-token-of-the-tests');
  assert.equal(config.concurrency, 2);
});

test('all mistakes are reported at once, without passwords', () => {
  const env = { REDIS_URL: 'http://user:password@cache', REDIS_CA: '/none', API_URLS: 'api', API_TOKEN: 'password', CONCURRENCY: '0.5' };
  assert.throws(() => readConfig(env), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.mistakes.map((mistake) => mistake.split(/[ :]/)[0]), [
      'REDIS_URL', 'REDIS_CA', 'API_TOKEN', 'API_URLS', 'CONCURRENCY',
    ]);
    return !error.message.includes('password');
  });
});

test('a URL cannot switch the verification off', () => {
  const mistakesOf = (url) => {
    try {
      readConfig({ REDIS_URL: url });
    } catch (error) {
      assert.doesNotMatch(error.message, /open-sesame/);
      return error.mistakes.join();
    }
    return '';
  };
  for (const host of ['cache.example.org', '10.0.0.1', 'localhost.example.org', '127.example.org', '[::2]']) {
    assert.match(mistakesOf(`redis://:open-sesame@${host}:6379`), /^REDIS_URL must begin with rediss/);
  }
  for (const option of ['tls=open-sesame', 'host=cache.example.org', 'rejectUnauthorized=false']) {
    assert.match(mistakesOf(`rediss://cache.example.org?${option}`), /^REDIS_URL must not have options: \w+$/);
    assert.match(mistakesOf(`redis://localhost?${option}`), /^REDIS_URL must not have options: \w+$/);
  }
  for (const host of ['localhost', '127.8.8.8', '[::1]']) assert.equal(mistakesOf(`redis://${host}:6379/1`), '');
});

test('a worker with mistakes in its environment ends and names them', async (t) => {
  const worker = startWorker(t, { CONCURRENCY: 'many' });
  assert.equal(await worker.ended, 1);
  assert.deepEqual(worker.lines.map((line) => line.error), ['CONCURRENCY must be a whole number above 0, not many']);
});
