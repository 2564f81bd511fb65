export { joined, type Notebook, notebookName, notebookText, readNotebook, writeNotebook } from './format.js';
export type { Chapter, Fault, GrowingPage, PageOptions } from './page/index.js';
export { growingPage, renderPage, writePage } from './page/index.js';
export type { Failure, RunEvent, RunOptions, RunResult } from './run-notebooks.js';
export { kernelspec, runNotebooks } from './run-notebooks.js';
