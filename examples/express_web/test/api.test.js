// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// How the page gets the token for changes: `public/api.js` with an API, a storage and a person of the test.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TOKEN, createCall } from '../public/api.js';

const RIGHT = 'the-right-token';

function createPage({ stored, entries = [], api } = {}) {
  const kept = new Map(stored ? [[TOKEN, stored]] : []);
  const page = { asked: [], requests: [], kept };
  const storage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  const answer = (status, body) => new Response(status === 204 ? null : JSON.stringify(body), { status });
  const check = (method, token) => (
    method === 'GET' || token === `Bearer ${RIGHT}` ? answer(200, { done: true }) : answer(401, { detail: 'no token' })
  );
  page.call = createCall({
    storage: () => storage,
    fetch: async (path, { method, headers, body }) => {
      page.requests.push([method, path, headers.Authorization ?? null, body ?? null]);
      return (api ?? check)(method, headers.Authorization, answer);
    },
    askForToken: async (rejected) => {
      page.asked.push(rejected);
      return entries.shift() ?? null;
    },
  });
  return page;
}

test('reading sends no token, even when there is one', async () => {
  const page = createPage({ stored: RIGHT });
  assert.deepEqual(await page.call('GET', '/api/items'), { done: true });
  assert.deepEqual(page.requests, [['GET', '/api/items', null, null]]);
});

test('the person is asked when the API wants a token, and then the change is made', async () => {
  const page = createPage({ entries: [RIGHT] });
  assert.deepEqual(await page.call('POST', '/api/items', { name: 'Lamp' }), { done: true });
  assert.deepEqual(page.asked, [false]);
  assert.deepEqual(page.requests.map(([, , token, body]) => [token, body]), [
    [null, '{"name":"Lamp"}'], [`Bearer ${RIGHT}`, '{"name":"Lamp"}'],
  ]);
  assert.equal(page.kept.get(TOKEN), RIGHT);
});

test('a token that is kept is used without asking', async () => {
  const page = createPage({ stored: RIGHT });
  await page.call('DELETE', '/api/items/1');
  assert.deepEqual(page.asked, []);
  assert.equal(page.requests.length, 1);
});

test('a wrong token is removed, and the person is asked again', async () => {
  const page = createPage({ stored: 'an-old-token', entries: ['mistyped', RIGHT] });
  await page.call('PATCH', '/api/items/1', { quantity: 2 });
  assert.deepEqual(page.asked, [true, true]);
  assert.equal(page.kept.get(TOKEN), RIGHT);
});

test('a person without a token changes nothing, and is told so', async () => {
  const page = createPage({ stored: 'an-old-token' });
  await assert.rejects(page.call('DELETE', '/api/items/1'), /Nothing was changed/);
  assert.equal(page.kept.has(TOKEN), false);
  assert.equal(page.requests.length, 1);
});

test('changes at the same time ask once', async () => {
  const page = createPage({ entries: [RIGHT] });
  await Promise.all([page.call('DELETE', '/api/items/1'), page.call('DELETE', '/api/items/2')]);
  assert.deepEqual(page.asked, [false]);
});

test('another error keeps the token and is passed on', async () => {
  for (const status of [403, 409, 429, 500]) {
    const page = createPage({ stored: RIGHT, api: (method, token, answer) => answer(status, { detail: 'because' }) });
    await assert.rejects(page.call('DELETE', '/api/items/1'), { message: 'because', status });
    assert.equal(page.kept.get(TOKEN), RIGHT);
    assert.deepEqual(page.asked, []);
  }
});

test('an answer without content is null, and one that is not JSON is named by its status', async () => {
  const empty = createPage({ stored: RIGHT, api: (method, token, answer) => answer(204) });
  assert.equal(await empty.call('DELETE', '/api/items/1'), null);
  const page = createPage({ api: () => new Response('<html>', { status: 502 }) });
  await assert.rejects(page.call('GET', '/api/items'), { message: 'The server answered 502.', status: 502 });
});

test('a server that is away is said so', async () => {
  const page = createPage({ api: () => Promise.reject(new TypeError('fetch failed')) });
  await assert.rejects(page.call('GET', '/api/items'), /cannot be reached/);
});
