/** Names, texts and outputs as somebody who wants to run script on a reader's page would write them. */
import type { Cell, Output } from '../../src/notebook/format.js';
import type { Chapter } from '../../src/notebook/page/index.js';

/** The script that case `k` tries to run. */
const run = (k: string): string => `(window.ran=window.ran||[]).push(\`${k}\`)`;

/** Markup that runs a script in its own way, by name. */
export const MARKUP: Readonly<Record<string, string>> = Object.fromEntries(
  (
    [
      ['script', (js) => `<script>${js}</script>`],
      ['img onerror', (js) => `<img src=nowhere onerror="${js}">`],
      ['img onload', (js) => `<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" onload="${js}">`],
      ['upper case', (js) => `<IMG SRC=nowhere ONERROR='${js}'>`],
      ['no spaces', (js) => `<img/src=nowhere/onerror="${js}">`],
      ['svg onload', (js) => `<svg onload="${js}"></svg>`],
      ['svg script', (js) => `<svg><script>${js}</script></svg>`],
      ['svg animate', (js) => `<svg><animate onbegin="${js}" attributeName=x dur=1s></svg>`],
      ['svg in textarea', (js) => `<svg><textarea><img src=nowhere onerror="${js}"></textarea></svg>`],
      ['math mglyph', (js) => `<math><mtext><table><mglyph><style><!--</style><img src=nowhere onerror="${js}">`],
      [
        'math annotation',
        (js) => `<math><annotation-xml encoding="text/html"><img src=nowhere onerror="${js}"></annotation-xml></math>`,
      ],
      ['math href', (js) => `<math><mi href="javascript:${js}">x</mi></math>`],
      ['body onload', (js) => `<body onload="${js}">`],
      ['details ontoggle', (js) => `<details open ontoggle="${js}">x</details>`],
      ['autofocus', (js) => `<input autofocus onfocus="${js}">`],
      ['tabindex', (js) => `<p tabindex=0 onfocus="${js}" onmouseover="${js}" onclick="${js}">x</p>`],
      ['iframe', (js) => `<iframe src="javascript:parent.eval('${js.replaceAll('`', '\\`')}')"></iframe>`],
      [
        'srcdoc',
        (js) =>
          `<iframe srcdoc="<script>parent.eval(${JSON.stringify(js).replaceAll('"', '&quot;')})</script>"></iframe>`,
      ],
      ['object', (js) => `<object data="javascript:${js}"></object>`],
      ['embed', (js) => `<embed src="javascript:${js}">`],
      ['form', (js) => `<form action="javascript:${js}"><button id=go>go</button></form>`],
      ['link', (js) => `<a href="javascript:${js}">x</a>`],
      ['link with tab', (js) => `<a href="java\tscript:${js}">x</a>`],
      ['link with entities', (js) => `<a href="&#106;&#x61;vascript&colon;${js}">x</a>`],
      ['link to data', (js) => `<a href="data:text/html,<script>${js}</script>">x</a>`],
      ['vbscript', (js) => `<a href="vbscript:${js}">x</a>`],
      ['style', (js) => `<style>@import 'javascript:${js}';</style>`],
      ['style attribute', (js) => `<p style="background:url(javascript:${js});width:expression(${js})">x</p>`],
      ['base', (js) => `<base href="javascript:/"><a href="/${js}">x</a>`],
      ['meta refresh', (js) => `<meta http-equiv=refresh content="0;url=javascript:${js}">`],
      ['noscript', (js) => `<noscript><p title="</noscript><img src=nowhere onerror='${js}'>"></noscript>`],
      ['comment', (js) => `<!--><img src=nowhere onerror="${js}">-->`],
      ['half a tag', (js) => `<img src=nowhere onerror="${js}" `],
      ['broken nesting', (js) => `</div></main></body><script>${js}</script>`],
      ['tag in tag', (js) => `<scr<script>ipt>${js}</scr</script>ipt>`],
      ['attribute break', (js) => `"><img src=nowhere onerror="${js}"><b x="`],
      ['quote break', (js) => `' onmouseover='${js}' autofocus onfocus='${js}' x='`],
      ['null', (js) => `<scr\0ipt>${js}</scr\0ipt><img src=nowhere on\0error="${js}">`],
    ] as [string, (js: string) => string][]
  ).map(([name, make]) => [name, make(run(name))]),
);

