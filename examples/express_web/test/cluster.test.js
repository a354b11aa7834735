// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { get } from 'node:http';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const REPLACEMENTS = 20;
cluster.setupPrimary({ exec: fileURLToPath(new URL('../server.js', import.meta.url)), silent: true });

async function begin() {
  const worker = cluster.fork({ PORT: '0', HOST: '127.0.0.1' });
  worker.process.stdout.resume();
  const [address] = await once(worker, 'listening');
  return { worker, port: address.port };
}

// On a connection of its own, as a proxy without keep-alive asks.
const ask = (port) => new Promise((resolve) => {
  const request = get({ host: '127.0.0.1', port, path: '/health', agent: false, timeout: 3000 }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode));
  });
  request.on('timeout', () => request.destroy(new Error('no answer within 3 s')));
  request.on('error', (error) => resolve(error.message));
});

test('processes of a cluster are replaced and every request is answered', async (t) => {
  const running = [await begin(), await begin()];
  t.after(() => running.forEach(({ worker }) => worker.process.kill('SIGKILL')));
  const { port } = running[0];
  const answers = [];
  let over = false;
  const clients = Array.from({ length: 12 }, async () => {
    while (!over) answers.push(await ask(port));
  });
  for (let count = 0; count < REPLACEMENTS; count += 1) {
    running.push(await begin());
    const { worker } = running.shift();
    worker.process.kill('SIGINT');
    await once(worker, 'exit');
  }
  over = true;
  await Promise.all(clients);
  assert.ok(answers.length > 200);
  assert.deepEqual(answers.filter((answer) => answer !== 200), []);
});
