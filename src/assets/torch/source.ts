import { open } from 'node:fs/promises';
import { problem } from '../../core/errors.js';
import { READ_FLAGS } from '../read-bounded.js';

/** Bytes that can be read piece by piece, wherever they lie: in memory, in a file, or on a server. */
export interface ByteSource {
  readonly name: string;
  readonly size: number;
  /** Exactly the bytes start..end-1; asking beyond the end is the caller's error. */
  read(start: number, end: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export const memorySource = (name: string, bytes: Uint8Array): ByteSource => ({
  name,
  size: bytes.length,
  read: async (start, end) => bytes.subarray(start, end),
  close: async () => {},
});

/** A file as a source. @throws it cannot be opened; it ends early */
export async function fileSource(path: string): Promise<ByteSource> {
  const file = await open(path, READ_FLAGS).catch((error: NodeJS.ErrnoException) => {
    throw problem('torchTensors', `cannot read ${path}: ${error.code}`);
  });
  const status = await file.stat();
  if (!status.isFile()) {
    await file.close();
    throw problem('torchTensors', `${path} must be a regular file`);
  }
  const { size } = status;
  return {
    name: path,
    size,
    read: async (start, end) => {
      const bytes = new Uint8Array(end - start);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
      if (bytesRead < bytes.length) throw problem('torchTensors', `${path} must hold ${end} bytes`, start + bytesRead);
      return bytes;
    },
    close: () => file.close(),
  };
}
