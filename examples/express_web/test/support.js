// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Servers for a test: each on a free port, each gone when the test is.

import http from 'node:http';

import { createApp } from '../lib/app.js';
import { fromEnvironment } from '../lib/config.js';

export async function serve(t, handler) {
  const server = http.createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

export function web(t, env = {}) {
  const { app } = createApp(fromEnvironment({ RELEASE: 'r42', API_URL: 'http://127.0.0.1:9', ...env }));
  return serve(t, app);
}
