// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createCalls } from '../lib/calls.js';
import { ConfigError, fromEnvironment } from '../lib/config.js';
import { createLimits } from '../lib/limits.js';
import { createTokens } from '../lib/tokens.js';
import { email, list, text, uuid, validated, whole } from '../lib/validate.js';
import { charge } from '../services/payment/provider.js';
import { SECRET, serve } from './support.js';

const ALL = { port: 3003, needs: ['database', 'redis', 'secret'], calls: ['product'], watches: ['payment'] };
const GOOD = {
  DATABASE_URL: 'postgresql://app:pa55@db:5432/orders', REDIS_URL: 'rediss://cache:6379', JWT_SECRET: SECRET,
  PRODUCT_URLS: 'http://10.0.1.5:3002, http://10.0.2.5:3002/',
};

test('a configuration is read from the environment', () => {
  const config = fromEnvironment(GOOD, ALL);
  assert.deepEqual([config.port, config.host, config.release], [3003, '127.0.0.1', 'development']);
  assert.deepEqual(config.urls, { product: ['http://10.0.1.5:3002', 'http://10.0.2.5:3002'], payment: [] });
});

test('everything that is wrong with a configuration is said at once, and no password with it', () => {
  const env = {
    DATABASE_URL: 'mysql://app:pa55@db/x', REDIS_URL: '', JWT_SECRET: 'short', PRODUCT_URLS: '10.0.1.5:3002',
    PORT: 'many', DATABASE_CA: '/nowhere.pem', PAYMENT_URLS: 'ftp://x',
  };
  assert.throws(() => fromEnvironment(env, ALL), (error) => {
    assert.ok(error instanceof ConfigError);
    const names = error.mistakes.map((mistake) => mistake.split(/[ :]/)[0]).sort();
    assert.deepEqual(names, [
      'DATABASE_CA', 'DATABASE_URL', 'JWT_SECRET', 'PAYMENT_URLS', 'PORT', 'PRODUCT_URLS', 'REDIS_URL',
    ]);
    assert.doesNotMatch(error.message, /pa55|short/);
    return true;
  });
});

test('all the mistakes of a body are named at once', () => {
  const fields = { email, name: text(1, 5), items: list(1, 2, whole(1, 9)), id: uuid };
  const body = { email: 'a@b', name: 'a\u0000', items: [1, 2, 3], id: 'x', colour: 'red' };
  assert.throws(() => validated(body, fields), (error) => {
    assert.deepEqual(error.members.errors.map(({ field }) => field).sort(), ['colour', 'email', 'id', 'items', 'name']);
    return error.status === 422;
  });
  assert.throws(() => validated(null, fields), { status: 422 });
  assert.throws(() => validated([], fields), { status: 422 });
  // Names that every object has are no fields.
  assert.throws(() => validated(JSON.parse('{"constructor": 1}'), { id: () => 1 }), /constructor is not known/);
  assert.deepEqual(validated({ email: ' Ada@Example.COM ' }, { email }), { email: 'ada@example.com' });
});

test('a token is good for what it was made for, and until it is over', async () => {
  const tokens = createTokens(SECRET, 'order');
  const ada = { id: 'u1', email: 'ada@example.com', name: 'Ada' };
  const asked = (token) => ({ get: () => `Bearer ${token}` });
  const user = asked(await tokens.forUser(ada));
  let passed = 0;
  await tokens.requireUser(user, null, () => { passed += 1; });
  assert.deepEqual([passed, user.user], [1, ada]);
  await tokens.requireService(asked(await tokens.forCall()), null, () => { passed += 1; });
  assert.equal(passed, 2);
  const forged = await createTokens('another secret, as long as the other one', 'order').forUser(ada);
  const none = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"u1","aud":"user","iss":"ecommerce","exp":9999999999}')}.`;
  for (const token of [await tokens.forCall(), forged, none.replaceAll('=', ''), '', 'x.y.z']) {
    await assert.rejects(tokens.requireUser(asked(token), null, assert.fail), { status: 401 });
  }
  await assert.rejects(tokens.requireService(user, null, assert.fail), { status: 401 });
  await assert.rejects(tokens.requireUser({ get: () => undefined }, null, assert.fail), { status: 401 });
});

test('a limit is counted by all together, and alone while Redis is away', async () => {
  let away = false;
  let now = 1_000_000_000_000;
  const counts = new Map();
  const count = async (key) => {
    if (away) throw new Error('away');
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts.get(key);
  };
  const [one, other] = [createLimits({ count }, () => now), createLimits({ count }, () => now)];
  await one('login', 'ada', 2, 60);
  await other('login', 'ada', 2, 60);
  await assert.rejects(one('login', 'ada', 2, 60), (error) => error.status === 429 && error.headers['Retry-After'] === '20');
  await one('login', 'eve', 2, 60);
  assert.doesNotMatch([...counts.keys()].join(), /ada|eve/);
  now += 20_000;
  await one('login', 'ada', 2, 60);
  away = true;
  await one('login', 'bob', 1, 60);
  await assert.rejects(one('login', 'bob', 1, 60), { status: 429 });
});

test('a call goes to another when one is down, and leaves that one alone for a while', async (t) => {
  const asked = [];
  let broken = true;
  const answer = (name) => (request, response) => {
    asked.push(name);
    if (name === 'one' && broken) return response.destroy();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, id: request.headers['x-request-id'], as: request.headers.authorization }));
  };
  const urls = { product: [await serve(t, answer('one')), await serve(t, answer('two'))] };
  const lines = [];
  let now = 0;
  const tokens = createTokens(SECRET, 'order');
  const call = createCalls(urls, tokens, (level, message, fields) => lines.push(fields), () => now);
  const names = async (times) => {
    const found = [];
    for (let i = 0; i < times; i += 1) found.push((await call('product', 'GET', '/', { requestId: 'abc' })).body.name);
    return found;
  };
  assert.deepEqual(await names(4), ['two', 'two', 'two', 'two']);
  assert.deepEqual(asked.filter((name) => name === 'one'), ['one']);
  assert.deepEqual([lines.length, lines[0].url], [1, urls.product[0]]);
  broken = false;
  now = 6000;
  assert.deepEqual((await names(2)).sort(), ['one', 'two']);
  const { body } = await call('product', 'GET', '/', { requestId: 'abc' });
  assert.equal(body.id, 'abc');
  await tokens.requireService({ get: () => body.as }, null, () => {});
});

test('a call without an answer is 503', async () => {
  const call = createCalls({ payment: ['http://127.0.0.1:9'] }, createTokens(SECRET, 'order'), () => {});
  await assert.rejects(call('payment', 'GET', '/', { requestId: 'abc' }), { status: 503, headers: { 'Retry-After': '5' } });
});

test('the provider decides the same every time', () => {
  assert.equal(charge({ amount_cents: 500_000, method: 'card' }).status, 'approved');
  assert.equal(charge({ amount_cents: 500_001, method: 'card' }).status, 'declined');
  assert.equal(charge({ amount_cents: 1, method: 'declined-card' }).status, 'declined');
});
