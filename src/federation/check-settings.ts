import { problem } from '../core/errors.js';
import { checkFrozen } from '../core/frozen.js';
import { checkOptions, integer, number, oneOf } from '../core/options.js';
import type { ClientSettings } from '../core/types.js';
import { checkOptimizer } from './client-optimizers.js';
import { CLIENT_TABLE } from './client-options.js';
import { checkFactors, checkOrder } from './client-settings.js';
import { checkPrivacy } from './private-settings.js';

const FIELDS = [
  ...['batchSize', 'localSteps', 'learningRate', 'miniBatch', 'optimizer', 'order', 'schedule', 'frozen', 'privacy'],
  ...['labelSmoothing', 'clients'],
];

/**
 * Refuses client settings, written by hand, that do not describe a client: missing or unknown fields, numbers out of
 * range, lists of another length than there are local steps, clients whose images or shares do not add up.
 */
export function checkSettings(where: string, client: ClientSettings): void {
  const at = `${where}: client`;
  if (typeof client !== 'object' || client === null) {
    const fix = 'client: { batchSize: 1, localSteps: 1, learningRate: 0.003, miniBatch: 1 }';
    throw problem(where, 'the update must say what its client did', client, fix);
  }
  checkOptions(at, client, FIELDS);
  const { batchSize, localSteps, learningRate, miniBatch, optimizer, order, schedule, frozen, privacy, clients } =
    client;
  integer(at, 'batchSize', batchSize, 1);
  integer(at, 'localSteps', localSteps, 1);
  number(at, 'learningRate', learningRate, 0, Number.POSITIVE_INFINITY, true);
  integer(at, 'miniBatch', miniBatch, 1, batchSize, `${batchSize} when every step takes the whole batch`);
  if (optimizer !== undefined) checkOptimizer(at, optimizer);
  if (typeof order === 'string') oneOf(at, 'order', order, ['cyclic']);
  else if (order !== undefined) checkOrder(at, order, batchSize, localSteps);
  if (typeof schedule === 'string') oneOf(at, 'schedule', schedule, ['constant']);
  else if (schedule !== undefined) checkFactors(at, schedule, localSteps);
  if (frozen !== undefined) checkFrozen(at, frozen);
  if (client.labelSmoothing !== undefined)
    CLIENT_TABLE.labelSmoothing.check(at, 'labelSmoothing', client.labelSmoothing);
  if (privacy !== undefined) checkPrivacy(at, privacy);
  if (clients !== undefined) checkClients(at, clients, batchSize);
}

function checkClients(at: string, clients: NonNullable<ClientSettings['clients']>, batchSize: number): void {
  if (!Array.isArray(clients) || clients.length === 0)
    throw problem(at, 'clients must list { share, settings }', clients);
  for (const [c, { share, settings }] of clients.entries()) {
    number(at, `clients[${c}].share`, share, 0, 1);
    checkSettings(`${at}s[${c}]`, settings);
  }
  const images = clients.reduce((sum, { settings }) => sum + settings.batchSize, 0);
  if (images !== batchSize) throw problem(at, `the clients' images must add up to batchSize ${batchSize}`, images);
  const shares = clients.reduce((sum, { share }) => sum + share, 0);
  if (Math.abs(shares - 1) > 1e-6) throw problem(at, "the clients' shares must add up to 1", shares);
}
