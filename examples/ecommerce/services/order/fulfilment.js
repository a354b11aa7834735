// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Takes an order from "pending" to its end: reserve the goods, have them paid, tell the user.
//
// Every step may be repeated, so an order that was broken off anywhere (a crash, a service that is away) is simply
// taken up again: by the customer with the same Idempotency-Key, or by the next process that looks for such orders.

import { Problem } from '../../lib/problems.js';

const LEASE = '30 seconds';
const SWEEP_MS = 15_000;

export function createFulfilment(database, call, log) {
  // One process at a time works on an order. Its lease ends by itself when the process does.
  async function lease(id) {
    const [order] = await database.query(
      `UPDATE orders SET busy_until = now() + interval '${LEASE}' WHERE id = $1 AND busy_until <= now() RETURNING *`, [id],
    );
    return order;
  }

  async function advance(id, requestId) {
    const order = await lease(id);
    if (!order) {
      throw new Problem(503, 'Service Unavailable', 'This order is being worked on. Please ask again with the same key.', {
        headers: { 'Retry-After': '2' },
      });
    }
    try {
      const settled = order.status === 'pending' ? await settle(order, requestId) : order;
      await tell(settled, requestId);
      return settled;
    } finally {
      await database.query('UPDATE orders SET busy_until = now() WHERE id = $1', [id])
        .catch((error) => log('warn', 'lease kept', { request_id: requestId, error: error.message }));
    }
  }

  async function settle(order, requestId) {
    const place = `/api/products/reservations/${order.id}`;
    const reservation = await call('product', 'PUT', place, { body: { items: order.wanted.items }, requestId });
    if (reservation.status === 409) return finish(order, 'rejected', { reason: reservation.body.detail });
    const { items } = expected(reservation, 'product');
    const total = items.reduce((sum, item) => sum + item.price_cents * item.quantity, 0);
    const payment = expected(await call('payment', 'PUT', `/api/payments/${order.id}`, {
      body: { user_id: order.user_id, amount_cents: total, method: order.wanted.payment_method }, requestId,
    }), 'payment');
    if (payment.status === 'approved') return finish(order, 'paid', { items, total });
    // The stock is returned before the order ends, because ended orders are not looked at again.
    expected(await call('product', 'DELETE', place, { requestId }), 'product');
    return finish(order, 'declined', { items, total, reason: payment.reason });
  }

  async function finish(order, status, { items = [], total = 0, reason = null }) {
    const [finished] = await database.query(
      `UPDATE orders SET status = $2, items = $3, total_cents = $4, reason = $5 WHERE id = $1 RETURNING *`,
      [order.id, status, JSON.stringify(items), total, reason],
    );
    return finished;
  }

  // A failed notification does not fail the order: it is sent again later.
  async function tell(order, requestId) {
    const body = { user_id: order.user_id, ...letter(order) };
    try {
      expected(await call('notification', 'PUT', `/api/notifications/${order.id}`, { body, requestId }), 'notification');
      await database.query('UPDATE orders SET notified = true WHERE id = $1', [order.id]);
    } catch (error) {
      log('warn', 'notification failed', { request_id: requestId, order: order.id, error: error.message });
    }
  }

  // Orders that no process has worked on for a while.
  async function sweep() {
    const left = await database.query(
      `SELECT id FROM orders WHERE (status = 'pending' OR NOT notified) AND busy_until < now() - interval '${LEASE}'
       ORDER BY busy_until LIMIT 20`,
    );
    for (const { id } of left) {
      await advance(id, `sweep-${id}`).catch((error) => log('warn', 'order left', { order: id, error: error.message }));
    }
  }

  // Gives back what stops it, when the order that it works on is done.
  function start() {
    let running = Promise.resolve();
    const timer = setInterval(() => {
      running = running.then(sweep).catch((error) => log('warn', 'sweep failed', { error: error.message }));
    }, SWEEP_MS);
    return async () => {
      clearInterval(timer);
      await running;
    };
  }

  return { advance, sweep, start };
}

function expected({ status, body }, service) {
  if (status < 300) return body;
  throw new Error(`the ${service} service answered ${status}: ${body?.detail}`);
}

function letter({ id, status, total_cents: total, reason }) {
  const number = id.slice(0, 8);
  const amount = (total / 100).toFixed(2);
  if (status === 'paid') return { subject: `Order ${number} is paid`, message: `Thank you. You paid ${amount}; we pack it today.` };
  return { subject: `Order ${number} did not go through`, message: `${reason} Nothing was charged.` };
}
