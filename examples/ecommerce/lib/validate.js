// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What a client may send. All the mistakes of a request are reported at once.

import { Problem } from './problems.js';

// `fields` maps each name to a check, which gives the value to use or throws what is wrong with it.
export function validated(body, fields) {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new Problem(422, 'Unprocessable Content', 'The body must be a JSON object.');
  }
  const errors = Object.keys(body)
    .filter((field) => !Object.hasOwn(fields, field))
    .map((field) => ({ field, message: `is not known; the fields are ${Object.keys(fields).join(', ')}` }));
  const values = {};
  for (const [field, check] of Object.entries(fields)) {
    try {
      values[field] = check(body[field]);
    } catch (error) {
      errors.push({ field, message: error.message });
    }
  }
  if (errors.length) {
    const detail = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
    throw new Problem(422, 'Unprocessable Content', detail, { errors });
  }
  return values;
}

export const text = (least, most) => (value) => {
  const trimmed = typeof value === 'string' ? value.trim() : '';
  if (typeof value !== 'string' || trimmed.length < least || trimmed.length > most) {
    throw new Error(`must be a text of ${least} to ${most} characters`);
  }
  if (/[\u0000-\u001f\u007f]/.test(trimmed)) throw new Error('must not contain control characters');
  return trimmed;
};

// Whether mail arrives is found out only by sending some; this finds what cannot be an address.
export function email(value) {
  const address = text(3, 254)(value).toLowerCase();
  if (!/^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/.test(address)) throw new Error('must be an e-mail address');
  return address;
}

// As it was typed: blanks count. The most keeps a hash from being made of megabytes.
export function password(value) {
  if (typeof value !== 'string' || value.length < 10 || value.length > 200) {
    throw new Error('must have 10 to 200 characters');
  }
  return value;
}

export const whole = (least, most) => (value) => {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`must be a whole number from ${least} to ${most}`);
  }
  return value;
};

export const oneOf = (...known) => (value) => {
  if (!known.includes(value)) throw new Error(`must be one of ${known.join(', ')}`);
  return value;
};

export const list = (least, most, check) => (value) => {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    throw new Error(`must be a list of ${least} to ${most} entries`);
  }
  return value.map(check);
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function uuid(value) {
  if (typeof value !== 'string' || !UUID.test(value)) throw new Error('must be a UUID');
  return value;
}

// The id in a path: one that cannot be is one that is not there.
export function pathId(request, name = 'id') {
  if (!UUID.test(request.params[name])) throw new Problem(404, 'Not Found', 'There is nothing with this id.');
  return request.params[name];
}
