// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// A service: what all of them have (logs, health, version, errors), around what one of them does.

import express from 'express';
import helmet from 'helmet';

import { createCache } from './cache.js';
import { createCalls } from './calls.js';
import { createDrain } from './drain.js';
import { createLimits } from './limits.js';
import { createLog, requestLog } from './log.js';
import { createDatabase } from './postgres.js';
import { answerProblems, notFound } from './problems.js';
import { createTokens } from './tokens.js';
import { within } from './within.js';

// Below the five seconds that a load balancer waits for the answer of a health check.
const HEALTH_MS = 2000;

// Only what is ours may run. Whether the site is HTTPS only is said by who ends TLS, not here.
const security = helmet({
  contentSecurityPolicy: {
    directives: { scriptSrc: ["'self'"], styleSrc: ["'self'"], upgradeInsecureRequests: null },
  },
  strictTransportSecurity: false,
});

export function createService({ name, routes }, config, log = createLog(name)) {
  const parts = createParts(name, config, log);
  const drain = createDrain();
  const app = express();
  app.set('trust proxy', config.trustedProxies);
  app.disable('x-powered-by');

  app.use(requestLog(log));
  app.use(drain.track);
  app.get('/health', async (request, response) => {
    const state = await health(parts, log);
    fresh(response).status(state.status === 'ok' ? 200 : 503).json({ ...state, release: config.release });
  });
  app.get('/version', (request, response) => fresh(response).json({ service: name, release: config.release }));
  app.use(security);
  app.use('/api', (request, response, next) => { fresh(response); next(); });
  app.use(express.json({ limit: '64kb' }));
  const stop = routes(app, parts);
  app.use(notFound);
  app.use(answerProblems(log));

  async function close() {
    await stop?.();
    await Promise.all([parts.database?.close(), parts.cache?.close()]);
  }
  return { app, log, parts, beginShutdown: drain.begin, close };
}

function createParts(name, config, log) {
  const parts = { config, log };
  if (config.database) parts.database = createDatabase(config.database, log);
  if (config.redis) parts.cache = createCache(config.redis, log);
  if (parts.cache) parts.limit = createLimits(parts.cache);
  if (config.secret) parts.tokens = createTokens(config.secret, name);
  if (config.secret) parts.call = createCalls(config.urls, parts.tokens, log);
  return parts;
}

// Without its database a service can do nothing and should get no traffic. Without Redis it is only slower.
async function health({ database, cache }, log) {
  const state = { status: 'ok' };
  const probes = [];
  if (database) probes.push(probe('database', database.query('SELECT 1 FROM migrations LIMIT 1')));
  if (cache) probes.push(probe('redis', cache.ping()));
  await Promise.all(probes);
  if (state.database === 'down') state.status = 'unavailable';
  return state;

  async function probe(what, asked) {
    state[what] = await within(HEALTH_MS, asked).then(() => 'ok', (error) => {
      log('error', 'health check', { what, error: error.message || error.code });
      return 'down';
    });
  }
}

function fresh(response) {
  return response.set('Cache-Control', 'no-store');
}
