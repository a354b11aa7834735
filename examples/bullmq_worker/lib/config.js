// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Configuration: from the environment, and from nowhere else. All mistakes are reported at once.

import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';

export class ConfigError extends Error {
  constructor(mistakes) {
    super(mistakes.join('; '));
    this.mistakes = mistakes;
  }
}

export function readConfig(env) {
  const mistakes = [];
  const config = {
    redis: {
      url: readRedisUrl(env, 'REDIS_URL', 'redis://127.0.0.1:6379', mistakes),
      ca: readFile(env, 'REDIS_CA', mistakes),
    },
    apiToken: readToken(env, 'API_TOKEN', mistakes),
    apiUrls: readUrls(env, 'API_URLS', 'http://127.0.0.1:8000', mistakes),
    release: env.RELEASE ?? 'development',
    concurrency: readNumber(env, 'CONCURRENCY', 5, mistakes),
    requestMs: readNumber(env, 'REQUEST_MS', 10_000, mistakes),
    // A second before PM2 kills the process.
    shutdownMs: readNumber(env, 'SHUTDOWN_MS', readNumber(env, 'STOP_TIMEOUT', 26, mistakes) * 1000 - 1000, mistakes),
  };
  if (mistakes.length) throw new ConfigError(mistakes);
  return config;
}

function readNumber(env, name, fallback, mistakes) {
  const value = Number(env[name] || fallback);
  if (!Number.isInteger(value) || value < 1) mistakes.push(`${name} must be a whole number above 0, not ${env[name]}`);
  return value;
}

// The value is not repeated in the message, because it may contain a password.
function readUrl(env, name, protocols, fallback, mistakes) {
  const value = env[name] || fallback;
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) mistakes.push(`${name} must be like ${fallback}`);
  return value;
}

// Options in the URL could name another host, and would replace those that verify the server.
function readRedisUrl(env, name, fallback, mistakes) {
  const value = readUrl(env, name, ['redis:', 'rediss:'], fallback, mistakes);
  if (!URL.canParse(value)) return value;
  const { protocol, hostname, searchParams } = new URL(value);
  const options = [...searchParams.keys()].join(', ');
  if (options) mistakes.push(`${name} must not have options: ${options}`);
  if (protocol === 'redis:' && !isLocal(hostname.replace(/^\[|\]$/g, ''))) {
    mistakes.push(`${name} must begin with rediss:// (TLS), unless Redis is on this host`);
  }
  return value;
}

function isLocal(host) {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function readToken(env, name, mistakes) {
  const value = env[name] ?? '';
  if (value && !/^[A-Za-z0-9._~+/-]{20,}=*$/.test(value)) mistakes.push(`${name} must be 20 or more letters and digits`);
  return value;
}

function readUrls(env, name, fallback, mistakes) {
  const found = (env[name] || fallback).split(',').map((part) => part.trim().replace(/\/+$/, ''));
  if (found.some((url) => !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))) {
    mistakes.push(`${name} must be like ${fallback}, several with commas`);
  }
  return found;
}

function readFile(env, name, mistakes) {
  if (!env[name]) return undefined;
  try {
    return readFileSync(env[name], 'utf8');
  } catch (error) {
    mistakes.push(`${name}: ${error.message}`);
    return undefined;
  }
}
