// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// PostgreSQL: a small pool for each process, and transactions.

import pg from 'pg';

import { isLocal } from './hosts.js';

// BIGINT comes as a text, since it may not fit a number; amounts and counts here always do.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

// Options of a connection. A server on another host must have a certificate for its name, which one of the authorities
// `ca` has signed (without them: of those that Node.js trusts). If it offers no TLS, `pg` ends the connection.
export function connection({ url, ca }) {
  const ssl = { ca, rejectUnauthorized: true };
  return { connectionString: url, ...(!isLocal(url) && { ssl }), connectionTimeoutMillis: 3000, keepAlive: true };
}

export function createDatabase(settings, log) {
  const pool = new pg.Pool({ ...connection(settings), max: 5, idleTimeoutMillis: 30_000, query_timeout: 10_000 });
  // An idle connection that breaks is replaced when one is needed; unheard, the event would end the process.
  pool.on('error', (error) => log('warn', 'database connection lost', { error: error.message }));

  const query = (text, values) => pool.query(text, values).then((result) => result.rows);

  async function transaction(work) {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const result = await work((text, values) => client.query(text, values).then((answer) => answer.rows));
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      // A connection whose transaction cannot be taken back is thrown away, and the transaction with it.
      await client.query('ROLLBACK').then(() => client.release(), (broken) => client.release(broken));
      throw error;
    }
  }

  return { query, transaction, close: () => pool.end() };
}
