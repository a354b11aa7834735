// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Servers for a test: each on a free port, each gone when the test is.

import http from 'node:http';

import { fromEnvironment } from '../lib/config.js';
import { createService } from '../lib/service.js';

export const SECRET = 'a secret of a test, long enough for one';

export async function serve(t, handler) {
  const server = http.createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

// A service of ours; `lines` are what it has logged.
export async function start(t, definition, env = {}) {
  const lines = [];
  const config = fromEnvironment({ JWT_SECRET: SECRET, RELEASE: 'r42', ...env }, definition);
  const log = (level, message, fields) => lines.push({ level, message, ...fields });
  const service = createService(definition, config, log);
  t.after(() => service.close());
  return { url: await serve(t, service.app), lines, ...service };
}
