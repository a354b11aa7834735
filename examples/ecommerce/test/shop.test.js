// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The whole shop on real PostgreSQL and Redis, behind the rules of the load balancer. Everything in the two is removed:
// DATABASE_URL_TEST and REDIS_URL_TEST name ones that are for tests only; DATABASE_CA_TEST and REDIS_CA_TEST the files with
// the authorities of their certificates, where they are not on this host.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, beforeEach, describe, test } from 'node:test';

import { createClient } from '@redis/client';
import pg from 'pg';

import { createRouter } from '../dev/router.js';
import { fromEnvironment } from '../lib/config.js';
import { migrate } from '../lib/migrate.js';
import { connection } from '../lib/postgres.js';
import { createTokens } from '../lib/tokens.js';
import { definition as frontend } from '../services/frontend/frontend.js';
import { definition as gateway } from '../services/gateway/gateway.js';
import { definition as notification } from '../services/notification/notification.js';
import { createFulfilment } from '../services/order/fulfilment.js';
import { definition as order } from '../services/order/order.js';
import { definition as payment } from '../services/payment/payment.js';
import { definition as product } from '../services/product/product.js';
import { definition as user } from '../services/user/user.js';
import { SECRET, serve, start } from './support.js';

const {
  DATABASE_URL_TEST: DATABASE_URL, DATABASE_CA_TEST: DATABASE_CA, REDIS_URL_TEST: REDIS_URL, REDIS_CA_TEST: REDIS_CA,
} = process.env;
const STORED = ['user', 'product', 'order', 'payment', 'notification'];
const NO_LISTENER = 'http://127.0.0.1:9';
const missing = DATABASE_URL && REDIS_URL ? false : 'DATABASE_URL_TEST and REDIS_URL_TEST are not set';

