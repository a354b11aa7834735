// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { web } from './support.js';

test('health and version are its own and name the release', async (t) => {
  const url = await web(t);
  const health = await fetch(`${url}/health`);
  assert.deepEqual(await health.json(), { status: 'ok', release: 'r42' });
  assert.equal(health.headers.get('cache-control'), 'no-store');
  assert.deepEqual(await (await fetch(`${url}/version`)).json(), { service: 'web', release: 'r42' });
});

test('front-end routes give the page, with a policy that lets only our own files run', async (t) => {
  const url = await web(t);
  for (const path of ['/', '/items/7', '/anything/else']) {
    const page = await fetch(url + path, { headers: { accept: 'text/html' } });
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<title>Stockroom<\/title>/);
    assert.match(page.headers.get('content-security-policy'), /script-src 'self';/);
    assert.doesNotMatch(page.headers.get('content-security-policy'), /upgrade-insecure-requests/);
    assert.equal(page.headers.get('x-powered-by'), null);
  }
});

test('the page names only files that are there', async (t) => {
  const url = await web(t);
  const page = await (await fetch(url)).text();
  const files = [...page.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((match) => match[1]);
  assert.ok(files.length >= 3);
  for (const file of files) assert.equal((await fetch(url + file)).status, 200, file);
});

test('the script of the page imports only files that are there', async (t) => {
  const url = await web(t);
  const script = await (await fetch(`${url}/static/app.js`)).text();
  const files = [...script.matchAll(/^import .* from '\.\/([^']+)';$/gm)].map((match) => match[1]);
  assert.ok(files.length >= 1);
  for (const file of files) {
    const answer = await fetch(`${url}/static/${file}`);
    assert.equal(answer.status, 200, file);
    assert.match(answer.headers.get('content-type'), /javascript/);
  }
});

test('static files are compressed and have an ETag', async (t) => {
  const url = await web(t);
  const script = await fetch(`${url}/static/app.js`, { headers: { 'accept-encoding': 'gzip' } });
  assert.match(script.headers.get('content-type'), /javascript/);
  assert.equal(script.headers.get('content-encoding'), 'gzip');
  // By itself `fetch` would ask for a fresh copy.
  const headers = { 'if-none-match': script.headers.get('etag'), 'cache-control': 'max-age=0' };
  const again = await fetch(`${url}/static/app.js`, { headers });
  assert.equal(again.status, 304);
});

test('what is missing is a problem and not the page', async (t) => {
  const url = await web(t);
  for (const [path, accept] of [['/static/none.js', '*/*'], ['/favicon.ico', '*/*'], ['/data', 'application/json']]) {
    const answer = await fetch(url + path, { headers: { accept } });
    assert.equal(answer.status, 404, path);
    assert.match(answer.headers.get('content-type'), /problem\+json/);
  }
  for (const path of ['/static/..%2fserver.js', '/%2e%2e/package.json', '/%ff']) {
    assert.ok([400, 403, 404].includes((await fetch(url + path)).status), path);
  }
});
