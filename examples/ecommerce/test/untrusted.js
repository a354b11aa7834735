// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Servers that begin to speak as PostgreSQL and Redis do, and keep what clients send. They accept no login.

import { execFileSync } from 'node:child_process';
import dns from 'node:dns';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

// Only the tests lead it to loopback, so that a client takes it for another host.
export const HOST = 'db.example.org';
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

// A certificate that is its own authority.
export function issue(name) {
  const directory = mkdtempSync(path.join(tmpdir(), 'certificate-'));
  try {
    const [key, cert] = ['key.pem', 'cert.pem'].map((file) => path.join(directory, file));
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${name}`,
      '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert,
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function resolve(t) {
  const { lookup } = dns;
  t.mock.method(dns, 'lookup', (name, options, answer) => {
    if (name !== HOST) return lookup(name, options, answer);
    return options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4);
  });
}

// Without a certificate it offers no TLS. `received` is what clients sent, decrypted where they use TLS.
export async function servePostgres(t, certificate) {
  return serve(t, (socket, received) => {
    socket.once('data', (first) => {
      if (!first.equals(SSL_REQUEST)) return askForPassword(socket, received, first);
      socket.write(certificate ? 'S' : 'N');
      const stream = certificate ? encrypted(socket, certificate) : socket;
      return stream.once('data', (startup) => askForPassword(stream, received, startup));
    });
  });
}

export async function serveRedis(t, certificate) {
  return serve(t, (socket, received) => {
    const stream = certificate ? encrypted(socket, certificate) : socket;
    stream.on('data', (data) => {
      received.push(data);
      stream.write('-ERR denied\r\n');
    });
  });
}

function askForPassword(stream, received, startup) {
  received.push(startup);
  stream.write(Buffer.from([82, 0, 0, 0, 8, 0, 0, 0, 3]));
  stream.on('data', (data) => {
    received.push(data);
    stream.end();
  });
}

function encrypted(socket, certificate) {
  const stream = new tls.TLSSocket(socket, { isServer: true, ...certificate });
  // An error is the client's, which ends the connection when it does not trust the server.
  stream.on('error', () => {});
  return stream;
}

async function serve(t, talk) {
  const received = [];
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    talk(socket, received);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: server.address().port, received: () => Buffer.concat(received).toString('latin1') };
}
