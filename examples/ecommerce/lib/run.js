// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Listens, and stops in a way that no request notices.

import { ConfigError, fromEnvironment } from './config.js';
import { leave } from './leave.js';
import { createLog } from './log.js';
import { createService } from './service.js';

export function run(definition) {
  const config = configured(definition);
  const { app, log, beginShutdown, close } = createService(definition, config);

  const server = app.listen(config.port, config.host, (error) => {
    if (error) {
      log('error', 'cannot listen', { host: config.host, port: config.port, error: error.message });
      process.exit(1);
    }
    log('info', 'listening', { host: config.host, port: server.address().port, release: config.release });
    // PM2 (`wait_ready`) takes the old process away only after this.
    process.send?.('ready');
  });
  // Longer than a load balancer keeps idle connections to us, so that it is never us who closes one that is about to
  // be used.
  server.keepAliveTimeout = config.keepAliveMs;
  server.headersTimeout = config.keepAliveMs + 5_000;

  let stopping = false;
  function stop(reason) {
    if (stopping) return;
    stopping = true;
    log('info', 'stopping', { reason });
    beginShutdown();
    server.close(() => close().finally(leave));
    // A client that never ends its request must not keep the process for ever.
    setTimeout(() => process.exit(1), config.shutdownMs).unref();
  }
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('message', (message) => message === 'shutdown' && stop('shutdown message'));
}

function configured({ name, ...settings }) {
  try {
    return fromEnvironment(process.env, settings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const mistake of error.mistakes) createLog(name)('error', 'configuration', { error: mistake });
    process.exit(1);
  }
}
