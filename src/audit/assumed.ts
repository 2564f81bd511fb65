import { METRICS } from '../metrics/index.js';
import type { AuditResult } from './audit.js';

/** Steps of the default attack. */
const FULL = 200;

const BATCH_NORM = {
  train: "Batch normalisation goes by the batch's own statistics (training mode).",
  eval:
    'Batch normalisation goes by the running statistics (evaluation mode), as files are often exported; a client ' +
    "that trains mostly takes its batch's own (batchNorm: train).",
};

/** What an audit took for granted, a sentence each. */
export function assumptions({ audit, subject, check }: AuditResult): string[] {
  const { learningRate = 0.003, ...client } = audit.client;
  const rate = audit.gradients === undefined ? { learningRate } : {};
  return [
    'The server is honest but curious: it sees one update, the network, the weights before the round and the ' +
      'settings below.',
    subject.trained
      ? 'The weights are those of the file.'
      : 'The weights are initial ones: no file was given. Trained networks often leak less.',
    `Clients hold images like these: ${subject.data}.`,
    ...(subject.batchNorm ? [BATCH_NORM[subject.batchNorm]] : []),
    ...(subject.softmax
      ? ["The softmax at the end of the network's file is part of the loss, the cross-entropy of what goes into it."]
      : []),
    check
      ? `The update is the client's own${audit.gradients === undefined ? '' : ' gradient'}, and ${check.sentence}` +
        (check.agrees ? ': what stands here is a measurement.' : '. Until it is, what stands here is no measurement.')
      : 'The client was simulated from the settings; give its real weights (after) or gradients to check them.',
    ...(subject.unsent
      ? [
          `The client's file has no ${some(subject.unsent)}: taken as trained and not sent (frozen in the client's ` +
            'settings if it was not trained); no attack uses them.',
        ]
      : []),
    ...(audit.clients > 1
      ? [
          `Each of the ${audit.clients} clients obfuscates its own update; the server sees the sum alone, and the ` +
            'scales, thresholds and seeds that go beside it.',
        ]
      : []),
    ...(audit.soteria ? [`The client prunes its first dense layer by Soteria: ${JSON.stringify(audit.soteria)}.`] : []),
    ...(audit.precode ? [`The client has PRECODE's bottleneck: ${JSON.stringify(audit.precode)}.`] : []),
    `The client: ${JSON.stringify({ localSteps: 1, ...rate, ...client })}, batch ${audit.batch}.`,
    `Each attack had ${audit.iterations} steps.${audit.iterations < FULL ? ` With ${FULL} it rebuilds more.` : ''}`,
    `An image counts as rebuilt from ${METRICS[audit.threshold.metric].label} ${audit.threshold.value} on.`,
  ];
}

const SHOWN = 6;

const some = (names: readonly string[]): string =>
  names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '');

/** What an audit leaves open. */
export const notTried = ({ audit, costs, untried }: AuditResult): string[] => [
  ...new Set(
    untried.map(({ phi, labels, why }) => `${phi} with labels ${labels === 'known' ? 'known' : 'inferred'}: ${why}.`),
  ),
  'A server that changes the network or the weights it sends out.',
  'Several rounds of the same client.',
  ...(audit.clients > 1 ? [] : ['Several clients in one sum (clients in the config).']),
  'An attacker who knows pictures like the private ones (a generator trained on them).',
  ...(costs.length ? [] : ['What a change of the obfuscation costs in accuracy (training in the config).']),
];
