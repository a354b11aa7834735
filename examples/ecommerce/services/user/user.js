// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Who the customers are: `/api/auth/register`, `/api/auth/login` and `/api/users/me`.

import { createHash } from 'node:crypto';

import { hash, verify } from '@node-rs/argon2';

import { Problem } from '../../lib/problems.js';
import { email, password, text, validated } from '../../lib/validate.js';

// Argon2id as OWASP asks for it: 19 MiB, two passes.
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const QUARTER_HOUR = 900;
const DAY = 86_400;

export const definition = { name: 'user', port: 3001, needs: ['database', 'redis', 'secret'], routes };

function routes(app, { config, database, cache, limit, tokens }) {
  // Logins of unknown users are compared with this hash, so that they take the same time.
  const unusedHash = hash('the hash of no account', ARGON2);

  app.post('/api/auth/register', async (request, response) => {
    await limit('register', request.ip, config.authLimit, QUARTER_HOUR);
    const user = validated(request.body, { email, name: text(1, 100), password });
    if (await cache.get(knownKey(user.email))) throw taken();
    const passwordHash = await hash(user.password, ARGON2);
    // The database decides whether an address is taken: Redis may have forgotten, and two may come at once.
    const [created] = await database.query(
      `INSERT INTO users (email, name, password_hash) VALUES ($1, $2, $3)
       ON CONFLICT (email) DO NOTHING RETURNING id, email, name, created_at`,
      [user.email, user.name, passwordHash],
    );
    await cache.set(knownKey(user.email), true, DAY);
    if (!created) throw taken();
    response.status(201).location('/api/users/me').json(await session(created));
  });

  app.post('/api/auth/login', async (request, response) => {
    await limit('login', request.ip, config.authLimit, QUARTER_HOUR);
    const given = validated(request.body, { email, password });
    await limit('login-of', given.email, config.authLimit, QUARTER_HOUR);
    const [user] = await database.query(
      'SELECT id, email, name, created_at, password_hash FROM users WHERE email = $1',
      [given.email],
    );
    const right = await verify(user?.password_hash ?? await unusedHash, given.password);
    if (!user || !right) throw new Problem(401, 'Unauthorized', 'The e-mail address or the password is wrong.');
    response.json(await session(user));
  });

  app.get('/api/users/me', tokens.requireUser, async (request, response) => {
    const [user] = await database.query('SELECT id, email, name, created_at FROM users WHERE id = $1', [request.user.id]);
    if (!user) throw new Problem(404, 'Not Found', 'There is no such user any more.');
    response.json(shown(user));
  });

  async function session(user) {
    return { token: await tokens.forUser(user), user: shown(user) };
  }
}

function shown({ id, email: address, name, created_at: createdAt }) {
  return { id, email: address, name, created_at: createdAt };
}

// Redis is no place for the addresses themselves.
function knownKey(address) {
  return `user:known:${createHash('sha256').update(address).digest('hex')}`;
}

function taken() {
  return new Problem(409, 'Conflict', 'There is an account with this e-mail address. Sign in instead.');
}
