// A worker: does one task after the other, and finishes the one at hand when it is asked to end.
const fs = require('fs');

const text = 'one';
let ending = false;

function note(event) {
  const line = { event, text, pid: process.pid, release: process.env.RELEASE, token: process.env.TOKEN };
  fs.appendFileSync('/var/lib/groundwork/queue/log', `${JSON.stringify(line)}\n`);
}

function work() {
  note('began');
  setTimeout(() => {
    note('finished');
    if (ending) process.exit(0);
    work();
  }, 2000);
}

process.on('SIGINT', () => { ending = true; });
work();
