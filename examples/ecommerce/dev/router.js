// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Stands for the load balancer on a developer's machine: the same rules in the same order, one target each.

import http from 'node:http';

export const RULES = [
  ['/api/users/', 'user'],
  ['/api/auth/', 'user'],
  ['/api/products/', 'product'],
  ['/api/categories/', 'product'],
  ['/api/orders/', 'order'],
  ['/api/payments/', 'payment'],
  ['/api/notifications/', 'notification'],
  ['/api/', 'gateway'],
  ['/', 'frontend'],
];

export function createRouter(urls) {
  return http.createServer((request, response) => {
    const [, service] = RULES.find(([prefix]) => request.url.startsWith(prefix)) ?? RULES.at(-1);
    const { hostname, port } = new URL(urls[service]);
    const headers = { ...request.headers, 'x-forwarded-for': request.socket.remoteAddress };
    const upstream = http.request({ hostname, port, method: request.method, path: request.url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    upstream.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    request.pipe(upstream);
  });
}
