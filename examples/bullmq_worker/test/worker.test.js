// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { enqueueOrder } from '../lib/queue.js';
import { startApi, startRedis, startWorker, until } from './support.js';

const ENQUEUE = fileURLToPath(new URL('../enqueue.js', import.meta.url));
const ORDER = { number: 'A-1', email: 'ada@example.org', lines: [{ name: 'Lamp', quantity: 1, price: '9.90' }] };
const accept = () => [202, { number: 'A-1', state: 'queued' }];

test('a job requests the confirmation of its order', async (t) => {
  const { env, queue } = await startRedis(t);
  const api = await startApi(t, accept);
  const worker = startWorker(t, { ...env, API_URLS: api.url, API_TOKEN: 'a-token-of-the-tests', RELEASE: 'r42' });
  assert.equal(await worker.ready, 'ready');
  await enqueueOrder(queue, ORDER);
  const job = await until(() => queue.getCompleted().then(([first]) => first), 'the job');
  assert.deepEqual(job.returnvalue, { state: 'queued', release: 'r42' });
  assert.deepEqual(api.orders, [ORDER]);
  assert.deepEqual(api.tokens, ['Bearer a-token-of-the-tests']);
});

for (const status of [401, 403, 429]) {
  test(`a job is tried again after ${status}`, async (t) => {
    const { env, queue } = await startRedis(t);
    const api = await startApi(t, (count) => (count === 1 ? [status, {}] : accept()));
    const worker = startWorker(t, { ...env, API_URLS: api.url });
    await worker.ready;
    await enqueueOrder(queue, ORDER);
    const job = await until(() => queue.getCompleted().then(([first]) => first), 'the job');
    assert.equal(job.attemptsMade, 2);
    assert.deepEqual(api.tokens, [undefined, undefined]);
  });
}

test('an order is enqueued once', async (t) => {
  const { queue } = await startRedis(t);
  await enqueueOrder(queue, ORDER);
  await enqueueOrder(queue, ORDER);
  assert.equal(await queue.count(), 1);
});

test('a job is tried again after a failure, on the next instance at once', async (t) => {
  const { env, queue } = await startRedis(t);
  const api = await startApi(t, (count) => (count === 1 ? [503, {}] : accept()));
  const urls = `http://127.0.0.1:9,${api.url}`;
  const worker = startWorker(t, { ...env, API_URLS: urls });
  await worker.ready;
  await enqueueOrder(queue, ORDER);
  const job = await until(() => queue.getCompleted().then(([first]) => first), 'the job');
  assert.equal(job.attemptsMade, 2);
  assert.equal(api.orders.length, 2);
});

test('a job that the API rejects is not tried again', async (t) => {
  const { env, queue } = await startRedis(t);
  const api = await startApi(t, () => [422, { detail: 'no lines' }]);
  const worker = startWorker(t, { ...env, API_URLS: api.url });
  await worker.ready;
  await enqueueOrder(queue, ORDER);
  const job = await until(() => queue.getFailed().then(([first]) => first), 'the failure');
  assert.match(job.failedReason, /422.*no lines/);
  assert.equal(job.attemptsMade, 1);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`${signal} lets a job finish and leaves the next in the queue`, async (t) => {
    const { env, queue } = await startRedis(t);
    const permission = new EventEmitter();
    const api = await startApi(t, () => once(permission, 'answer').then(accept));
    const worker = startWorker(t, { ...env, API_URLS: api.url, CONCURRENCY: '1' });
    await worker.ready;
    await enqueueOrder(queue, ORDER);
    await enqueueOrder(queue, { ...ORDER, number: 'A-2' });
    await until(() => api.orders.length === 1, 'the request');
    worker.child.kill(signal);
    await until(() => worker.lines.some((line) => line.message === 'stopping'), 'the stop');
    permission.emit('answer');
    assert.equal(await worker.ended, 0);
    assert.deepEqual(api.orders.map((order) => order.number), ['A-1']);
    assert.deepEqual([await queue.getCompletedCount(), await queue.getWaitingCount()], [1, 1]);
  });
}

test('a job that does not end in time does not hold the process', async (t) => {
  const { env, queue } = await startRedis(t);
  const api = await startApi(t, () => new Promise(() => {}));
  const worker = startWorker(t, { ...env, API_URLS: api.url, SHUTDOWN_MS: '300' });
  await worker.ready;
  await enqueueOrder(queue, ORDER);
  await until(() => api.orders.length === 1, 'the request');
  worker.child.kill('SIGINT');
  assert.equal(await worker.ended, 1);
});

test('enqueue.js prints the result of the job', async (t) => {
  const { env } = await startRedis(t);
  const api = await startApi(t, accept);
  const worker = startWorker(t, { ...env, API_URLS: api.url, RELEASE: 'r42' });
  await worker.ready;
  const child = spawn(process.execPath, [ENQUEUE, JSON.stringify(ORDER)], { env });
  let printed = '';
  child.stdout.on('data', (text) => { printed += text; });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(printed), { state: 'queued', release: 'r42' });
});
