/** A worker that takes a cell of a queue, says so, and never ends it: `node hanging-worker.js URL KEY`. */
import { cellWorker } from '../../src/sweeps/queue/bullmq.js';
import { connectRedis } from '../../src/sweeps/queue/connect.js';

const [url, key] = process.argv.slice(2) as [string, string];
cellWorker(await connectRedis('test', url), key, 1, () => {
  console.log('taken');
  return new Promise(() => {});
});
