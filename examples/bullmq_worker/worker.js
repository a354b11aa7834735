// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Takes jobs from the queue, and stops in a way that no job notices.

import { Worker } from 'bullmq';

import { ConfigError, readConfig } from './lib/config.js';
import { requestConfirmation } from './lib/confirm.js';
import { log } from './lib/log.js';
import { QUEUE, connect } from './lib/queue.js';

const config = configure();
const connection = connect(config.redis);

async function handle(job) {
  const { state } = await requestConfirmation(job.data, config);
  return { state, release: config.release };
}

const worker = new Worker(QUEUE, handle, { connection, concurrency: config.concurrency });
worker.on('completed', (job) => log('info', 'job completed', { job: job.id, attempt: job.attemptsMade }));
worker.on('failed', (job, error) => log('warn', 'job failed', { job: job?.id, attempt: job?.attemptsMade, error: error.message }));
worker.on('error', (error) => log('error', 'worker error', { error: error.message || error.code }));
// Another worker, or this one, runs a job again whose process has ended without finishing it.
worker.on('stalled', (job) => log('warn', 'job stalled', { job }));
worker.on('ready', () => {
  log('info', 'ready', { queue: QUEUE, concurrency: config.concurrency, release: config.release });
  // PM2 (`wait_ready`) waits for this.
  process.send?.('ready');
});

let stopping = false;

// `close` takes no more jobs and waits for those that run.
async function stop(reason) {
  if (stopping) return;
  stopping = true;
  log('info', 'stopping', { reason });
  setTimeout(() => {
    log('error', 'jobs did not end in time', { limit_ms: config.shutdownMs });
    process.exit(1);
  }, config.shutdownMs).unref();
  await worker.close();
  connection.disconnect();
  process.exit(0);
}

process.on('SIGINT', () => stop('SIGINT'));
process.on('SIGTERM', () => stop('SIGTERM'));

function configure() {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const mistake of error.mistakes) log('error', 'configuration', { error: mistake });
    return process.exit(1);
  }
}
