// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// `npm start`: the whole shop on this machine, migrated, behind a stand-in for the load balancer.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { createRouter } from './router.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PORTS = { user: 3001, product: 3002, order: 3003, payment: 3004, notification: 3005, gateway: 8080, frontend: 3000 };
const STORED = ['user', 'product', 'order', 'payment', 'notification'];
const ROUTER = 8000;

const urls = Object.fromEntries(Object.entries(PORTS).map(([service, port]) => [service, `http://127.0.0.1:${port}`]));
const shared = {
  JWT_SECRET: 'for development only, and for nothing else',
  // Only the stand-in for the load balancer is in front, and all clients have the same address.
  AUTH_LIMIT: '1000',
  ...Object.fromEntries(STORED.map((service) => [`${service.toUpperCase()}_URLS`, urls[service]])),
  ...process.env,
};

for (const service of STORED) {
  const [code] = await once(fork(`${ROOT}migrate.js`, [service], { env: shared }), 'exit');
  if (code) process.exit(code);
}
const services = Object.entries(PORTS).map(([service, port]) => (
  fork(`${ROOT}services/${service}/server.js`, { env: { ...shared, PORT: String(port) } })
));
// One that ends by itself takes the others along: half a shop is confusing.
for (const each of services) each.on('exit', () => stop());
const router = createRouter(urls).listen(ROUTER, '127.0.0.1', () => console.log(`The shop is at http://127.0.0.1:${ROUTER}`));

function stop() {
  router.close();
  for (const each of services) each.kill('SIGTERM');
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
