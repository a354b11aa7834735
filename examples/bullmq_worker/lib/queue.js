// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The queue `order-events`: where its Redis is, and how its jobs are kept and retried.

import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

export const QUEUE = 'order-events';
const DAY_SECONDS = 24 * 3600;

// BullMQ's workers need connections without a limit of retries: they wait for a Redis that is away. With rediss:// the server
// must have a certificate for its name, which one of the authorities `ca` has signed (else: of those that Node.js trusts).
export function connect({ url, ca }, options = {}) {
  return new Redis(url, {
    maxRetriesPerRequest: null,
    ...(url.startsWith('rediss:') && { tls: { ca, rejectUnauthorized: true } }),
    ...options,
  });
}

export function openQueue(connection) {
  return new Queue(QUEUE, {
    connection,
    defaultJobOptions: {
      attempts: 8,
      backoff: { type: 'exponential', delay: 1000 },
      removeOnComplete: { age: DAY_SECONDS },
      removeOnFail: { age: 14 * DAY_SECONDS },
    },
  });
}

// An order has one job: BullMQ ignores a second one with the same id as long as the first is kept.
export function enqueueOrder(queue, order) {
  return queue.add('order.paid', order, { jobId: `order-${order.number}` });
}
