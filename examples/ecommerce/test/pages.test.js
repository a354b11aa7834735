// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { definition as frontend } from '../services/frontend/frontend.js';
import { definition as gateway } from '../services/gateway/gateway.js';
import { serve, start } from './support.js';

test('the shop is one page, with a policy that lets only our own files run', async (t) => {
  const { url } = await start(t, frontend);
  for (const path of ['/', '/basket', '/account', '/anything/else']) {
    const page = await fetch(url + path, { headers: { accept: 'text/html' } });
    assert.equal(page.status, 200);
    const text = await page.text();
    assert.match(text, /<title>Alder &amp; Co.<\/title>/);
    assert.doesNotMatch(text, /(?:src|href)="(?:https?:)?\/\/|\sstyle=|\son\w+=/);
    assert.match(page.headers.get('content-security-policy'), /script-src 'self';/);
    assert.doesNotMatch(page.headers.get('content-security-policy'), /upgrade-insecure-requests/);
  }
});

test('the page names only files that are there', async (t) => {
  const { url } = await start(t, frontend);
  const page = await (await fetch(url)).text();
  const files = [...page.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((match) => match[1]);
  assert.ok(files.length >= 3);
  for (const file of files) assert.equal((await fetch(url + file)).status, 200, file);
});

test('what is missing is a problem and not the page', async (t) => {
  const { url } = await start(t, frontend);
  for (const [path, accept] of [['/static/none.js', '*/*'], ['/api/', 'text/html'], ['/data', 'application/json']]) {
    const answer = await fetch(url + path, { headers: { accept } });
    assert.equal(answer.status, 404, path);
    assert.match(answer.headers.get('content-type'), /problem\+json/);
  }
});

test('health and version name the release', async (t) => {
  const { url, lines } = await start(t, frontend);
  const health = await fetch(`${url}/health`);
  assert.deepEqual([health.status, await health.json()], [200, { status: 'ok', release: 'r42' }]);
  assert.equal(health.headers.get('cache-control'), 'no-store');
  assert.deepEqual(await (await fetch(`${url}/version`)).json(), { service: 'frontend', release: 'r42' });
  await fetch(`${url}/version?token=x`, { headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.9', 'x-request-id': 'a b' } });
  const [first, second] = lines.filter(({ message }) => message === 'request');
  assert.deepEqual([first.path, second.path, second.client], ['/version', '/version', '203.0.113.9']);
  assert.doesNotMatch(second.request_id, / /);
});

test('the gateway lists the API and sends to it what rules do not match', async (t) => {
  const { url } = await start(t, gateway);
  const { endpoints } = await (await fetch(`${url}/api/`)).json();
  assert.ok(endpoints.auth.includes('POST /api/auth/register'));
  const sent = await fetch(`${url}/api/products?category=desk`, { redirect: 'manual' });
  assert.deepEqual([sent.status, sent.headers.get('location')], [308, '/api/products/?category=desk']);
  const order = await fetch(`${url}/api/orders`, { method: 'POST', redirect: 'manual' });
  assert.deepEqual([order.status, order.headers.get('location')], [308, '/api/orders/']);
  for (const path of ['/api/nothing', '/api/constructor', '/api/products/', '/api/gateway/x']) {
    assert.equal((await fetch(url + path, { redirect: 'manual' })).status, 404, path);
  }
});

test('the status is what the services answer, without their addresses', async (t) => {
  let healthy = true;
  const up = await serve(t, (request, response) => response.end('{"status":"ok","release":"r1"}'));
  const ill = await serve(t, (request, response) => {
    response.writeHead(healthy ? 200 : 503).end(JSON.stringify({ status: healthy ? 'ok' : 'unavailable', release: 'r2' }));
  });
  const { url } = await start(t, gateway, { USER_URLS: `${up},${ill}`, ORDER_URLS: ill });
  const ask = async () => (await fetch(`${url}/api/status`)).json();
  const services = { user: { up: 2, of: 2, releases: ['r1', 'r2'] }, order: { up: 1, of: 1, releases: ['r2'] } };
  assert.deepEqual(await ask(), { status: 'ok', services });
  healthy = false;
  const after = await ask();
  assert.deepEqual([after.status, after.services.user.up, after.services.order.up], ['down', 1, 0]);
  assert.doesNotMatch(JSON.stringify(after), /127\.0\.0\.1/);
});
