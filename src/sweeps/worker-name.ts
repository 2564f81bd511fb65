import { hostname } from 'node:os';

/** Which process of which machine this is. */
export const workerName = (): string => `${hostname()}:${process.pid}`;
