// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// One JSON object a line on standard output: journald, PM2 and CloudWatch take it from there.

import { randomUUID } from 'node:crypto';

export function createLog(service, write = (line) => process.stdout.write(line)) {
  return (level, message, fields = {}) => {
    write(`${JSON.stringify({ time: new Date().toISOString(), level, service, message, ...fields })}\n`);
  };
}

// Gives each request an id, for the services behind too, and writes one line when it is answered or given up.
export function requestLog(log) {
  return (request, response, next) => {
    const started = process.hrtime.bigint();
    const given = request.get('x-request-id') ?? '';
    request.id = /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
    response.set('X-Request-ID', request.id);
    response.on('close', () => {
      if (request.path === '/health' && response.statusCode < 400) return;
      log('info', 'request', {
        request_id: request.id,
        method: request.method,
        path: request.originalUrl.split('?')[0],
        status: response.writableFinished ? response.statusCode : 499,
        duration_ms: Math.round(Number(process.hrtime.bigint() - started) / 1e5) / 10,
        client: request.ip,
        user: request.user?.id,
      });
    });
    next();
  };
}
