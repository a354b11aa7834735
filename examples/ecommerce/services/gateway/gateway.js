// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What no other service answers under `/api/`: an index of the API, and how the whole of it is.

import { Problem } from '../../lib/problems.js';

const SERVICES = ['user', 'product', 'order', 'payment', 'notification'];
const TIMEOUT_MS = 2000;

export const definition = { name: 'gateway', port: 8080, watches: SERVICES, routes };

const INDEX = {
  auth: ['POST /api/auth/register', 'POST /api/auth/login'],
  users: ['GET /api/users/me'],
  products: ['GET /api/products/?category=', 'GET /api/products/{id}'],
  categories: ['GET /api/categories/'],
  orders: ['POST /api/orders/', 'GET /api/orders/', 'GET /api/orders/{id}'],
  payments: ['GET /api/payments/', 'GET /api/payments/{order}'],
  notifications: ['GET /api/notifications/'],
  gateway: ['GET /api/', 'GET /api/status'],
};

function routes(app, { config }) {
  app.get('/api', (request, response) => response.json({ release: config.release, endpoints: INDEX }));

  app.get('/api/status', async (request, response) => {
    const watched = SERVICES.filter((service) => config.urls[service].length);
    const states = await Promise.all(watched.map((service) => state(config.urls[service], request.id)));
    const services = Object.fromEntries(watched.map((service, index) => [service, states[index]]));
    response.json({ status: overall(states), services });
  });

  // A load balancer's rule `/api/products/*` does not match `/api/products`: that comes here, and is sent there with
  // its method and body.
  app.all('/api/:area', (request, response) => {
    const { area } = request.params;
    if (!Object.hasOwn(INDEX, area) || request.path.endsWith('/')) {
      throw new Problem(404, 'Not Found', 'The API has no such endpoint. GET /api/ lists them.');
    }
    response.redirect(308, `/api/${area}/${request.originalUrl.slice(request.path.length)}`);
  });
}

// The number of processes that answer and their releases, but not their addresses.
async function state(urls, requestId) {
  const answers = await Promise.all(urls.map((url) => ask(url, requestId)));
  const up = answers.filter((answer) => answer?.status === 'ok');
  return { up: up.length, of: urls.length, releases: [...new Set(up.map((answer) => answer.release))].sort() };
}

function ask(url, requestId) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return fetch(`${url}/health`, { headers: { 'x-request-id': requestId }, signal, redirect: 'error' })
    .then((answer) => answer.json()).catch(() => null);
}

function overall(states) {
  if (states.some(({ up }) => up === 0)) return 'down';
  return states.some(({ up, of }) => up < of) ? 'degraded' : 'ok';
}
