// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What reaches a Redis that is not the one that it should be: no name of a user, and no password.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import dns from 'node:dns';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';

import { connect } from '../lib/queue.js';

// Only the tests lead it to loopback, so that the client takes it for another host.
const HOST = 'cache.example.org';

// A certificate that is its own authority.
function issue(name) {
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

// What a server gets from the worker, decrypted where it has a certificate. It rejects every command.
async function logIn(t, certificate, ca) {
  const { lookup } = dns;
  t.mock.method(dns, 'lookup', (name, options, answer) => {
    if (name !== HOST) return lookup(name, options, answer);
    return options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4);
  });
  let received = '';
  const server = net.createServer((socket) => {
    const stream = certificate ? new tls.TLSSocket(socket, { isServer: true, ...certificate }) : socket;
    // An error is the client's, which ends the connection when it does not trust the server.
    for (const each of [socket, stream]) each.on('error', () => {});
    stream.on('data', (data) => {
      received += data.toString('latin1');
      stream.end('-ERR denied\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `rediss://shopper:open-sesame@${HOST}:${server.address().port}`;
  const client = connect({ url, ca }, { retryStrategy: () => null, enableReadyCheck: false });
  client.on('error', () => {});
  await new Promise((ended) => { client.on('end', ended); });
  return received;
}

const GOOD = issue(HOST);
const OTHER_NAME = issue('other.example.org');
const LOCALHOST = issue('localhost');
const UNTRUSTED = {
  'no TLS': [undefined, GOOD.cert],
  'another authority': [issue(HOST), GOOD.cert],
  'another name': [OTHER_NAME, OTHER_NAME.cert],
  'the name localhost': [LOCALHOST, LOCALHOST.cert],
  'no authority of the system': [GOOD, undefined],
};

for (const [fault, [certificate, ca]] of Object.entries(UNTRUSTED)) {
  test(`a server with ${fault} gets no login`, async (t) => {
    assert.doesNotMatch(await logIn(t, certificate, ca), /shopper|open-sesame/);
  });
}

test('a verified server gets the login', async (t) => {
  assert.match(await logIn(t, GOOD, GOOD.cert), /open-sesame/);
});

test('the environment cannot switch the verification off', async (t) => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.after(() => { delete process.env.NODE_TLS_REJECT_UNAUTHORIZED; });
  assert.doesNotMatch(await logIn(t, issue(HOST), GOOD.cert), /open-sesame/);
});
