// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// `node migrate.js user`: the migrations of one service, on the database of DATABASE_URL.

import { fromEnvironment } from './lib/config.js';
import { createLog } from './lib/log.js';
import { migrate } from './lib/migrate.js';

const service = process.argv[2];
const log = createLog(`${service}-migrate`);
try {
  if (!/^[a-z]+$/.test(service ?? '')) throw new Error('say which service: node migrate.js user');
  await migrate(service, fromEnvironment(process.env, { needs: ['database'] }).database, log);
} catch (error) {
  log('error', 'migration failed', { error: error.message || error.code });
  process.exitCode = 1;
}
