// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What reaches a database server that is not the one that it should be: no name of a user, and no password.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import pg from 'pg';

import { createCache } from '../lib/cache.js';
import { fromEnvironment } from '../lib/config.js';
import { isLocal } from '../lib/hosts.js';
import { connection } from '../lib/postgres.js';
import { HOST, issue, resolve, servePostgres, serveRedis } from './untrusted.js';

const LOGIN = 'shopper:open-sesame';
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

async function logInToPostgres(server, ca, host = HOST) {
  const client = new pg.Client(connection({ url: `postgresql://${LOGIN}@${host}:${server.port}/shop`, ca }));
  client.on('error', () => {});
  await assert.rejects(client.connect());
  await client.end().catch(() => {});
}

async function logInToRedis(server, ca, host = HOST) {
  const scheme = host === HOST ? 'rediss' : 'redis';
  const lines = [];
  const cache = createCache({ url: `${scheme}://${LOGIN}@${host}:${server.port}`, ca }, (level, text) => lines.push(text));
  while (!lines.includes('redis is away')) await new Promise((wait) => setTimeout(wait, 5));
  await cache.close();
}

for (const [name, serve, logIn] of [['PostgreSQL', servePostgres, logInToPostgres], ['Redis', serveRedis, logInToRedis]]) {
  describe(name, () => {
    for (const [fault, [certificate, ca]] of Object.entries(UNTRUSTED)) {
      test(`a server with ${fault} gets no login`, async (t) => {
        resolve(t);
        const server = await serve(t, certificate);
        await logIn(server, ca);
        assert.doesNotMatch(server.received(), /shopper|open-sesame/);
      });
    }

    test('a verified server gets the login', async (t) => {
      resolve(t);
      const server = await serve(t, GOOD);
      await logIn(server, GOOD.cert);
      assert.match(server.received(), /open-sesame/);
    });

    test('a server on loopback needs no TLS', async (t) => {
      const server = await serve(t);
      await logIn(server, GOOD.cert, '127.0.0.1');
      assert.match(server.received(), /open-sesame/);
    });
  });
}

test('the environment cannot switch the verification off', async (t) => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.after(() => { delete process.env.NODE_TLS_REJECT_UNAUTHORIZED; });
  resolve(t);
  for (const [serve, logIn] of [[servePostgres, logInToPostgres], [serveRedis, logInToRedis]]) {
    const server = await serve(t, issue(HOST));
    await logIn(server, GOOD.cert);
    assert.doesNotMatch(server.received(), /open-sesame/);
  }
});

test('only loopback and sockets are local', () => {
  const local = [
    'postgresql://localhost/x', 'postgresql://127.8.8.8/x', 'postgresql://[::1]:5432/x', 'redis://localhost',
    'postgresql:///x?host=/run/postgresql', 'postgresql://%2Frun%2Fpostgresql/x',
  ];
  const remote = [
    `postgresql://${HOST}/x`, 'postgresql://10.0.0.1/x', 'postgresql://localhost.example.org/x', 'postgresql:///x',
    `postgresql://localhost/x?host=${HOST}`, 'postgresql://127.example.org/x', 'redis://[::2]', 'redis://10.0.0.1',
  ];
  assert.deepEqual(local.filter((url) => !isLocal(url)), []);
  assert.deepEqual(remote.filter(isLocal), []);
});

test('a URL cannot switch the verification off', () => {
  const mistakes = (name, value, need) => {
    try {
      fromEnvironment({ [name]: value }, { needs: [need] });
    } catch (error) {
      assert.doesNotMatch(error.message, /open-sesame/);
      return error.mistakes;
    }
    return [];
  };
  for (const option of ['sslmode=disable', 'sslmode=no-verify', 'ssl=0', 'sslrootcert=/etc/other.pem']) {
    const url = `postgresql://${LOGIN}@${HOST}/x?${option}`;
    assert.match(mistakes('DATABASE_URL', url, 'database').join(), /^DATABASE_URL must not have ssl/);
  }
  assert.match(mistakes('REDIS_URL', `redis://${LOGIN}@${HOST}`, 'redis').join(), /^REDIS_URL must begin with rediss/);
  assert.deepEqual(mistakes('DATABASE_URL', 'postgresql://localhost/x?sslmode=disable', 'database'), []);
  assert.deepEqual(mistakes('REDIS_URL', 'redis://127.0.0.1:6379', 'redis'), []);
});
