// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Passes requests on to the API. With nginx in front this is never asked; alone, it makes the page work.

import http from 'node:http';
import https from 'node:https';

import { log } from './log.js';

// These belong to one connection, not to the message (RFC 9110, section 7.6.1).
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

export function proxyTo(apiUrl, timeoutMs) {
  const client = apiUrl.protocol === 'https:' ? https : http;
  // A connection of its own for each request: one kept idle may close just as it is used again.
  const agent = new client.Agent({ keepAlive: false });
  const prefix = apiUrl.pathname.replace(/\/$/, '');

  return (request, response) => {
    const upstream = client.request({
      agent,
      hostname: apiUrl.hostname.replace(/^\[|\]$/g, ''),
      port: apiUrl.port,
      method: request.method,
      path: prefix + request.originalUrl,
      headers: forwarded(request, apiUrl),
      timeout: timeoutMs,
    });
    upstream.on('response', (answer) => passBack(answer, response));
    upstream.on('timeout', () => upstream.destroy(Object.assign(new Error('no answer in time'), { status: 504 })));
    upstream.on('error', (error) => fail(request, response, error));
    // Who has gone away needs no answer.
    response.on('close', () => response.writableFinished || upstream.destroy());
    request.pipe(upstream);
  };
}

function forwarded(request, apiUrl) {
  return {
    ...endToEnd(request.headers),
    host: apiUrl.host,
    // A body of unknown length is sent on as one.
    ...(request.headers['transfer-encoding'] && { 'transfer-encoding': 'chunked' }),
    'x-forwarded-for': request.ip,
    'x-forwarded-host': request.host,
    'x-forwarded-proto': request.protocol,
    'x-request-id': request.id,
  };
}

function endToEnd(headers) {
  const named = (headers.connection ?? '').toLowerCase().split(',').map((name) => name.trim());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name)),
  );
}

function passBack(answer, response) {
  response.status(answer.statusCode).set(endToEnd(answer.headers));
  answer.on('error', () => response.destroy());
  answer.pipe(response);
}

function fail(request, response, error) {
  if (response.closed) return;
  log('error', 'api', { request_id: request.id, error: error.code ?? error.message });
  // Half an answer cannot be taken back; cutting it off tells the client that it is not whole.
  if (response.headersSent) return response.destroy();
  const status = error.status ?? 502;
  const title = status === 504 ? 'Gateway Timeout' : 'Bad Gateway';
  response.status(status).type('application/problem+json');
  response.json({ type: 'about:blank', title, status, detail: 'The API cannot be reached at the moment.' });
}
