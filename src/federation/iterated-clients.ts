import { stackImages } from '../core/arrays.js';
import type { ClientSettings, NdArray } from '../core/types.js';
import { type Tensor, tf } from '../engine/index.js';
import type { Iterated, Sweep, Work } from './iterated-type.js';
import { slice, zeros } from './picked-rows.js';

type Clients = NonNullable<ClientSettings['clients']>;

/** A mean of several clients: each from w0, on its own part of the images. */
export async function together(
  clients: Clients,
  make: (client: Clients[number]) => Promise<Iterated>,
): Promise<Iterated> {
  const each: Iterated[] = [];
  const dispose = (): void => {
    for (const one of each) one.dispose();
  };
  try {
    for (const client of clients) each.push(await make(client));
  } catch (error) {
    dispose();
    throw error;
  }
  const ends = clients.map((_, c) =>
    clients.slice(0, c + 1).reduce((sum, { settings }) => sum + settings.batchSize, 0),
  );
  const part = (array: NdArray, c: number): NdArray => slice(array, ends[c - 1] ?? 0, ends[c]!);
  const counts = each.map(({ parts }) => parts.length);
  /** What of a list of the parts of all is of one client. */
  const partsOf = <T>(all: readonly T[], c: number): readonly T[] => {
    const from = counts.slice(0, c).reduce((sum, count) => sum + count, 0);
    return all.slice(from, from + counts[c]!);
  };
  const work = (): Work => {
    const all = each.map((one) => one.work());
    const sum = (of: keyof Work): number => all.reduce((total, one) => total + one[of], 0);
    return { forward: sum('forward'), back: sum('back'), held: sum('held') };
  };
  return {
    engine: each[0]!.engine,
    dispose,
    work,
    forward: async (images, targets) => {
      const done = [];
      for (const [c, one] of each.entries()) done.push(await one.forward(part(images, c), part(targets, c)));
      const loss = done.reduce((sum, one, c) => sum + clients[c]!.share * one.loss, 0);
      return { delta: mean(done, clients), loss };
    },
    sweep: async (images, targets) => {
      const sweeps: Sweep[] = [];
      for (const [c, one] of each.entries()) sweeps.push(await one.sweep(part(images, c), part(targets, c)));
      const back: Sweep['back'] = async (adjoint) => {
        const found = [];
        for (const [c, one] of sweeps.entries()) found.push(await one.back(partsOf(adjoint, c)));
        return {
          images: stackImages(found.map((one) => one.images)),
          targets: stackImages(found.map((one) => one.targets)),
        };
      };
      return { parts: sweeps.flatMap(({ parts }) => parts), back };
    },
    parts: each.flatMap(({ parts }) => parts),
    delta: (parts) => {
      const deltas = each.map(({ delta }, c) => delta(partsOf(parts, c)).map((d) => tf.mul(d, clients[c]!.share)));
      return deltas[0]!.map((_, k): Tensor => tf.addN(deltas.map((delta) => delta[k]!)));
    },
    cost: async (images, targets) => {
      let [seconds, bytes] = [0, 0];
      for (const [c, one] of each.entries()) {
        const own = await one.cost(part(images, c), part(targets, c));
        seconds += own.seconds;
        bytes += own.bytes;
      }
      return { seconds, bytes };
    },
  };
}

function mean(parts: readonly { readonly delta: readonly NdArray[] }[], clients: Clients): NdArray[] {
  return parts[0]!.delta.map(({ shape }, k) => {
    const sum = zeros(shape);
    for (const [c, { delta }] of parts.entries())
      for (let i = 0; i < sum.data.length; i++) sum.data[i]! += clients[c]!.share * delta[k]!.data[i]!;
    return sum;
  });
}