describe('the shop', { skip: missing }, () => {
  const servers = fromEnvironment({ DATABASE_URL, DATABASE_CA, REDIS_URL, REDIS_CA }, { needs: ['database', 'redis'] });
  const database = new pg.Pool({ ...connection(servers.database), max: 2 });
  // One of the tests cuts all connections.
  database.on('error', () => {});
  const redis = createClient({ url: REDIS_URL, ...(REDIS_CA && { socket: { tls: true, ca: servers.redis.ca } }) });
  const urls = {};
  const ends = [];
  const scope = { after: (end) => ends.push(end) };
  let shop;

  const environment = (more) => ({ DATABASE_URL, DATABASE_CA, REDIS_URL, REDIS_CA, ...more });
  const rows = async (text, values) => (await database.query(text, values)).rows;
  const up = async (definition, more, t = scope) => start(t, definition, environment(more));
  const running = async (definition, more) => {
    const service = await up(definition, more);
    await service.parts.cache?.connected;
    urls[definition.name] = service.url;
  };
  const called = (more = {}) => ({
    PRODUCT_URLS: urls.product, PAYMENT_URLS: urls.payment, NOTIFICATION_URLS: urls.notification, ...more,
  });

  before(async () => {
    await redis.connect();
    await database.query('DROP SCHEMA public CASCADE');
    await database.query('CREATE SCHEMA public');
    // Twice at the same time, as two hosts do.
    const log = () => {};
    await Promise.all([...STORED, ...STORED].map((service) => migrate(service, servers.database, log)));
    for (const each of [user, product, payment, notification]) await running(each, { AUTH_LIMIT: '1000' });
    await running(order, called());
    await running(frontend);
    await running(gateway, Object.fromEntries(STORED.map((name) => [`${name.toUpperCase()}_URLS`, urls[name]])));
    const router = createRouter(urls).listen(0, '127.0.0.1');
    await once(router, 'listening');
    shop = `http://127.0.0.1:${router.address().port}`;
    ends.push(() => { router.closeAllConnections(); router.close(); });
  });

  after(async () => {
    for (const end of ends.reverse()) await end();
    redis.destroy();
    await database.end();
  });

  beforeEach(async () => {
    await redis.flushDb();
    await database.query('TRUNCATE users, reservations, orders, payments, notifications');
    await database.query(`UPDATE products SET stock = CASE WHEN name = 'Trail lantern' THEN 1 ELSE 50 END`);
  });

  async function ask(method, path, { base = shop, token, body, key } = {}) {
    const answer = await fetch(base + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...(key && { 'idempotency-key': key }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null };
  }

  const someone = (name = 'ada') => ({ email: `${name}@example.com`, name, password: 'correct horse battery' });
  const register = (body, base) => ask('POST', '/api/auth/register', { body, base });
  const login = (email, password, base) => ask('POST', '/api/auth/login', { body: { email, password }, base });
  const newToken = async (name) => (await register(someone(name))).body.token;
  const stock = async (name) => (await rows('SELECT stock FROM products WHERE name = $1', [name]))[0].stock;
  const idOf = async (name) => (await rows('SELECT id FROM products WHERE name = $1', [name]))[0].id;
  const basket = async (wanted, method = 'card') => ({
    items: await Promise.all(Object.entries(wanted).map(async ([name, quantity]) => (
      { product_id: await idOf(name), quantity }
    ))),
    payment_method: method,
  });
  const buy = (token, body, { key = randomUUID(), base } = {}) => ask('POST', '/api/orders/', { token, body, key, base });

  test('a customer registers, and is known from then on', async () => {
    const made = await register({ ...someone(), email: ' Ada@Example.com ' });
    assert.equal(made.status, 201);
    assert.deepEqual([made.body.user.email, made.headers.get('location')], ['ada@example.com', '/api/users/me']);
    const [stored] = await rows('SELECT * FROM users');
    assert.match(stored.password_hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.doesNotMatch(JSON.stringify(made.body), /argon2|correct horse/);
    const me = await ask('GET', '/api/users/me', { token: made.body.token });
    assert.deepEqual([me.status, me.body], [200, made.body.user]);
    assert.equal((await login('ADA@example.com', someone().password)).status, 200);
    assert.equal((await ask('GET', '/api/users/me')).status, 401);
  });

  test('an address is taken once: Redis knows, and PostgreSQL decides', async () => {
    await register(someone());
    await database.query('DELETE FROM users');
    assert.equal((await register(someone())).status, 409, 'Redis was not asked');
    await redis.flushDb();
    const both = await Promise.all([register(someone()), register(someone())]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [201, 409]);
    await redis.flushDb();
    assert.equal((await register(someone())).status, 409, 'PostgreSQL was not asked');
    const keys = await redis.keys('*');
    assert.doesNotMatch(keys.join(), /ada|example/);
  });

  test('a registration that cannot be is refused with all its mistakes', async () => {
    const answer = await register({ email: "x' OR '1'='1", password: 'short', admin: true });
    assert.deepEqual([answer.status, answer.body.errors.map(({ field }) => field).sort()], [
      422, ['admin', 'email', 'name', 'password'],
    ]);
    assert.deepEqual(await rows('SELECT * FROM users'), []);
  });

  test('a login says nothing of whether there is such a user', async () => {
    await register(someone());
    const [wrong, unknown] = [await login('ada@example.com', 'not the password'), await login('eve@example.com', 'whatever it is')];
    assert.deepEqual([wrong.status, wrong.body], [401, unknown.body]);
  });

  test('the limit of logins is one for all processes', async (t) => {
    const two = [await up(user, { AUTH_LIMIT: '3' }, t), await up(user, { AUTH_LIMIT: '3' }, t)];
    for (const { parts } of two) await parts.cache.connected;
    const found = [];
    for (let i = 0; i < 4; i += 1) found.push(await login('ada@example.com', 'not the password', two[i % 2].url));
    assert.deepEqual(found.map(({ status }) => status), [401, 401, 401, 429]);
    assert.ok(Number(found[3].headers.get('retry-after')) > 0);
  });

  test('without Redis the shop is slower and goes on', async (t) => {
    const away = { REDIS_URL: 'redis://127.0.0.1:9' };
    const [users, products] = [await up(user, away, t), await up(product, away, t)];
    assert.equal((await register(someone(), users.url)).status, 201);
    assert.equal((await register(someone(), users.url)).status, 409);
    assert.equal((await ask('GET', '/api/products', { base: products.url })).body.products.length, 9);
    const health = await ask('GET', '/health', { base: users.url });
    assert.deepEqual([health.status, health.body.status, health.body.redis], [200, 'ok', 'down']);
    assert.equal(users.lines.filter(({ message }) => message === 'redis is away').length, 1);
  });

  test('without its database a service is not healthy, and says so in time', async (t) => {
    const { url } = await up(user, { DATABASE_URL: 'postgresql://app:pa55@127.0.0.1:9/x' }, t);
    const health = await ask('GET', '/health', { base: url });
    assert.deepEqual([health.status, health.body.status, health.body.database], [503, 'unavailable', 'down']);
    const answer = await login('ada@example.com', 'whatever it is', url);
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '5']);
    assert.doesNotMatch(JSON.stringify([health.body, answer.body]), /pa55|127\.0\.0\.1/);
  });

  test('a database that lost all connections is used again by itself', async () => {
    await database.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()')
      .catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await ask('GET', '/api/products/')).status, 200);
    assert.equal((await register(someone())).status, 201);
  });

  test('products come by category, one by one, and from the cache', async () => {
    const { body: { categories } } = await ask('GET', '/api/categories/');
    assert.deepEqual(categories[0], { slug: 'desk', name: 'Desk', products: 3 });
    const { body: { products } } = await ask('GET', '/api/products/?category=desk');
    assert.deepEqual(products.map(({ name }) => name), ['Brass desk lamp', 'Linen notebook', 'Walnut pen tray']);
    assert.deepEqual((await ask('GET', `/api/products/${products[0].id}`)).body, products[0]);
    await database.query('UPDATE products SET stock = 7 WHERE id = $1', [products[0].id]);
    assert.equal((await ask('GET', `/api/products/${products[0].id}`)).body.stock, 50, 'it was not cached');
    for (const id of [randomUUID(), 'x', "1' OR '1'='1"]) {
      assert.equal((await ask('GET', `/api/products/${encodeURIComponent(id)}`)).status, 404, id);
    }
    assert.deepEqual((await ask('GET', "/api/products/?category=desk'--")).body.products, []);
  });

  test('an order reaches product, payment and notification', async () => {
    const token = await newToken();
    const lamp = await idOf('Brass desk lamp');
    await ask('GET', `/api/products/${lamp}`, { token });
    const made = await buy(token, await basket({ 'Brass desk lamp': 2, 'Stoneware mug': 1 }));
    assert.deepEqual([made.status, made.body.status, made.body.total_cents], [201, 'paid', 2 * 8900 + 2200]);
    assert.equal((await ask('GET', `/api/products/${lamp}`)).body.stock, 48, 'what is cached is old');
    assert.deepEqual((await ask('GET', made.headers.get('location'), { token })).body, made.body);
    assert.deepEqual((await ask('GET', '/api/orders/', { token })).body.orders, [made.body]);
    const paid = (await ask('GET', `/api/payments/${made.body.id}`, { token })).body;
    assert.deepEqual([paid.status, paid.amount_cents], ['approved', 20_000]);
    const { notifications } = (await ask('GET', '/api/notifications/', { token })).body;
    assert.match(notifications[0].subject, /is paid$/);
  });

  test('the same key is the same order, and another one is refused under it', async () => {
    const token = await newToken();
    const key = randomUUID();
    const wanted = await basket({ 'Stoneware mug': 1 });
    const first = await buy(token, wanted, { key });
    assert.deepEqual((await buy(token, wanted, { key })).body, first.body);
    assert.equal((await buy(token, await basket({ 'Stoneware mug': 2 }), { key })).status, 422);
    const at_once = randomUUID();
    const both = await Promise.all([buy(token, wanted, { key: at_once }), buy(token, wanted, { key: at_once })]);
    assert.ok(both.every(({ status }) => [201, 503].includes(status)) && both.some(({ status }) => status === 201));
    assert.equal(await stock('Stoneware mug'), 48);
    assert.equal((await rows('SELECT * FROM payments')).length, 2);
    assert.equal((await ask('POST', '/api/orders/', { token, body: wanted })).status, 400);
  });

  test('a payment that is refused gives the goods back', async () => {
    const token = await newToken();
    const key = randomUUID();
    const wanted = await basket({ 'Bread knife': 3 }, 'declined-card');
    for (let i = 0; i < 2; i += 1) {
      const answer = await buy(token, wanted, { key });
      assert.deepEqual([answer.status, answer.body.status, answer.body.reason], [402, 'declined', 'The card was declined.']);
      assert.equal(await stock('Bread knife'), 50);
    }
    const { notifications } = (await ask('GET', '/api/notifications/', { token })).body;
    assert.match(notifications[0].message, /Nothing was charged/);
  });

  test('what is not in stock takes nothing else along', async () => {
    const token = await newToken();
    const answer = await buy(token, await basket({ 'Stoneware mug': 1, 'Trail lantern': 2 }));
    assert.deepEqual([answer.status, answer.body.status], [409, 'rejected']);
    assert.deepEqual([await stock('Stoneware mug'), await stock('Trail lantern')], [50, 1]);
    assert.deepEqual(await rows('SELECT * FROM payments'), []);
  });

  test('the last one is sold once', async () => {
    const tokens = await Promise.all(['ada', 'eve', 'bob', 'kim'].map(newToken));
    const wanted = await basket({ 'Trail lantern': 1 });
    const answers = await Promise.all(tokens.map((token) => buy(token, wanted)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409]);
    assert.equal(await stock('Trail lantern'), 0);
  });

  test('an order that was broken off is taken up again, and paid once', async (t) => {
    const token = await newToken();
    const key = randomUUID();
    const wanted = await basket({ 'Wool blanket': 1 });
    const cut = await up(order, called({ PAYMENT_URLS: NO_LISTENER }), t);
    assert.equal((await buy(token, wanted, { key, base: cut.url })).status, 503);
    assert.deepEqual((await rows('SELECT status FROM orders')), [{ status: 'pending' }]);
    await database.query(`UPDATE orders SET busy_until = now() + interval '1 minute'`);
    const busy = await buy(token, wanted, { key });
    assert.deepEqual([busy.status, busy.headers.get('retry-after')], [503, '2'], 'another process is at work on it');
    await database.query('UPDATE orders SET busy_until = now()');
    assert.equal((await buy(token, wanted, { key })).status, 201);
    assert.equal(await stock('Wool blanket'), 49);
    assert.equal((await rows('SELECT * FROM payments')).length, 1);
  });

  test('a payment whose answer was lost is not made again', async (t) => {
    const token = await newToken();
    const key = randomUUID();
    const wanted = await basket({ 'Wool blanket': 1 });
    // It passes the payment on, and hangs up instead of answering.
    const lossy = await serve(t, async (request, response) => {
      const parts = [];
      for await (const chunk of request) parts.push(chunk);
      const { authorization, 'content-type': type } = request.headers;
      const headers = { authorization, 'content-type': type };
      await fetch(urls.payment + request.url, { method: request.method, headers, body: Buffer.concat(parts) });
      response.destroy();
    });
    const cut = await up(order, called({ PAYMENT_URLS: lossy }), t);
    assert.equal((await buy(token, wanted, { key, base: cut.url })).status, 503);
    assert.equal((await buy(token, wanted, { key })).status, 201);
    assert.equal((await rows('SELECT * FROM payments')).length, 1);
  });

  test('an unfinished order is completed, and a failed notification is sent later', async (t) => {
    const token = await newToken();
    const deaf = await up(order, called({ NOTIFICATION_URLS: NO_LISTENER }), t);
    assert.equal((await buy(token, await basket({ 'Stoneware mug': 1 }), { base: deaf.url })).status, 201);
    const broke = await up(order, called({ PAYMENT_URLS: NO_LISTENER }), t);
    assert.equal((await buy(token, await basket({ 'Bread knife': 1 }), { base: broke.url })).status, 503);
    assert.deepEqual((await ask('GET', '/api/notifications/', { token })).body.notifications, []);
    const { parts } = await up(order, called(), t);
    const fulfilment = createFulfilment(parts.database, parts.call, parts.log);
    await fulfilment.sweep();
    assert.equal((await rows('SELECT * FROM orders WHERE notified')).length, 0, 'others may be at work on it');
    await database.query(`UPDATE orders SET busy_until = now() - interval '1 minute'`);
    await fulfilment.sweep();
    assert.deepEqual((await rows('SELECT status, notified FROM orders')), Array(2).fill({ status: 'paid', notified: true }));
    assert.equal((await ask('GET', '/api/notifications/', { token })).body.notifications.length, 2);
  });

  test('what belongs to one user is not there for another', async () => {
    const [ada, eve] = [await newToken('ada'), await newToken('eve')];
    const { id } = (await buy(ada, await basket({ 'Stoneware mug': 1 }))).body;
    for (const path of [`/api/orders/${id}`, `/api/payments/${id}`]) {
      assert.equal((await ask('GET', path, { token: eve })).status, 404);
    }
    for (const [path, field] of [['orders', 'orders'], ['payments', 'payments'], ['notifications', 'notifications']]) {
      assert.deepEqual((await ask('GET', `/api/${path}/`, { token: eve })).body[field], []);
      assert.equal((await ask('GET', `/api/${path}/`)).status, 401);
    }
  });

  test('what services ask of one another is not for users', async () => {
    const token = await newToken();
    const id = randomUUID();
    for (const [method, path] of [
      ['PUT', `/api/products/reservations/${id}`], ['DELETE', `/api/products/reservations/${id}`],
      ['PUT', `/api/payments/${id}`], ['PUT', `/api/notifications/${id}`],
    ]) {
      assert.equal((await ask(method, path, { token, body: {} })).status, 401, path);
    }
  });

  test('a reservation that comes after its release takes nothing', async () => {
    const token = await createTokens(SECRET, 'order').forCall();
    const place = `/api/products/reservations/${randomUUID()}`;
    const { items } = await basket({ 'Stoneware mug': 5 });
    assert.equal((await ask('DELETE', place, { token })).status, 204);
    assert.equal((await ask('PUT', place, { token, body: { items } })).status, 409);
    assert.equal(await stock('Stoneware mug'), 50);
  });

  test('all of it is well', async () => {
    const { body } = await ask('GET', '/api/status');
    assert.equal(body.status, 'ok', JSON.stringify(body));
    for (const service of STORED) {
      const health = await ask('GET', '/health', { base: urls[service] });
      assert.deepEqual([health.status, health.body.database], [200, 'ok'], service);
    }
    assert.match(await (await fetch(shop, { headers: { accept: 'text/html' } })).text(), /<title>Alder/);
  });
});
