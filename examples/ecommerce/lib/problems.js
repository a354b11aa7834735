// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Every error is answered as problem details (RFC 9457), and a defect says nothing of itself.

export class Problem extends Error {
  constructor(status, title, detail, { headers = {}, ...members } = {}) {
    super(detail ?? title);
    Object.assign(this, { status, title, detail, headers, members });
  }
}

export function notFound(request) {
  throw new Problem(404, 'Not Found', `There is nothing at ${request.path}.`);
}

export function answerProblems(log) {
  // Express tells an error handler by its four parameters.
  return (error, request, response, next) => {
    const problem = asProblem(error);
    if (problem.status >= 500) log('error', 'request failed', { request_id: request.id, error: error.stack });
    if (response.headersSent) return next(error);
    const { status, title, detail, headers, members } = problem;
    response.status(status).set(headers).type('application/problem+json');
    response.json({ type: 'about:blank', title, status, detail, ...members });
  };
}

function asProblem(error) {
  if (error instanceof Problem) return error;
  if (isUnreachable(error)) {
    return new Problem(503, 'Service Unavailable', 'Please try again in a moment.', { headers: { 'Retry-After': '5' } });
  }
  // What Express and its parsers say of a request that cannot be read.
  if (error.status >= 400 && error.status < 500) return new Problem(error.status, 'Bad Request', error.message);
  return new Problem(500, 'Internal Server Error', 'The request could not be completed.');
}

// A database that is away, that starts or stops (SQLSTATE 57P, 08), or that does not answer in time: that passes.
function isUnreachable(error) {
  const codes = [error, ...(error.errors ?? [])].map((each) => String(each.code ?? ''));
  return codes.some((code) => /^(ECONN|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|EPIPE|57P0|08)/.test(code))
    || /timeout|Connection terminated/i.test(error.message);
}
