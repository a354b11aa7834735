// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Signed tokens (JWT, HS256): who a user is, and that one of our own services is asking.

import { SignJWT, jwtVerify } from 'jose';

import { Problem } from './problems.js';

const ISSUER = 'ecommerce';
// Tokens of one kind are not good for the other: a user must not be able to act as a service.
const USER = 'user';
const SERVICE = 'service';

export function createTokens(secret, service) {
  const key = new TextEncoder().encode(secret);

  const sign = (audience, subject, lifetime, claims = {}) => new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' }).setIssuer(ISSUER).setAudience(audience).setSubject(subject)
    .setIssuedAt().setExpirationTime(lifetime).sign(key);

  async function verify(request, audience) {
    const [scheme, token] = (request.get('authorization') ?? '').split(' ');
    if (!/^bearer$/i.test(scheme) || !token) throw refusal('A bearer token is required.');
    const options = { algorithms: ['HS256'], issuer: ISSUER, audience, requiredClaims: ['exp', 'sub'] };
    return jwtVerify(token, key, options).then(({ payload }) => payload, () => {
      throw refusal('The token is not valid, or not any more.');
    });
  }

  return {
    forUser: (user) => sign(USER, user.id, '1h', { email: user.email, name: user.name }),
    forCall: () => sign(SERVICE, service, '1m'),
    async requireUser(request, response, next) {
      const { sub, email, name } = await verify(request, USER);
      request.user = { id: sub, email, name };
      next();
    },
    async requireService(request, response, next) {
      await verify(request, SERVICE);
      next();
    },
  };
}

function refusal(detail) {
  return new Problem(401, 'Unauthorized', detail, { headers: { 'WWW-Authenticate': 'Bearer' } });
}
