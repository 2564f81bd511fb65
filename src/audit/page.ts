import { imageAt } from '../core/arrays.js';
import type { Batch } from '../core/types.js';
import { METRICS } from '../metrics/index.js';
import { escapeHtml } from '../report/chart/markup.js';
import { imagePng } from '../report/index.js';
import { assumptions, notTried } from './assumed.js';
import type { AuditResult } from './audit.js';
import type { AuditRow } from './audit-rows.js';
import type { BaselineName } from './baselines.js';
import { reaches } from './config.js';
import { type PhiVerdict, spread, verdictOf } from './verdict.js';

const STYLE = `
:root{color-scheme:light dark;--ink:#1f2328;--soft:#656d76;--line:#dfe3e8;--page:#fff;--bad:#b3261e;--good:#1a6b3c}
@media (prefers-color-scheme:dark){:root{--ink:#e4e7eb;--soft:#9aa4af;--line:#30363d;--page:#14181d;--bad:#ff8a80;
--good:#7fd1a0}}
body{margin:0 auto;max-width:60rem;padding:2.5rem 1.5rem 5rem;background:var(--page);color:var(--ink);
font:16px/1.55 Inter,system-ui,sans-serif}
h1{font-size:1.05rem;color:var(--soft);font-weight:600;margin:0}h2{font-size:1.15rem;margin:2.4rem 0 .6rem}
.verdict{font-size:1.5rem;line-height:1.3;margin:.6rem 0 1rem;text-wrap:balance}.bad{color:var(--bad)}.good{
color:var(--good)}
table{border-collapse:collapse;font-size:14px;margin:.4rem 0 1rem}td,th{padding:.35rem 1rem .35rem 0;
border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}
th{font-weight:600}.pictures td,.pictures th{padding:.2rem .4rem .2rem 0;border:0}.pictures img{width:96px;
height:96px;image-rendering:pixelated;display:block}
.pictures small,.soft{color:var(--soft);font-size:13px}li{margin:.2rem 0}`;

const escaped = (text: unknown): string => escapeHtml(String(text));

