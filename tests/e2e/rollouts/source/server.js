// Serves its version. The file `mode` says how this release fails, the file `broken-host` in HOME on which host it does.
'use strict';

const { existsSync, readFileSync } = require('node:fs');
const { createServer } = require('node:http');

const read = (name) => readFileSync(`${__dirname}/${name}`, 'utf8').trim();
const version = read('version');
const mode = read('mode');
const begun = Date.now();

if (mode === 'exits') process.exit(3);
if (mode === 'crashes') setTimeout(() => process.exit(3), 1500);

const isHealthy = () => {
  if (mode === 'broken') return false;
  // The trial, which has a port of its own, does not find it.
  if (mode === 'broken-on-one-host') return process.env.PORT !== '3000' || !existsSync(`${process.env.HOME}/broken-host`);
  if (mode === 'ten-seconds') return Date.now() - begun < 25000;
  return true;
};

const server = createServer((request, response) => {
  // Such a release is healthy to the load balancer, and only a gate or a hook can know that it is not good.
  const healthy = isHealthy() && !(mode === 'broken-page' && request.url === '/page');
  response.statusCode = healthy ? 200 : 500;
  // A slow request, which a reload must not cut.
  const delay = request.url.startsWith('/slow') ? 3000 : 0;
  setTimeout(() => response.end(request.url === '/health' ? String(healthy) : version), delay);
});
server.keepAliveTimeout = 75000;
server.listen(Number(process.env.PORT), process.env.HOST, () => process.send && process.send('ready'));
process.on('SIGINT', () => server.close(() => process.exit(0)));
