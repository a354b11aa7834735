// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What has been paid: `/api/payments` for the user, and the payment of an order for the order service.

import { Problem } from '../../lib/problems.js';
import { oneOf, pathId, uuid, validated, whole } from '../../lib/validate.js';
import { METHODS, charge } from './provider.js';

export const definition = { name: 'payment', port: 3004, needs: ['database', 'secret'], routes };

const COLUMNS = 'order_id, amount_cents, status, reason, created_at';

function routes(app, { database, tokens }) {
  app.get('/api/payments', tokens.requireUser, async (request, response) => {
    const payments = await database.query(
      `SELECT ${COLUMNS} FROM payments WHERE user_id = $1 ORDER BY created_at DESC LIMIT 100`, [request.user.id],
    );
    response.json({ payments });
  });

  app.get('/api/payments/:order', tokens.requireUser, async (request, response) => {
    const [payment] = await database.query(
      `SELECT ${COLUMNS} FROM payments WHERE order_id = $1 AND user_id = $2`, [pathId(request, 'order'), request.user.id],
    );
    if (!payment) throw new Problem(404, 'Not Found', 'There is no such payment.');
    response.json(payment);
  });

  // A second request for the same order returns the first result, so no order is paid twice.
  app.put('/api/payments/:order', tokens.requireService, async (request, response) => {
    const order = pathId(request, 'order');
    const wanted = validated(request.body, {
      user_id: uuid, amount_cents: whole(1, 2_000_000_000), method: oneOf(...METHODS),
    });
    const { status, reason } = charge(wanted);
    await database.query(
      `INSERT INTO payments (order_id, user_id, amount_cents, status, reason) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (order_id) DO NOTHING`, [order, wanted.user_id, wanted.amount_cents, status, reason],
    );
    const [payment] = await database.query(`SELECT ${COLUMNS} FROM payments WHERE order_id = $1`, [order]);
    response.json(payment);
  });
}
