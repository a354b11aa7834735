// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The page of the shop. Everything that it shows it asks of the API, past this service.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

import express from 'express';

const PUBLIC = fileURLToPath(new URL('public', import.meta.url));

export const definition = { name: 'frontend', port: 3000, routes };

function routes(app) {
  app.use('/static', express.static(PUBLIC, { index: false, maxAge: '5m' }));
  // What the page shows at which place is decided in the browser. A missing file stays missing.
  app.get('/{*place}', (request, response, next) => {
    const other = path.extname(request.path) || /^\/(static|api)(\/|$)/.test(request.path);
    if (other || !request.accepts('html')) return next();
    response.set('Cache-Control', 'no-cache').sendFile(path.join(PUBLIC, 'index.html'));
  });
}
