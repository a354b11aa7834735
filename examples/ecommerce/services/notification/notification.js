// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Notifications: `/api/notifications` lists those of the user, and the other services add to them.

import { pathId, text, uuid, validated } from '../../lib/validate.js';

export const definition = { name: 'notification', port: 3005, needs: ['database', 'secret'], routes };

function routes(app, { database, tokens }) {
  app.get('/api/notifications', tokens.requireUser, async (request, response) => {
    const notifications = await database.query(
      `SELECT id, subject, message, created_at FROM notifications
       WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT 100`, [request.user.id],
    );
    response.json({ notifications });
  });

  // The sender chooses the id, so that a notification which is sent again is stored once.
  app.put('/api/notifications/:id', tokens.requireService, async (request, response) => {
    const id = pathId(request);
    const { user_id: user, subject, message } = validated(request.body, {
      user_id: uuid, subject: text(1, 200), message: text(1, 2000),
    });
    await database.query(
      `INSERT INTO notifications (id, user_id, subject, message) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [id, user, subject, message],
    );
    response.status(204).end();
  });
}
