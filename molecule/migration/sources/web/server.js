// Says who it is and as whom it runs.
const cluster = require('cluster');
const http = require('http');
const os = require('os');

const text = 'one';

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ text, user: os.userInfo().username, token: process.env.TOKEN ?? null }));
});

server.listen(process.env.PORT, process.env.HOST);
// To exit at once would lose a connection that the cluster has just handed to this process.
process.on('SIGINT', () => server.close(() => {
  if (!cluster.isWorker || !process.connected) process.exit(0);
  process.once('disconnect', () => process.exit(0));
  cluster.worker.disconnect();
}));
