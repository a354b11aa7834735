// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Redis, APIs and workers for a test, each gone when the test is.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { readConfig } from '../lib/config.js';
import { connect, openQueue } from '../lib/queue.js';

const WORKER = fileURLToPath(new URL('../worker.js', import.meta.url));
const OWN_PORT = 16_379;

// That of REDIS_URL_TEST (with REDIS_CA_TEST, the file with its authority), else a server of its own. The tests fail without
// one: they would test nothing.
export async function startRedis(t) {
  let url = process.env.REDIS_URL_TEST;
  const ca = process.env.REDIS_CA_TEST;
  if (!url) {
    if (spawnSync('redis-server', ['--version']).error) {
      throw new Error('Redis is needed: set REDIS_URL_TEST, or install redis-server');
    }
    const server = spawn('redis-server', ['--port', OWN_PORT, '--save', ''], { stdio: 'ignore' });
    t.after(() => server.kill('SIGKILL'));
    url = `redis://127.0.0.1:${OWN_PORT}`;
  }
  const env = { REDIS_URL: url, ...(ca && { REDIS_CA: ca }) };
  const connection = connect(readConfig(env).redis);
  const queue = openQueue(connection);
  await connection.flushdb();
  t.after(async () => {
    await queue.close();
    connection.disconnect();
  });
  return { env, queue };
}

// An API that answers each request with what `answer` returns for its number: `[status, body]`, or a promise of it.
export async function startApi(t, answer) {
  const orders = [];
  const tokens = [];
  const server = http.createServer(async (request, response) => {
    tokens.push(request.headers.authorization);
    orders.push(await json(request));
    const [status, body] = await answer(orders.length);
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, orders, tokens };
}

export function startWorker(t, env) {
  const child = spawn(process.execPath, [WORKER], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  const ended = once(child, 'close').then(([code]) => code);
  const ready = once(child, 'message').then(([message]) => message);
  return { child, lines, ended, ready };
}

export async function until(check, what, seconds = 15) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const found = await check();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not happen within ${seconds} s`);
}
