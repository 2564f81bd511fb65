/** The look of the report: a narrow column of serif text, code light, figures as wide as the column. */
export const style = `
:root{--ink:#1f2328;--soft:#656d76;--line:#e3e6ea;--code:#f6f7f9;--page:#fff;--link:#0057a3;--bad:#b3261e;
--bad-soft:#fdf1f0;
--keyword:#8a3d8f;--string:#1a6b3c;--number:#9a4b00;--comment:#7a828b}
@media (prefers-color-scheme:dark){:root{--ink:#e4e7eb;--soft:#9aa4af;--line:#30363d;--code:#1b2027;--page:#14181d;
--link:#7cb8f0;--bad:#ff8a80;--bad-soft:#2c1b1b;
--keyword:#d7a3dd;--string:#8fd3a8;--number:#e8b27a;--comment:#8b949e}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:1.5rem}
body{margin:0;background:var(--page);color:var(--ink);font:17px/1.6 Charter,"Bitstream Charter","Iowan Old Style",
"Source Serif 4",Cambria,Georgia,serif;-webkit-font-smoothing:antialiased}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:2px}
nav,header,.shown>div,.shown table,details,.meta,h1,h2,h3,h4,.failure{font-family:Inter,system-ui,-apple-system,
"Segoe UI","Helvetica Neue",Arial,sans-serif}
.layout{display:grid;grid-template-columns:minmax(12rem,16rem) minmax(0,58rem);gap:3.5rem;justify-content:center;
padding:0 1.5rem}
nav{position:sticky;top:0;align-self:start;max-height:100vh;overflow:auto;padding:3rem 0 2rem;font-size:13.5px;
line-height:1.45}
nav ol{list-style:none;margin:0;padding:0}
nav>ol>li{margin:0 0 .9rem}
nav a{color:var(--ink);text-decoration:none;display:block;padding:.12rem 0}
nav a:hover{color:var(--link)}
nav ol ol a{color:var(--soft);padding-left:.9rem;border-left:1px solid var(--line)}
nav .failed>a::after{content:" failed";color:var(--bad);font-size:12px}
nav strong{display:block;font-size:15px;margin-bottom:1.2rem}
main{padding:3rem 0 6rem;min-width:0}
header p{color:var(--soft);font-size:14px;margin:.2rem 0 0}
header .running{color:var(--soft);font-size:14px;margin:.4rem 0 0;padding-left:1.1rem}
header h1{margin:0;font-size:15px;font-weight:600}
header,article>:not(.shown){max-width:46rem}
article{padding-top:2.2rem;margin-top:2rem;border-top:1px solid var(--line)}
h1{font-size:1.85rem;line-height:1.2;letter-spacing:-.018em;margin:.2rem 0 1rem;text-wrap:balance}
h2{font-size:1.22rem;line-height:1.3;letter-spacing:-.01em;margin:2.2rem 0 .7rem}
h3{font-size:1.02rem;margin:1.8rem 0 .5rem}
p,ul,ol{margin:0 0 1rem}
li>p{margin:0}
blockquote p:last-child{margin:0}
blockquote{margin:1rem 0;padding:.1rem 0 .1rem 1.1rem;border-left:3px solid var(--line);color:var(--soft)}
code,pre{font-family:ui-monospace,"SF Mono","Cascadia Code",Menlo,Consolas,"DejaVu Sans Mono",monospace}
code{font-size:.86em}
p code,li code,td code{background:var(--code);padding:.1em .3em;border-radius:4px}
pre{font-size:12.5px;line-height:1.55;margin:0;overflow-x:auto;tab-size:2}
pre.code{background:var(--code);border-radius:7px;padding:.8rem 1rem;margin:1.3rem 0 .7rem}
.keyword,.word{color:var(--keyword)}.string{color:var(--string)}.number{color:var(--number)}.comment{
color:var(--comment)}
pre.stdout,pre.stderr,pre.error{padding:.15rem 1rem;margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere;
color:var(--soft)}
pre.stderr{border-left:3px solid #d9a300}
pre.error{border-left:3px solid var(--bad);background:var(--bad-soft);color:var(--bad);padding:.6rem 1rem}
details{font-size:13px;color:var(--soft);margin:.3rem 0 .3rem 1rem}
.shown{margin:.9rem 0 1.4rem;overflow-x:auto}
.shown>img{max-width:100%;height:auto;display:block;border-radius:6px}
main img{max-width:100%}
.shown p:last-child{margin-bottom:0}
.roglab-chart{border:1px solid var(--line);border-radius:7px;overflow:hidden;width:fit-content}
.roglab-chart img{display:block}
table{border-collapse:collapse;font-size:14px;line-height:1.4;margin:.6rem 0 1.2rem}
article>table th,article>table td,.text th,.text td{padding:.3rem .9rem .3rem .2rem;
border-bottom:1px solid var(--line);text-align:left}
math{font-size:1.04em}
math[display=block]{margin:1rem 0;padding:.25rem 0;overflow:auto hidden}
.meta{color:var(--soft);font-size:13px;margin:2.2rem 0 0}
p.fault{font-size:13px;color:var(--bad);margin:.3rem 0 1rem}code.fault{color:var(--bad);background:var(--bad-soft)}
.failure{background:var(--bad-soft);color:var(--bad);border-radius:7px;padding:.7rem 1rem;font-size:14px;
margin:0 0 1.4rem}
@media (max-width:62rem){.layout{display:block;max-width:46rem;margin:0 auto}nav{position:static;max-height:none;
padding:2rem 0 0}nav ol ol{display:none}main{padding-top:1rem}}
@media print{nav{display:none}.layout{display:block}pre.code{border:1px solid var(--line)}}
`;
