// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';

import { serve, web } from './support.js';

// An API that says what it was asked.
async function echo(request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const headers = { 'content-type': 'application/json', connection: 'x-hop', 'x-hop': '1' };
  response.writeHead(request.method === 'POST' ? 201 : 200, headers);
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
}

test('a request reaches the API as it was, and says whose it is', async (t) => {
  const url = await web(t, { API_URL: await serve(t, echo) });
  const answer = await fetch(`${url}/api/items?q=a%20b`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'abc' },
    body: '{"name":"Lamp"}',
  });
  const seen = await answer.json();
  assert.equal(answer.status, 201);
  assert.deepEqual([seen.method, seen.url, seen.body], ['POST', '/api/items?q=a%20b', '{"name":"Lamp"}']);
  assert.equal(seen.headers['x-forwarded-for'], '203.0.113.9');
  assert.equal(seen.headers['x-forwarded-host'], new URL(url).host);
  assert.equal(seen.headers['x-request-id'], 'abc');
  assert.equal(answer.headers.get('x-hop'), null);
});

test('a body without a length is streamed', async (t) => {
  const url = await web(t, { API_URL: await serve(t, echo) });
  const body = new ReadableStream({
    start(stream) {
      stream.enqueue(new TextEncoder().encode('one '));
      stream.enqueue(new TextEncoder().encode('two'));
      stream.close();
    },
  });
  const answer = await fetch(`${url}/api/items`, { method: 'POST', body, duplex: 'half' });
  assert.equal((await answer.json()).body, 'one two');
});

test('the API may live under a path', async (t) => {
  const url = await web(t, { API_URL: `${await serve(t, echo)}/backend/` });
  assert.equal((await (await fetch(`${url}/api/x`)).json()).url, '/backend/api/x');
});

test('only the API is asked, whatever the request names', async (t) => {
  const url = new URL(await web(t, { API_URL: await serve(t, echo) }));
  const request = http.request({ host: url.hostname, port: url.port, path: 'http://127.0.0.1:9/api/x' });
  const status = await new Promise((resolve) => request.on('response', (answer) => resolve(answer.statusCode)).end());
  assert.equal(status, 200);
});

test('an API that is down is 502, and the front end stays up', async (t) => {
  const url = await web(t);
  const answer = await fetch(`${url}/api/items`);
  assert.deepEqual([answer.status, (await answer.json()).title], [502, 'Bad Gateway']);
  assert.equal((await fetch(`${url}/health`)).status, 200);
});

test('an API that does not answer is 504', async (t) => {
  const url = await web(t, { API_URL: await serve(t, () => {}), API_TIMEOUT_MS: '100' });
  assert.equal((await fetch(`${url}/api/items`)).status, 504);
});

test('half an answer is cut off, not completed', async (t) => {
  const half = (request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
    setTimeout(() => response.destroy(), 50);
  };
  const url = await web(t, { API_URL: await serve(t, half) });
  await assert.rejects(async () => (await fetch(`${url}/api/items`)).text());
});

test('the API hears that a client has gone', async (t) => {
  let arrived;
  let gone;
  const started = new Promise((resolve) => { arrived = resolve; });
  const closed = new Promise((resolve) => { gone = resolve; });
  const api = await serve(t, (request, response) => {
    arrived();
    response.on('close', gone);
  });
  const { port } = new URL(await web(t, { API_URL: api }));
  const client = net.connect(port, '127.0.0.1', () => client.write('GET /api/slow HTTP/1.1\r\nHost: x\r\n\r\n'));
  await started;
  client.destroy();
  await closed;
});
