/** Charts that turn live on the page: our figures as data, and the one script of the page. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';

const FIGURE = 'application/vnd.plotly.v1+json';

export const FIGURE_START = '<script type="application/json">';

/** A chart of ours beside its picture, as data that nothing runs: the output's plotly form; empty for any other. */
export function figureData(data: Readonly<Record<string, unknown>>, html: string): string {
  const figure = data[FIGURE] as { data?: unknown; layout?: unknown } | undefined;
  if (!Array.isArray(figure?.data) || !html.includes('<div class="roglab-chart')) return '';
  const json = JSON.stringify({ data: figure.data, layout: figure.layout ?? {} });
  return `${FIGURE_START}${json.replace(/</g, '\\u003c')}</script>`;
}

/** Loads plotly when the pointer first enters a chart, and puts live charts in place of pictures. */
const script = `(function(){var D=document,src=D.documentElement.dataset.plotly,begun=false;
function charts(){return D.querySelectorAll('.shown>script[type="application/json"]')}
function draw(){charts().forEach(function(s){var e=s.parentElement.querySelector('.roglab-chart'),
f=JSON.parse(s.textContent),b=D.createElement('div');
b.style.display='none';e.appendChild(b);
window.Plotly.newPlot(b,f.data,f.layout,{displaylogo:false,displayModeBar:'hover'}).then(function(){
b.style.display='';e.querySelector('img').remove();var s=e.parentElement.clientWidth/f.layout.width;if(s<1){
b.style.transformOrigin='0 0';b.style.transform='scale('+s+')';b.style.height=f.layout.height*s+'px';
e.style.width=f.layout.width*s+'px'}})})}
function start(){if(begun)return;begun=true;var t=D.createElement('script');t.src=src;t.onload=draw;
D.head.appendChild(t)}
if(src)charts().forEach(function(s){s.parentElement.addEventListener('pointerenter',start,{once:true})})})()`;

export const scriptElement = `<script>${script}</script>`;

/** What the page may do: show what is in or beside it, run that one script and what it loads; no host is asked. */
export const policy = [
  "default-src 'none'",
  `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}' 'strict-dynamic'`,
  "style-src 'unsafe-inline'",
  "img-src data: 'self' file:",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Where a page in `file` finds the installed plotly; undefined where that is not in or above its folder. */
export function plotlyAddress(file: string): string | undefined {
  try {
    const installed = createRequire(import.meta.url).resolve('plotly.js-dist/plotly.js');
    const address = relative(dirname(resolve(file)), installed)
      .split(sep)
      .join('/');
    return /^(?:\.\.\/)*node_modules\//.test(address) ? address : undefined;
  } catch {
    return undefined;
  }
}
