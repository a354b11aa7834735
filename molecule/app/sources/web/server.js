// Says who it is and what it was given.
const http = require('http');

const text = 'one';

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ text, pid: process.pid, release: process.env.RELEASE, environment: process.env.NODE_ENV }));
});

server.listen(process.env.PORT, process.env.HOST);
process.on('SIGINT', () => server.close(() => process.exit(0)));
