// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Puts a paid order on the queue, as the shop does, and waits until its job is done.
//   node enqueue.js '{"number": "A-1", "email": "ada@example.org", "lines": [{"name": "Lamp", "quantity": 1, "price": "9.90"}]}'

import { QueueEvents } from 'bullmq';

import { readConfig } from './lib/config.js';
import { QUEUE, connect, enqueueOrder, openQueue } from './lib/queue.js';

const WAIT_MS = 60_000;

const { redis } = readConfig(process.env);
const order = JSON.parse(process.argv[2] ?? '{}');
if (!order.number) {
  console.error('the argument must be an order in JSON with a number (see the first lines of enqueue.js)');
  process.exit(2);
}

const queue = openQueue(connect(redis));
const events = new QueueEvents(QUEUE, { connection: connect(redis) });
try {
  await events.waitUntilReady();
  const job = await enqueueOrder(queue, order);
  console.log(JSON.stringify(await job.waitUntilFinished(events, WAIT_MS)));
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
