import { createHmac, randomUUID } from 'node:crypto';

/** A message of the Jupyter protocol (https://jupyter-client.readthedocs.io/en/stable/messaging.html). */
export interface Message {
  readonly type: string;
  readonly id: string;
  /** The id of the request that this message answers. */
  readonly parent?: string;
  readonly content: Record<string, unknown>;
}

const DELIMITER = '<IDS|MSG>';

/** A signed request as the frames that go over the wire. */
export function pack(
  key: string,
  session: string,
  type: string,
  content: object,
  id = randomUUID(),
): (string | Buffer)[] {
  const header = {
    msg_id: id,
    session,
    username: 'roglab',
    date: new Date().toISOString(),
    msg_type: type,
    version: '5.3',
  };
  const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
  return [DELIMITER, sign(key, parts), ...parts];
}

/** A message from its frames; undefined when the signature is not ours. */
export function unpack(key: string, frames: readonly Buffer[]): Message | undefined {
  const start = frames.findIndex((frame) => frame.toString() === DELIMITER);
  const parts = frames.slice(start + 2, start + 6).map(String);
  if (start < 0 || parts.length < 4 || frames[start + 1]!.toString() !== sign(key, parts)) return undefined;
  const [header, parent, , content] = parts.map((part) => JSON.parse(part) as Record<string, unknown>);
  return {
    type: String(header!.msg_type),
    id: String(header!.msg_id),
    parent: parent!.msg_id as string | undefined,
    content: content!,
  };
}

const sign = (key: string, parts: readonly string[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHmac('sha256', key)).digest('hex');
