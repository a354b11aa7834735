// Copyright: (c) 2026, The groundwork.aws authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// A stopping process answers what it has, and asks for what comes next to go elsewhere: without that, idle
// keep-alive connections would hold it until they time out.

export function createDrain() {
  const open = new Set();
  let stopping = false;

  function track(request, response, next) {
    if (stopping) response.set('Connection', 'close');
    open.add(response);
    response.on('close', () => {
      open.delete(response);
      if (stopping) request.socket.end();
    });
    next();
  }

  function begin() {
    stopping = true;
    for (const response of open) {
      if (!response.headersSent) response.set('Connection', 'close');
    }
  }

  return { track, begin };
}
