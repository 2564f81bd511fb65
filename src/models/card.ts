import { problem } from '../core/errors.js';
import { sha256 } from '../core/hash.js';

/** A card, as `roglab train` writes it beside the weights. */
export interface Card {
  readonly name: string;
  readonly summary: string;
  readonly data: string;
  readonly command: string;
  readonly recipe: string;
  readonly epochs: number;
  readonly seed: number;
  readonly minutes: number;
  readonly engine: string;
  readonly scores: Readonly<Record<string, number>>;
  readonly parameters: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a card says of the file of weights. */
type Announced = Pick<Card, 'bytes' | 'sha256'>;

/** The text of a card: its values, and last the SHA-256 of their own text. */
export const cardText = (card: Announced): string =>
  `${JSON.stringify({ ...card, cardSha256: sha256(JSON.stringify(card)) }, null, 2)}\n`;

/**
 * The card of a {@link cardText}. One of bytes and sha256 alone needs no SHA-256 of its own: the weights check both.
 * @throws no JSON with bytes and sha256; not the text that was written
 */
export function cardFrom(where: string, text: string): Announced {
  const { cardSha256, ...card } = parsed(text);
  const { bytes, sha256: announced } = card;
  if (!Number.isInteger(bytes) || typeof announced !== 'string')
    throw problem(where, 'the card must be JSON with bytes and sha256', text.slice(0, 40));
  const bare = cardSha256 === undefined && Object.keys(card).length === 2;
  const found = sha256(JSON.stringify(card));
  if (!bare && cardSha256 !== found)
    throw problem(
      where,
      `the card announces ${cardSha256} as the sha256 of its own text`,
      found,
      'the card is damaged or of an older version: npm run train makes it again, or install the package again',
    );
  return card as Announced;
}

function parsed(text: string): Partial<Announced> & { readonly cardSha256?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
