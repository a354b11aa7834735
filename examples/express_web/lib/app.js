// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The application: what is answered to which request.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

import compression from 'compression';
import express from 'express';
import helmet from 'helmet';

import { createDrain } from './drain.js';
import { log, requestLog } from './log.js';
import { proxyTo } from './proxy.js';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const PAGE = path.join(ROOT, 'pages', 'index.html');

// Only what is ours may run. Whether the site is HTTPS only is said by who ends TLS (nginx), not here.
const security = helmet({
  contentSecurityPolicy: {
    directives: { scriptSrc: ["'self'"], styleSrc: ["'self'"], upgradeInsecureRequests: null },
  },
  strictTransportSecurity: false,
});

export function createApp(config) {
  const app = express();
  const drain = createDrain();
  app.set('trust proxy', config.trustedProxies);
  app.disable('x-powered-by');

  app.use(requestLog);
  app.use(drain.track);

  // The health of this process and of nothing else: an API that is down is no reason to restart the front end.
  app.get('/health', (request, response) => fresh(response, { status: 'ok', release: config.release }));
  app.get('/version', (request, response) => fresh(response, { service: 'web', release: config.release }));
  app.use('/api', proxyTo(config.apiUrl, config.apiTimeoutMs));

  app.use(security);
  app.use(compression());
  app.use('/static', express.static(path.join(ROOT, 'public'), { index: false }));
  // Front-end routes: what they show is decided in the browser. A missing file stays missing.
  app.get('/{*route}', (request, response, next) => {
    const file = path.extname(request.path) || request.path.startsWith('/static/');
    if (file || !request.accepts('html')) return next();
    response.set('Cache-Control', 'no-cache').sendFile(PAGE);
  });

  app.use((request, response) => problem(response, 404, 'Not Found'));
  app.use((error, request, response, next) => {
    const status = error.status ?? 500;
    if (status >= 500) log('error', 'request failed', { request_id: request.id, error: error.stack });
    if (response.headersSent) return next(error);
    problem(response, status, status < 500 ? error.message : 'Internal Server Error');
  });
  return { app, beginShutdown: drain.begin };
}

function fresh(response, body) {
  response.set('Cache-Control', 'no-store').json(body);
}

function problem(response, status, title) {
  response.status(status).type('application/problem+json').json({ type: 'about:blank', title, status });
}
