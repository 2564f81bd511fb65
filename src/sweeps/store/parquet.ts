import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { diskProblem } from '../../assets/files.js';
import { COLUMNS, type SweepRow } from './columns.js';

const GROUP = 4096;

type Part = {
  name: string;
  type: 'STRING' | 'INT32' | 'DOUBLE';
  nullable: boolean;
  data: (string | number | null)[];
}[];

const partOf = (rows: readonly SweepRow[]): Part =>
  Object.entries(COLUMNS).map(([name, type]) => ({
    name,
    type,
    nullable: name !== 'id',
    data: rows.map((row) => row[name] ?? null),
  }));

/**
 * Writes rows as one Parquet file, in groups, so that memory does not grow with the file; it appears whole or not at
 * all. Returns the number of rows.
 * @throws those of the disk; nothing half-written stays
 */
export async function writeParquet(path: string, rows: AsyncIterable<SweepRow> | Iterable<SweepRow>): Promise<number> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    const file = fileWriter(temporary);
    const writer = new ParquetWriter({ writer: file, schema: schemaFromColumnData({ columnData: partOf([]) }) });
    let count = 0;
    let group: SweepRow[] = [];
    const flush = async (): Promise<void> => {
      await writer.write({ columnData: partOf(group), rowGroupSize: GROUP });
      count += group.length;
      group = [];
    };
    for await (const row of rows) if (group.push(row) === GROUP) await flush();
    if (group.length > 0) await flush();
    await writer.finish();
    const handle = await open(temporary, 'r+');
    await handle.sync().finally(() => handle.close());
    await rename(temporary, path);
    return count;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw diskProblem('sweep', path, error);
  }
}

/** The rows of a Parquet file, group by group. */
export async function* readParquet(path: string, columns?: readonly string[]): AsyncGenerator<SweepRow> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    yield* (await parquetReadObjects({
      file,
      metadata,
      rowStart,
      rowEnd,
      ...(columns && { columns: [...columns] }),
    })) as SweepRow[];
    rowStart = rowEnd;
  }
}
