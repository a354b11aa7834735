// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Whether a connection leaves this host. One that does needs TLS.

import { isIPv4 } from 'node:net';

// A Unix socket, or a loopback address. A URL without a host counts as another host.
export function isLocal(url) {
  const { hostname, searchParams } = new URL(url);
  // `pg` prefers the option, and decodes sockets such as %2Frun%2Fpostgresql.
  const host = searchParams.get('host') || decodeURIComponent(hostname).replace(/^\[|\]$/g, '');
  return host.startsWith('/') || host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
