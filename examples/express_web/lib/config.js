// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Configuration: from the environment, and from nowhere else.

export function fromEnvironment(env) {
  return {
    port: Number(env.PORT ?? 3000),
    host: env.HOST ?? '127.0.0.1',
    release: env.RELEASE ?? 'development',
    apiUrl: new URL(env.API_URL ?? 'http://127.0.0.1:5000'),
    apiTimeoutMs: Number(env.API_TIMEOUT_MS ?? 10_000),
    // How many proxies in front may say who the client is.
    trustedProxies: Number(env.TRUSTED_PROXIES ?? 1),
    keepAliveMs: Number(env.KEEP_ALIVE_TIMEOUT ?? 75) * 1000,
    // A second before PM2 kills the process.
    shutdownMs: Number(env.SHUTDOWN_MS ?? Number(env.STOP_TIMEOUT ?? 11) * 1000 - 1000),
  };
}
