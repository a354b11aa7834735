// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

import cluster from 'node:cluster';

/**
 * Ends this process when it has closed its server. In a cluster (PM2) the primary may have handed it a connection a
 * moment ago: were the process to exit, that request would never be answered. Leaving the cluster first gives it back.
 */
export function leave() {
  if (!cluster.isWorker || !process.connected) process.exit(0);
  process.once('disconnect', () => process.exit(0));
  cluster.worker.disconnect();
}
