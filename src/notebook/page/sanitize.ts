import xss, { FilterXSS } from 'xss';

/** Declared as exports of their own, which only the module's CommonJS form has. */
const { friendlyAttrValue, escapeAttrValue } = xss as unknown as typeof import('xss');

/** Attributes that any element may have. */
const COMMON = ['class', 'style', 'title', 'lang', 'dir'];

const TEXT =
  'b i em strong u s del ins sub sup small mark code kbd samp var abbr cite q span p div pre blockquote br ' +
  'hr wbr h1 h2 h3 h4 h5 h6 ul li dl dt dd figure figcaption summary';
const TABLE = 'table caption thead tbody tfoot tr colgroup';
const MATH =
  'mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom mover munder munderover msub msup ' +
  'msubsup mmultiscripts mprescripts mtable mtr mtd menclose merror';
const MATH_ATTRIBUTES = (
  'mathvariant displaystyle scriptlevel stretchy symmetric largeop movablelimits fence separator form accent ' +
  'accentunder lspace rspace minsize maxsize width height depth voffset linethickness notation columnspan ' +
  'rowspan'
).split(' ');

const each = (names: string, attributes: readonly string[] = []): [string, string[]][] =>
  names.split(' ').map((name) => [name, [...COMMON, ...attributes]]);

const ALLOWED: Record<string, string[]> = Object.fromEntries([
  ...each(TEXT),
  ...each('h1 h2 h3 h4 h5 h6', ['id']),
  ...each(TABLE),
  ...each('th td col', ['colspan', 'rowspan', 'span', 'align', 'scope']),
  ...each('ol', ['start', 'reversed']),
  ...each('details', ['open']),
  ...each('a', ['href']),
  ...each('img', ['src', 'alt', 'width', 'height']),
  ...each(MATH, MATH_ATTRIBUTES),
  ...each('math', ['display']),
]);

const STYLES =
  'color background background-color opacity width height min-width max-width min-height max-height margin ' +
  'margin-top margin-right margin-bottom margin-left padding padding-top padding-right padding-bottom ' +
  'padding-left border border-top border-right border-bottom border-left border-radius border-collapse ' +
  'border-spacing border-color border-width border-style text-align text-decoration text-transform ' +
  'text-indent vertical-align white-space word-break overflow-wrap overflow overflow-x overflow-y font ' +
  'font-family font-size font-style font-weight font-variant font-variant-numeric line-height letter-spacing ' +
  'table-layout text-overflow ' +
  'display float clear flex flex-wrap flex-direction gap align-items justify-content grid-template-columns ' +
  'image-rendering caption-side list-style list-style-type tab-size math-depth';

/** The kinds of picture that a browser shows without running anything. */
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml);base64,[\w+/=\s]*$/;

/** Spaces and control characters, which a browser drops from an address before it reads the scheme. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const DROPPED = /[\u0000-\u0020\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff\\]/g;

/** http(s), a place on the page, or a file beside it; not `javascript:`, `data:`, `file:`, `//host` and the like. */
export function isSafeLink(href: string): boolean {
  const bare = href.replace(DROPPED, '');
  const scheme = /^([^/?#:]*):/.exec(bare)?.[1];
  return scheme === undefined ? !bare.startsWith('//') && !href.includes('\\') : /^https?$/i.test(scheme);
}

const isSafePicture = (src: string): boolean =>
  PICTURE.test(src) || (isSafeLink(src) && !/^https?:/i.test(src.replace(DROPPED, '')));

const LOADS = /url\s*\(|image\s*\(|expression|@|\\|\/\*/i;

/** The value of an allowed attribute, ready to stand between quotes; empty where it is refused. */
function attribute(tag: string, name: string, value: string, css: { process: (text: string) => string }): string {
  const plain = friendlyAttrValue(value);
  const escaped = escapeAttrValue(plain);
  if (name === 'href') return isSafeLink(plain) ? escaped : '';
  if (name === 'src') return isSafePicture(plain) ? escaped : '';
  if (name === 'id') return /^[\p{L}\p{N}._-]+$/u.test(plain) ? plain : '';
  if (name === 'style') return LOADS.test(plain) ? '' : escapeAttrValue(css.process(plain));
  if (name === 'class' && tag !== 'math' && !MATH_CLASS.test(plain)) return OWN_CLASS.exec(plain)?.[0] ?? '';
  return escaped;
}

const OWN_CLASS = /^roglab-chart(?: roglab-[\da-f]{1,40})?$/;
const MATH_CLASS = /^(?:(?:tml|chr|wbk|sml)[\w-]*(?: |$))+$|^fault$/;

/** Beyond it, in characters outside of quotes, a tag is dropped: reading takes the square of its attributes' number. */
const MOST_ATTRIBUTES = 2000;

const filter = new FilterXSS({
  onTag: (_, tag) => (tag.replace(/"[^"]*"|'[^']*'/g, '').length > MOST_ATTRIBUTES ? '' : undefined),
  whiteList: ALLOWED,
  stripIgnoreTag: true,
  stripIgnoreTagBody: (
    'script style textarea title template noscript noembed noframes iframe object embed applet svg xmp ' +
    'plaintext select option form button annotation annotation-xml semantics mglyph malignmark'
  ).split(' '),
  css: { whiteList: Object.fromEntries(STYLES.split(' ').map((name) => [name, true])) },
  safeAttrValue: attribute as never,
});

/**
 * HTML from a notebook with nothing in it that runs, loads from a host, or reaches beyond itself: an allowed list of
 * elements, attributes and styles, addresses by scheme, and every element closed that it opens.
 */
export const sanitize = (html: string): string =>
  balanced(filter.process(html.replaceAll('\0', '').replace(/<(?![a-z/!?])/gi, '&lt;')));

const VOID = new Set(['br', 'hr', 'wbr', 'img', 'col']);

/** Elements that the start of another one closes. */
const ENDED_BY: Readonly<Record<string, readonly string[]>> = {
  p: ['p'],
  li: ['li'],
  dt: ['dt', 'dd'],
  dd: ['dt', 'dd'],
  td: ['td', 'th'],
  th: ['td', 'th'],
  tr: ['td', 'th', 'tr'],
};

/** Closes what is open, in order, and drops what closes nothing: an output must not end the page's own elements. */
function balanced(html: string): string {
  const open: string[] = [];
  const count = new Map<string, number>();
  const close = (): string => {
    const name = open.pop()!;
    count.set(name, count.get(name)! - 1);
    return `</${name}>`;
  };
  const body = html.replace(/<(\/?)([a-z\d]+)[^>]*>/gi, (tag, slash: string, named: string) => {
    const name = named.toLowerCase();
    if (VOID.has(name)) return slash ? '' : tag;
    let before = '';
    if (!slash) {
      while (ENDED_BY[name]?.includes(open.at(-1)!)) before += close();
      open.push(name);
      count.set(name, (count.get(name) ?? 0) + 1);
      return before + tag;
    }
    if (!count.get(name)) return '';
    while (open.at(-1) !== name) before += close();
    return before + close();
  });
  let rest = '';
  while (open.length > 0) rest += close();
  return body + rest;
}
