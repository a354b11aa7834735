// Says who it is and what it was given.
const cluster = require('cluster');
const http = require('http');

const text = 'one';

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ text, pid: process.pid, release: process.env.RELEASE, environment: process.env.NODE_ENV, home: process.env.HOME }));
});

server.listen(process.env.PORT, process.env.HOST);
// To exit at once would lose a connection that the cluster has just handed to this process.
process.on('SIGINT', () => server.close(() => {
  if (!cluster.isWorker || !process.connected) process.exit(0);
  process.once('disconnect', () => process.exit(0));
  cluster.worker.disconnect();
}));
