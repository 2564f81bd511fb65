/**
 * Starts the tslab kernel in this process: `node launcher.js CONNECTION_FILE`. Differs from tslab's own start in four
 * things: output in bursts is not lost (see report/display.ts and gather.ts for why), an interrupted cell is really
 * over (cells.ts), the kernel leaves when the process that started it is gone, and tooltips are whole (tooltip.ts).
 */
import { createRequire } from 'node:module';
import { telemetryOff } from '../core/telemetry.js';
import { stayBusy, type Tslab, tendCells } from './cells.js';
import { type Inspect, labelTags } from './tooltip.js';

telemetryOff(); // a cell may load onnxruntime-node by itself
// first of all: what follows takes seconds, in which the parent may go
leaveWithParent();

const fromHere = createRequire(import.meta.url);
const fromTslab = createRequire(fromHere.resolve('tslab'));

const zmq = fromTslab('zeromq') as { Publisher: new (options: object) => object };
const { Publisher } = zmq;
zmq.Publisher = class extends Publisher {
  constructor(options: object = {}) {
    super({ ...options, sendTimeout: 0, sendHighWaterMark: 0 });
  }
};

/** Jupyter's clients give their process id in JPY_PARENT_PID unless the kernel is meant to outlive them. */
function leaveWithParent(): void {
  if (!process.env.JPY_PARENT_PID) return;
  const started = process.ppid;
  setInterval(() => {
    if (process.ppid !== started || !alive(started)) process.exit(0);
  }, 1000).unref();
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const configPath = process.argv[2];
if (!configPath) {
  process.stderr.write(
    'roglab kernel: started without a connection file; Jupyter starts this, after "roglab kernel"\n',
  );
  process.exit(1);
}
const tslab = { executor: fromTslab('tslab/dist/executor.js'), jupyter: fromTslab('tslab/dist/jupyter.js') } as Tslab;
tendCells(tslab);
stayBusy(tslab);
labelTags(fromTslab('tslab/dist/inspect.js') as Inspect);
const { startKernel } = fromTslab('tslab/dist/main.js') as { startKernel: (options: object) => void };
startKernel({ configPath, enableFindLocal: false, jsKernel: false, globalVersion: '' });
