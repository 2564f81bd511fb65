import { logistic } from '../attacks/confidence/expected.js';
import { asTable, fitted, heldOut, picturesOf, type Reliability, reliability } from '../studies/calibration.js';
import { readRows } from './matrix.js';

/** Fits the confidence on a file's rows; how well it holds on held-out networks, and on the rows of another file. */
export function calibrate(file: string, against?: string): void {
  const pictures = picturesOf(readRows(file));
  const weights = fitted(pictures);
  console.log(JSON.stringify(asTable(weights), null, 2));
  const left = heldOut(pictures);
  for (const [whose, of] of [
    ['the default', left.filter(({ picture }) => picture.attack === 'default')],
    ['all attacks', left],
  ] as const)
    say(
      `${whose}, each network held out`,
      reliability(
        of.map(({ predicted }) => predicted),
        of.map(({ picture }) => picture.ssim),
      ),
    );
  if (against === undefined) return;
  const others = picturesOf(readRows(against));
  for (const [whose, of] of [
    ['the default', others.filter(({ attack }) => attack === 'default')],
    ['all attacks', others],
  ] as const)
    say(
      `${whose}, ${against}`,
      reliability(
        of.map(({ x }) => logistic(weights, x)),
        of.map(({ ssim }) => ssim),
      ),
    );
}

function say(whose: string, { bins, error, each, correlation, pictures }: Reliability): void {
  console.log(
    `${whose}: ${pictures} pictures, calibration error ${error.toFixed(3)}, single pictures ${each.toFixed(3)}, ` +
      `correlation ${correlation.toFixed(2)}`,
  );
  for (const bin of bins)
    console.log(`  ${bin.predicted.toFixed(2)} predicted, ${bin.achieved.toFixed(2)} achieved, ${bin.pictures}`);
}
