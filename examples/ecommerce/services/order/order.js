// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Orders: `/api/orders`.

import { Problem } from '../../lib/problems.js';
import { list, oneOf, pathId, uuid, validated, whole } from '../../lib/validate.js';
import { createFulfilment } from './fulfilment.js';

export const definition = {
  name: 'order',
  port: 3003,
  needs: ['database', 'secret'],
  calls: ['product', 'payment', 'notification'],
  routes,
};

const ANSWERS = { paid: 201, declined: 402, rejected: 409 };

function routes(app, { database, tokens, call, log }) {
  const fulfilment = createFulfilment(database, call, log);

  app.post('/api/orders', tokens.requireUser, async (request, response) => {
    const key = idempotencyKey(request);
    const wanted = validated(request.body, {
      items: list(1, 20, wantedItem), payment_method: oneOf('card', 'declined-card'),
    });
    const order = await find(request.user.id, key, wanted);
    const done = order.status === 'pending' ? await fulfilment.advance(order.id, request.id) : order;
    response.status(ANSWERS[done.status]).location(`/api/orders/${done.id}`).json(shown(done));
  });

  app.get('/api/orders', tokens.requireUser, async (request, response) => {
    const orders = await database.query(
      'SELECT * FROM orders WHERE user_id = $1 ORDER BY created_at DESC LIMIT 100', [request.user.id],
    );
    response.json({ orders: orders.map(shown) });
  });

  app.get('/api/orders/:id', tokens.requireUser, async (request, response) => {
    const [order] = await database.query(
      'SELECT * FROM orders WHERE id = $1 AND user_id = $2', [pathId(request), request.user.id],
    );
    if (!order) throw new Problem(404, 'Not Found', 'There is no such order.');
    response.json(shown(order));
  });

  // The order of this key: a new one, or the one that was made when the same request came before.
  async function find(user, key, wanted) {
    await database.query(
      `INSERT INTO orders (user_id, idempotency_key, wanted) VALUES ($1, $2, $3)
       ON CONFLICT (user_id, idempotency_key) DO NOTHING`, [user, key, JSON.stringify(wanted)],
    );
    const [order] = await database.query(
      'SELECT *, wanted = $3::jsonb AS same FROM orders WHERE user_id = $1 AND idempotency_key = $2',
      [user, key, JSON.stringify(wanted)],
    );
    if (!order.same) throw new Problem(422, 'Unprocessable Content', 'This Idempotency-Key was used for another order.');
    return order;
  }

  return fulfilment.start();
}

function idempotencyKey(request) {
  const key = request.get('idempotency-key') ?? '';
  if (/^[\x21-\x7e]{8,100}$/.test(key)) return key;
  throw new Problem(400, 'Bad Request', 'An Idempotency-Key header of 8 to 100 characters is required, new for each order.');
}

function wantedItem(item) {
  return validated(item, { product_id: uuid, quantity: whole(1, 99) });
}

function shown({ id, status, reason, items, total_cents: total, created_at: createdAt }) {
  return { id, status, reason, items, total_cents: total, created_at: createdAt };
}
