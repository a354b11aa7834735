// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { serve } from './support.js';

// The real process, as PM2 starts it; its message and its first log line show that it is ready.
function launch(t, service, env) {
  const server = fileURLToPath(new URL(`../services/${service}/server.js`, import.meta.url));
  const child = fork(server, { env: { PATH: process.env.PATH, PORT: '0', ...env }, silent: true });
  t.after(() => child.kill('SIGKILL'));
  const lines = [];
  child.stdout.on('data', (chunk) => {
    for (const line of chunk.toString().trim().split('\n')) lines.push(JSON.parse(line));
  });
  return { child, lines };
}

async function ready(t, env) {
  const { child, lines } = launch(t, 'gateway', env);
  const [message] = await once(child, 'message');
  assert.equal(message, 'ready');
  while (lines.length === 0) await once(child.stdout, 'data');
  return { child, lines, url: `http://127.0.0.1:${lines[0].port}` };
}

for (const [name, stop] of [
  ['SIGTERM', (child) => child.kill('SIGTERM')],
  ["PM2's shutdown message", (child) => child.send('shutdown')],
]) {
  test(`${name} lets a request finish and takes no more`, async (t) => {
    let answer;
    const slow = await serve(t, (request, response) => { answer = () => response.end('{"status":"ok","release":"r1"}'); });
    const { child, lines, url } = await ready(t, { USER_URLS: slow });
    const asked = fetch(`${url}/api/status`);
    while (!answer) await new Promise((resolve) => setTimeout(resolve, 10));
    stop(child);
    while (!lines.some(({ message }) => message === 'stopping')) await once(child.stdout, 'data');
    await assert.rejects(fetch(`${url}/health`));
    answer();
    assert.equal((await (await asked).json()).status, 'ok');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
}

test('a request that never ends does not keep the process', async (t) => {
  const silent = await serve(t, () => {});
  const { child, url } = await ready(t, { USER_URLS: silent, SHUTDOWN_MS: '200' });
  const hanging = assert.rejects(fetch(`${url}/api/status`));
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [1, null]);
  await hanging;
});

test('a service that is not configured says what is missing and ends', async (t) => {
  const { child, lines } = launch(t, 'order', { JWT_SECRET: 'short' });
  assert.deepEqual(await once(child, 'close'), [1, null]);
  assert.deepEqual(lines.map(({ error }) => error.split(' ')[0]), [
    'DATABASE_URL', 'JWT_SECRET', 'PRODUCT_URLS', 'PAYMENT_URLS', 'NOTIFICATION_URLS',
  ]);
});