/** The report of an audit as one HTML file that needs nothing else; no script. */
export function auditPage(result: AuditResult, made: { readonly version: string; readonly engine: string }): string {
  const { audit, subject, rows, tried } = result;
  const { passed, sentence, phis, remedy } = verdictOf(result);
  const change = remedy
    ? `The smallest change tried that leaves none: ${escaped(remedy.phi)} (${number(remedy.bitsPerEntry)} bits ` +
      `per entry, ${number(remedy.distortion)} of the update's direction lost).`
    : tried.length
      ? 'No change that was tried brings every image under the threshold.'
      : '';
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="${policy}"><title>Leakage audit: ${escaped(subject.model)}</title>
<style>${STYLE}</style></head><body>
<h1>Leakage audit of ${escaped(subject.model)}</h1>
<p class="verdict ${passed ? 'good' : 'bad'}">${escaped(sentence)}.</p><p>${change}</p>
<h2>By obfuscation</h2>${phiTable(phis)}
${picturesOf(result)}
<h2>Beside what needs no update</h2>${baselineTable(result)}
<p class="soft">${rankLine(result)}</p>
${theory(result)}
${costTable(result)}
${
  tried.length
    ? '<h2>Changes tried</h2><p class="soft">Each family from its weakest member until nothing is rebuilt, labels ' +
      `known.</p>${phiTable(triedPhis(result))}`
    : ''
}
<h2>What was assumed</h2>${list(assumptions(result))}
<h2>What was not tried</h2>${list(notTried(result))}
<h2>Attacks</h2>${attackTable([...rows, ...tried])}
<p class="soft">roglab ${escaped(made.version)}, ${escaped(made.engine)}; seed ${audit.seed}.
${escaped(subject.notice ?? '')}</p>
</body></html>
`;
}

const number = (value: number, digits = 2): string => (Number.isFinite(value) ? value.toFixed(digits) : '–');

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string => {
  const cell = (tag: 'td' | 'th') => (text: string, i: number) => `<${tag}${i ? ' class="n"' : ''}>${text}</${tag}>`;
  const body = rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('');
  return `<div class="scroll"><table><tr>${heads.map(cell('th')).join('')}</tr>${body}</table></div>`;
};

const list = (items: readonly string[]): string =>
  `<ul>${items.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`;

const phiTable = (phis: readonly PhiVerdict[]): string =>
  table(
    [
      'phi',
      'labels',
      'rebuilt',
      'SSIM: mean ± 95 % (range)',
      'PSNR (dB)',
      'bound (dB)',
      'influence (dB)',
      'bits per entry',
      'direction lost',
    ],
    phis.map(({ phi, labels, ignoring, rebuilt, images, ssim, psnr, bound, influence, bitsPerEntry, distortion }) => [
      escaped(phi),
      attackerOf({ labels, ignoring }),
      `${rebuilt} of ${images}`,
      spreadText(ssim, 2),
      spreadText(psnr, 1),
      bound ? `${number(bound.psnr, 1)}${bound.beaten ? ' (passed)' : ''}` : '–',
      influence === undefined ? '–' : number(influence, 1),
      number(bitsPerEntry, 1),
      number(distortion),
    ]),
  );

const spreadText = ({ mean, least, most, halfWidth }: PhiVerdict['ssim'], digits: number): string =>
  `${number(mean, digits)}${halfWidth === undefined ? '' : ` ± ${number(halfWidth, digits)}`} ` +
  `(${number(least, digits)} to ${number(most, digits)})`;

/** What an attacker knew of the labels, and what it left out. */
const attackerOf = ({ labels, ignoring }: { labels: string; ignoring?: string | undefined }): string =>
  (labels === 'known' ? 'known' : 'inferred') + leftOut(ignoring);

const leftOut = (ignoring?: string): string =>
  ignoring ? `, ${escaped(ignoring.replaceAll('+', ', '))} left out` : '';

const triedPhis = (result: AuditResult): readonly PhiVerdict[] => verdictOf({ ...result, rows: result.tried }).phis;

const MOST_PICTURES = 8;

/** The images that came out best, beside what was rebuilt under every phi. */
function picturesOf({ audit, subject, rows }: AuditResult): string {
  const first = rows.filter(({ batch, labels }) => batch === 0 && labels === audit.labels[0]);
  const batch = subject.batches[0]!;
  const { metric } = audit.threshold;
  const best = first.map(({ scores }) => scores[metric] ?? []);
  const sign = METRICS[metric].better === 'higher' ? -1 : 1;
  const strength = (i: number): number => Math.min(...best.map((values) => sign * (values[i] ?? Number.NaN)));
  const order = [...batch.labels.keys()].sort((a, b) => strength(a) - strength(b)).slice(0, MOST_PICTURES);
  const line = (name: string, cells: readonly string[]) =>
    `<tr><th>${name}</th>${cells.map((c) => `<td>${c}</td>`).join('')}</tr>`;
  const privates = line(
    'private',
    order.map((i) => privateCell(batch, i)),
  );
  const rebuilt = first.map((row) =>
    line(
      escaped(row.phi) + leftOut(row.ignoring),
      order.map((i) => rebuiltCell(row, i, audit)),
    ),
  );
  return (
    '<h2>The worst cases of the first batch</h2><div class="scroll"><table ' +
    `class="pictures">${privates}${rebuilt.join('')}</table></div>`
  );
}

const privateCell = (batch: Batch, i: number): string =>
  `${image(Buffer.from(imagePng(imageAt(batch.images, i))).toString('base64'))}` +
  `<small>${escaped(batch.classNames[batch.labels[i]!])}</small>`;

const rebuiltCell = ({ pictures, scores }: AuditRow, i: number, { threshold }: AuditResult['audit']): string => {
  const value = scores[threshold.metric]?.[i] ?? Number.NaN;
  const mark = reaches(threshold, value) ? 'bad' : '';
  return `${image(pictures[i]!)}<small class="${mark}">${METRICS[threshold.metric].label} ${number(value)}</small>`;
};

const image = (base64: string): string => `<img alt="" src="data:image/png;base64,${base64}">`;

function baselineTable({ baselines }: AuditResult): string {
  const names = [...new Set(baselines.flatMap((one) => Object.keys(one) as BaselineName[]))];
  const rows = names.map((name) => {
    const scores = baselines.flatMap((one) => one[name] ?? []);
    return [
      name,
      spreadText(spread(scores.flatMap(({ ssim }) => ssim)), 2),
      spreadText(spread(scores.flatMap(({ psnr }) => psnr)), 1),
    ];
  });
  return table(['what is shown', 'SSIM', 'PSNR (dB)'], rows);
}

/** What the second chance without the update is. */
function retrieved({ privacy, retrieval }: AuditResult): string {
  const found = privacy?.retrieved;
  if (!found || found.kappa >= 1) return '';
  return (
    ` The second: of one that puts the true image among the first ${number(found.rank, 1)} of ` +
    `${retrieval.candidates} candidates, the best attack's mean rank, by showing another image of the class.`
  );
}

