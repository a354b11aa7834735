// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Configuration: from the environment, and from nowhere else. Everything that is wrong with it is said at once.

import { readFileSync } from 'node:fs';

import { isLocal } from './hosts.js';

// The settings of services besides their port, and their environment variables.
const NEEDS = {
  database: (env, wrong) => ({
    url: withoutTlsOptions(
      'DATABASE_URL',
      url(env, 'DATABASE_URL', ['postgres:', 'postgresql:'], 'postgresql://user:password@host:5432/name', wrong),
      wrong,
    ),
    ca: file(env, 'DATABASE_CA', wrong),
  }),
  redis: (env, wrong) => ({
    url: encrypted('REDIS_URL', url(env, 'REDIS_URL', ['redis:', 'rediss:'], 'rediss://host:6379', wrong), wrong),
    ca: file(env, 'REDIS_CA', wrong),
  }),
  secret: (env, wrong) => {
    const secret = env.JWT_SECRET ?? '';
    if (secret.length < 32) wrong.push('JWT_SECRET must have at least 32 characters, the same ones for every service');
    return secret;
  },
};

export class ConfigError extends Error {
  constructor(mistakes) {
    super(mistakes.join('; '));
    this.mistakes = mistakes;
  }
}

// `needs` names parts of NEEDS; `calls` the services that are called, `watches` those that may be known.
export function fromEnvironment(env, { port = 0, needs = [], calls = [], watches = [] }) {
  const wrong = [];
  const config = {
    port: number(env, 'PORT', port, wrong),
    host: env.HOST ?? '127.0.0.1',
    release: env.RELEASE ?? 'development',
    // How many proxies in front may say who the client is: the load balancer.
    trustedProxies: number(env, 'TRUSTED_PROXIES', 1, wrong),
    keepAliveMs: number(env, 'KEEP_ALIVE_TIMEOUT', 75, wrong) * 1000,
    // A second before PM2 kills the process.
    shutdownMs: number(env, 'SHUTDOWN_MS', Math.max(number(env, 'STOP_TIMEOUT', 11, wrong) - 1, 0) * 1000, wrong),
    authLimit: number(env, 'AUTH_LIMIT', 10, wrong),
    urls: {},
  };
  for (const need of needs) config[need] = NEEDS[need](env, wrong);
  for (const service of calls) config.urls[service] = urls(env, service, true, wrong);
  for (const service of watches) config.urls[service] = urls(env, service, false, wrong);
  if (wrong.length) throw new ConfigError(wrong);
  return config;
}

function number(env, name, fallback, wrong) {
  const value = Number(env[name] || fallback);
  if (!Number.isInteger(value) || value < 0) wrong.push(`${name} must be a whole number, not ${env[name]}`);
  return value;
}

// What is given is not repeated in the message: there may be a password in it.
function url(env, name, protocols, example, wrong) {
  const value = env[name] ?? '';
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) wrong.push(`${name} must be like ${example}`);
  return value;
}

// Options in the URL would replace those of `connection`, which verify the server.
function withoutTlsOptions(name, value, wrong) {
  if (!URL.canParse(value) || isLocal(value)) return value;
  const options = [...new URL(value).searchParams.keys()].filter((option) => option.startsWith('ssl'));
  if (options.length) {
    wrong.push(`${name} must not have ${options.join(', ')}: a database on another host is always verified (DATABASE_CA)`);
  }
  return value;
}

function encrypted(name, value, wrong) {
  if (URL.canParse(value) && new URL(value).protocol === 'redis:' && !isLocal(value)) {
    wrong.push(`${name} must begin with rediss:// (TLS), unless Redis is on this host`);
  }
  return value;
}

function urls(env, service, required, wrong) {
  const name = `${service.toUpperCase()}_URLS`;
  const found = (env[name] ?? '').split(',').map((part) => part.trim().replace(/\/+$/, '')).filter(Boolean);
  const bad = found.some((each) => !URL.canParse(each) || !/^https?:$/.test(new URL(each).protocol));
  if (bad || (required && found.length === 0)) wrong.push(`${name} must be like http://10.0.1.5:3002,http://10.0.2.5:3002`);
  return found;
}

function file(env, name, wrong) {
  if (!env[name]) return undefined;
  try {
    return readFileSync(env[name], 'utf8');
  } catch (error) {
    wrong.push(`${name}: ${error.message}`);
    return undefined;
  }
}
