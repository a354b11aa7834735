// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What there is to buy: `/api/products` and `/api/categories` for everybody, reservations for the order service.

import { Problem } from '../../lib/problems.js';
import { list, pathId, uuid, validated, whole } from '../../lib/validate.js';

const CACHE_SECONDS = 60;
const GENERATION = 'products:generation';

export const definition = { name: 'product', port: 3002, needs: ['database', 'redis', 'secret'], routes };

const COLUMNS = 'id, category, name, description, price_cents, stock';

function routes(app, { database, cache, log, tokens }) {
  // Every change of a product makes what is cached of all of them old.
  const cached = async (key, load) => {
    const generation = (await cache.get(GENERATION)) ?? 0;
    return cache.remember(`products:${generation}:${key}`, CACHE_SECONDS, load);
  };
  const changed = () => cache.count(GENERATION, 30 * 86_400)
    .catch((error) => log('warn', 'cache', { error: error.message }));

  app.get('/api/products', async (request, response) => {
    const { category } = request.query;
    const chosen = typeof category === 'string' ? category : null;
    response.json(await cached(`list:${encodeURIComponent(chosen ?? '')}`, async () => ({
      products: await database.query(
        `SELECT ${COLUMNS} FROM products WHERE $1::text IS NULL OR category = $1 ORDER BY category, name`, [chosen],
      ),
    })));
  });

  app.get('/api/products/:id', async (request, response) => {
    const id = pathId(request);
    const [product] = await cached(id, () => database.query(`SELECT ${COLUMNS} FROM products WHERE id = $1`, [id]));
    if (!product) throw new Problem(404, 'Not Found', 'There is no such product.');
    response.json(product);
  });

  app.get('/api/categories', async (request, response) => {
    response.json(await cached('categories', async () => ({
      categories: await database.query(
        `SELECT slug, categories.name, count(products.id) AS products
         FROM categories LEFT JOIN products ON category = slug GROUP BY slug ORDER BY categories.name`,
      ),
    })));
  });

  app.put('/api/products/reservations/:order', tokens.requireService, async (request, response) => {
    const order = pathId(request, 'order');
    const { items } = validated(request.body, { items: list(1, 20, wantedItem) });
    const reserved = await database.transaction((query) => reserve(query, order, items));
    await changed();
    response.json({ items: reserved });
  });

  app.delete('/api/products/reservations/:order', tokens.requireService, async (request, response) => {
    const order = pathId(request, 'order');
    await database.transaction((query) => release(query, order));
    await changed();
    response.status(204).end();
  });
}

function wantedItem(item) {
  return validated(item, { product_id: uuid, quantity: whole(1, 99) });
}

// Takes the items out of the stock, or none of them. Asked again for the same order it answers the same.
async function reserve(query, order, items) {
  const [mine] = await query(
    `INSERT INTO reservations (order_id, items) VALUES ($1, '[]') ON CONFLICT DO NOTHING RETURNING order_id`, [order],
  );
  if (!mine) return reservedBefore(query, order);
  const reserved = [];
  for (const item of inOrder(items)) {
    const [product] = await query(
      `UPDATE products SET stock = stock - $2 WHERE id = $1 AND stock >= $2 RETURNING name, price_cents`,
      [item.product_id, item.quantity],
    );
    if (!product) throw new Problem(409, 'Conflict', 'Not everything is in stock.', { product_id: item.product_id });
    reserved.push({ ...item, ...product });
  }
  await query('UPDATE reservations SET items = $2 WHERE order_id = $1', [order, JSON.stringify(reserved)]);
  return reserved;
}

async function reservedBefore(query, order) {
  const [{ items, released }] = await query('SELECT items, released FROM reservations WHERE order_id = $1', [order]);
  if (released) throw new Problem(409, 'Conflict', 'The reservation has been released.');
  return items;
}

// Puts everything back, once. What comes before its own reservation keeps that from happening.
async function release(query, order) {
  await query(
    `INSERT INTO reservations (order_id, items, released) VALUES ($1, '[]', true) ON CONFLICT DO NOTHING`, [order],
  );
  const [before] = await query(
    'UPDATE reservations SET released = true WHERE order_id = $1 AND NOT released RETURNING items', [order],
  );
  for (const { product_id: id, quantity } of before ? inOrder(before.items) : []) {
    await query('UPDATE products SET stock = stock + $2 WHERE id = $1', [id, quantity]);
  }
}

// The same order for everybody: two that want the same things must not wait for each other.
function inOrder(items) {
  return [...items].sort((one, other) => (one.product_id < other.product_id ? -1 : 1));
}
