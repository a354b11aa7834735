// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { serve } from './support.js';

const SERVER = fileURLToPath(new URL('../server.js', import.meta.url));

// The real process, as PM2 starts it; its message and its first log line show that it is ready.
async function start(t, env) {
  const child = fork(SERVER, { env: { ...process.env, PORT: '0', ...env }, silent: true });
  t.after(() => child.kill('SIGKILL'));
  const lines = [];
  child.stdout.on('data', (chunk) => {
    for (const line of chunk.toString().trim().split('\n')) lines.push(JSON.parse(line));
  });
  const [message] = await once(child, 'message');
  while (lines.length === 0) await once(child.stdout, 'data');
  return { child, message, lines, url: `http://127.0.0.1:${lines[0].port}` };
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} lets a request finish and takes no more`, async (t) => {
    let answer;
    const api = await serve(t, (request, response) => { answer = () => response.end('done'); });
    const { child, message, url } = await start(t, { API_URL: api });
    assert.equal(message, 'ready');
    const slow = fetch(`${url}/api/slow`);
    while (!answer) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill(signal);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await assert.rejects(fetch(`${url}/health`));
    answer();
    assert.equal(await (await slow).text(), 'done');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
}

test('a request that never ends does not keep the process', async (t) => {
  const api = await serve(t, () => {});
  const { child, url } = await start(t, { API_URL: api, SHUTDOWN_MS: '200' });
  const hanging = assert.rejects(fetch(`${url}/api/slow`));
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [1, null]);
  await hanging;
});

test('each request is one line of JSON, healthy checks are none', async (t) => {
  const { lines, url } = await start(t, { RELEASE: 'r42' });
  await fetch(`${url}/health`);
  await fetch(`${url}/version?token=x`, { headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.9' } });
  while (lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(lines.length, 2);
  const { path, status, client, method } = lines[1];
  assert.deepEqual([method, path, status, client], ['GET', '/version', 200, '203.0.113.9']);
});