/** Promises, which hold whatever the attack, apart from indications, which pictures or networks may break. */
function theory(result: AuditResult): string {
  const { bounds, unbounded, privacy, audit } = result;
  const parts: string[] = [];
  if (privacy) {
    const { mu, epsilon, delta, robustness } = privacy;
    parts.push(
      `<p><b>A promise</b>, whatever the attack and the pictures: the client's noise is ` +
        `${number(mu)}-Gaussian differential privacy of each image (epsilon ${number(epsilon)} at delta ` +
        `${delta}), if each example was clipped as announced.</p>`,
      privacy.prior
        ? `<p class="soft">The first line is of a server that knows the label and draws one of the data's ` +
            `${privacy.prior.candidates} images of that class.${retrieved(result)}</p>`
        : '',
      table(
        ['chance to rebuild an image without the update', 'with it at most', 'by the Renyi form'],
        robustness.map(({ kappa, gamma, renyi }) => [number(kappa, 3), number(gamma, 3), number(renyi, 3)]),
      ),
    );
  }
  if (bounds.length) {
    const because = [...new Set(bounds.flatMap(({ bayesian }) => bayesian?.because ?? []))];
    const broken = bounds.some(({ bayesian }) => bayesian?.beaten);
    parts.push(
      '<p><b>Indications</b>: PSNR (dB) of the mean squared error. The bound is of an attacker who knows ' +
        'mean and deviation of the pixels and nothing else of pictures; the influence is what the change of ' +
        'the update does to first order, to an attacker who knows nothing.</p>',
      table(
        ['phi', 'batch', 'best attack', 'Bayesian Cramer-Rao: at most', 'inversion influence: about'],
        bounds.map(({ phi, batch, reached, bayesian, influence }) => [
          escaped(phi),
          String(batch + 1),
          number(reached.psnr, 1),
          bayesian ? `${number(bayesian.psnr, 1)}${bayesian.beaten ? ' (beaten)' : ''}` : '–',
          influence ? number(influence.psnr, 1) : '–',
        ]),
      ),
      because.length ? `<p class="soft">Why the bound is no promise:</p>${list(because)}` : '',
      broken ? '<p class="bad">An attack beat the bound: do not rely on it for these pictures.</p>' : '',
    );
  }
  if (audit.bounds && unbounded) parts.push(`<p class="soft">No bounds of this network: ${escaped(unbounded)}</p>`);
  return parts.length ? `<h2>What theory says</h2>${parts.join('')}` : '';
}

/** Ranks by the label alone. */
const rankLine = ({ retrieval: { ranks, candidates } }: AuditResult): string =>
  ranks.length
    ? `Another image of the class ranks the true one ${number(spread(ranks).mean, 1)} of ${candidates} candidates by ` +
      'their pixels, on average; what the attacks reach stands under Attacks.'
    : '';

const attackTable = (rows: readonly AuditRow[]): string =>
  table(
    ['phi', 'labels', 'batch', 'attack', 'steps', 'seconds', 'labels right', 'mean rank'],
    rows.map(({ phi, labels, ignoring, batch, attack, closures, seconds, labelsRight, ranks }) => [
      escaped(phi),
      attackerOf({ labels, ignoring }),
      String(batch + 1),
      escaped(attack),
      String(closures),
      number(seconds, 1),
      `${number(100 * labelsRight, 0)} %`,
      number(spread(ranks).mean, 1),
    ]),
  );

function costTable({ costs }: AuditResult): string {
  if (costs.length === 0) return '';
  const rows = costs.map(({ phi, accuracy }) => [escaped(phi), number(100 * accuracy, 1)]);
  const about = 'The same short training from these weights on with each phi, one seed: compare, do not quote.';
  return `<h2>What it costs in accuracy</h2><p class="soft">${about}</p>${table(['phi', 'accuracy (%)'], rows)}`;
}
