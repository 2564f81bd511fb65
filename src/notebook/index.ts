export { joined, type Notebook, notebookName, notebookText, readNotebook, writeNotebook } from './format.js';
export {
  type Chapter,
  type Fault,
  type GrowingPage,
  growingPage,
  type PageOptions,
  renderPage,
  writePage,
} from './page/index.js';
export {
  type Failure,
  kernelspec,
  type RunEvent,
  type RunOptions,
  type RunResult,
  runNotebooks,
} from './run-notebooks.js';
