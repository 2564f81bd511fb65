/** Kinds of picture files that are read, and the endings of their names. */
const PICTURE_ENDINGS = {
  jpeg: ['jpg', 'jpeg'],
  png: ['png'],
  webp: ['webp'],
  gif: ['gif'],
  tiff: ['tif', 'tiff'],
  avif: ['avif'],
  bmp: ['bmp', 'dib'],
  netpbm: ['ppm', 'pgm', 'pbm', 'pnm'],
} as const satisfies Record<string, readonly string[]>;

export type PictureKind = keyof typeof PICTURE_ENDINGS;

/** The endings of all pictures that are read, for messages. */
export const PICTURE_NAMES = Object.values(PICTURE_ENDINGS).flat();

/** Whether a file's name ends as a picture's that is read. */
export const isPictureName = (name: string): boolean =>
  (PICTURE_NAMES as string[]).includes(/\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '');

/** One character a byte; the first zero and control bytes of a signature are written `.`. */
const latin = (bytes: Uint8Array, end: number): string =>
  String.fromCharCode(...bytes.subarray(0, end)).replace(/\p{Cc}/gu, (c) =>
    c === '\n' || c === '\r' || c === '\t' ? c : '.',
  );

const SIGNATURES: readonly (readonly [PictureKind, RegExp])[] = [
  ['jpeg', /^\xff\xd8\xff/],
  ['png', /^.PNG\r\n.\n/],
  ['gif', /^GIF8[79]a/],
  ['webp', /^RIFF.{4}WEBP/s],
  ['tiff', /^(II[*+]\.|MM\.[*+])/],
  ['avif', /^.{4}ftyp(avif|avis|mif1|msf1)/s],
  ['bmp', /^BM.{8}/s],
  ['netpbm', /^P[1-6]\s/],
];

/** The kind of a picture by its content, whatever its name; undefined for anything else. */
export function pictureKind(bytes: Uint8Array): PictureKind | undefined {
  const head = latin(bytes, 16);
  return SIGNATURES.find(([, pattern]) => pattern.test(head))?.[0];
}

const OTHERS: readonly (readonly [string, RegExp])[] = [
  ['an SVG drawing', /^\s*(<\?xml|<!--|<!DOCTYPE svg|<svg)/i],
  ['a PDF', /^%PDF/],
  ['a web page', /^\s*<(!doctype )?html/i],
  ['a HEIC picture', /^.{4}ftyp(heic|heix|hevc|heim)/s],
  ['a zip archive', /^PK\.\./],
];

/** What a file that is no picture is, for the message. */
export function otherKind(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const head = latin(bytes, 256).replace(/^\xef\xbb\xbf/, '');
  return OTHERS.find(([, pattern]) => pattern.test(head))?.[0] ?? 'no picture';
}
