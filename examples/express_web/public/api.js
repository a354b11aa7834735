// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Requests to the API. Reading is open; for a change the API may want a token, and then the person is asked for it.

export const TOKEN = 'stockroom-token';

// `storage` returns the storage in which the token is kept, until it is wrong. `askForToken(rejected)` resolves to a token, or
// to null when the person has none; `rejected` is whether the API did not accept the one before.
export function createCall({ fetch, storage, askForToken }) {
  let asking = null;

  async function send(method, path, body, token) {
    const answer = await fetch(path, {
      method,
      headers: { ...(body && { 'Content-Type': 'application/json' }), ...(token && { Authorization: `Bearer ${token}` }) },
      body: body && JSON.stringify(body),
    }).catch(() => { throw new Error('The server cannot be reached.'); });
    const content = answer.status === 204 ? null : await answer.json().catch(() => ({}));
    if (answer.ok) return content;
    const message = content?.detail || content?.title || `The server answered ${answer.status}.`;
    throw Object.assign(new Error(message), { status: answer.status });
  }

  // Requests that are rejected at the same time ask once.
  function ask(rejected) {
    asking ??= askForToken(rejected).finally(() => { asking = null; });
    return asking;
  }

  async function change(method, path, body) {
    const token = storage().getItem(TOKEN);
    try {
      return await send(method, path, body, token);
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    // Another request may have got a new one meanwhile.
    if (token && storage().getItem(TOKEN) === token) storage().removeItem(TOKEN);
    if (!storage().getItem(TOKEN)) {
      const given = await ask(Boolean(token));
      if (!given) throw new Error('Nothing was changed: the API needs its token for that.');
      storage().setItem(TOKEN, given);
    }
    return change(method, path, body);
  }

  return (method, path, body) => (method === 'GET' ? send(method, path) : change(method, path, body));
}
