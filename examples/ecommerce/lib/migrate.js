// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Brings the tables of a service up to date: numbered SQL files, each once, each whole or not at all.

import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import pg from 'pg';

import { connection } from './postgres.js';

const SERVICES = fileURLToPath(new URL('../services/', import.meta.url));
// The number that this application's migrations lock; any that nothing else in the database uses.
const LOCK = 3_141_592_653;

export async function migrate(service, settings, log) {
  const client = new pg.Client(connection(settings));
  await client.connect();
  try {
    // Hosts that deploy at the same time wait for one another here. The lock goes when the connection does.
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query(`CREATE TABLE IF NOT EXISTS migrations (
      service text NOT NULL, number integer NOT NULL, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (service, number))`);
    const { rows } = await client.query('SELECT number FROM migrations WHERE service = $1', [service]);
    const done = new Set(rows.map((row) => row.number));
    for (const file of await files(service)) {
      if (done.has(file.number)) continue;
      await apply(client, service, file);
      log('info', 'migrated', { service, migration: file.name });
    }
  } finally {
    await client.end();
  }
}

async function files(service) {
  const directory = path.join(SERVICES, service, 'migrations');
  const names = (await readdir(directory)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort();
  return names.map((name) => ({ name, number: Number(name.slice(0, 4)), place: path.join(directory, name) }));
}

async function apply(client, service, { name, number, place }) {
  await client.query('BEGIN');
  try {
    await client.query(await readFile(place, 'utf8'));
    await client.query('INSERT INTO migrations (service, number, name) VALUES ($1, $2, $3)', [service, number, name]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
}
