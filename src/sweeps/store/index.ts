export { COLUMNS, RUN_COLUMNS, type SweepRow } from './columns.js';
export { cellIds, type Ledger, ledgerOf, readLedger, writeLedger } from './ledger.js';
export { readParquet, writeParquet } from './parquet.js';
export { openStore, type Store, storedFailures, storedRows } from './store.js';