const LINKS: readonly string[] = [
  `[a](javascript:${run('md link')})`,
  `[b](<java\nscript:${run('md link broken')}>)`,
  `[c](JaVaScRiPt&colon;${run('md link entity')})`,
  `[d](data:text/html;base64,PHNjcmlwdD5wYXJlbnQucmFuPTE8L3NjcmlwdD4=)`,
  `![e](nowhere "x\\" onerror=\\"${run('md title')}")`,
  `![f](javascript:${run('md image')})`,
  `<javascript:${run('md autolink')}>`,
  `[g]: javascript:${run('md reference')}\n\n[g]`,
  `\`\`\`x" onmouseover="${run('md fence')}\ncode\n\`\`\``,
  `# Heading "><img src=nowhere onerror="${run('md heading')}">`,
  `$\\href{javascript:${run('formula link')}}{x}$ $\\text{<img src=nowhere onerror="${run('formula text')}">}$`,
  `| a |\n|---|\n| <img src=nowhere onerror="${run('md table')}"> |`,
];

const markdown = (source: string): Cell => ({ cell_type: 'markdown', metadata: {}, source });
const code = (source: string, outputs: readonly unknown[]): Cell => ({
  cell_type: 'code',
  metadata: {},
  source,
  execution_count: 1,
  outputs: outputs as Output[],
});
const shown = (data: object, metadata: object = {}) => ({ output_type: 'display_data', data, metadata });

/** A form of every kind of output, each made of `text` where text can stand. */
const outputs = (text: string): unknown[] => [
  { output_type: 'stream', name: 'stdout', text },
  { output_type: 'stream', name: `x"><b ${text}`, text: [text] },
  { output_type: 'error', ename: text, evalue: text, traceback: [text] },
  shown({ 'text/plain': text }),
  shown({ 'text/html': text }),
  shown({ 'text/markdown': text }),
  shown(
    { 'image/png': `AAAA" onerror="${text}`, 'text/plain': text },
    { 'image/png': { width: `1" onload="${text}` } },
  ),
  shown({ 'image/png': `AAAA"><b>${text}`, 'text/plain': text }, { 'image/png': { width: text } }),
  shown({ 'image/jpeg': 'AAAA', 'text/plain': `x" ${text}` }, { 'image/jpeg': { width: text } }),
  shown({ 'image/svg+xml': `<svg xmlns="http://www.w3.org/2000/svg">${text}</svg>` }),
  shown({
    'text/html':
      `<div class="roglab-chart">${text}<img src="data:image/png;base64,AAAA"></div>` + `<script>${text}</script>`,
    'application/vnd.plotly.v1+json': {
      data: [{ type: 'bar', x: [text, `</script>${text}`], y: [1, 2], name: text }],
      layout: { title: text },
    },
  }),
];

/** Chapters made of all of it. */
export const hostileChapters = (): Chapter[] => [
  ...Object.entries(MARKUP).map(([name, text], k) => ({
    file: `notebooks/${k}-${text.replaceAll('/', '')}.ipynb`,
    notebook: {
      cells: [markdown(text), markdown(`# ${text}`), code(text, outputs(text)), markdown(`after ${name}`)],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5,
    },
    failure: { cell: 1, message: text },
  })),
  {
    file: 'links.ipynb',
    notebook: { cells: LINKS.map(markdown), metadata: {}, nbformat: 4, nbformat_minor: 5 },
  },
];
