//! How the report looks: light or dark as the reader prefers, one column on a phone, black on white on paper.

pub(super) const STYLE: &str = "
:root{color-scheme:light dark;--text:#1a222b;--weak:#556370;--line:#d3dae1;--base:#fff;--accent:#0a7d67;--soft:#0a7d6722;--critical:#c41e45;--high:#c2570c;--medium:#966d00;--low:#226db0}
@media(prefers-color-scheme:dark){:root{--text:#e3e8ed;--weak:#98a4b1;--line:#2d3640;--base:#101418;--accent:#3fc8a8;--soft:#3fc8a822;--critical:#f4546f;--high:#fb8b42;--medium:#ecc34a;--low:#6fb3e8}}
*{box-sizing:border-box}
body{margin:0;background:var(--base);color:var(--text);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 24px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:17px;margin:32px 0 8px}
.lead,.note,th,dt{color:var(--weak)}.note{font-size:13px;margin:4px 0}
.warning{border-left:3px solid var(--medium);padding-left:12px}
svg{display:block;width:100%;height:auto}
.chart{border-bottom:1px solid var(--line)}
.bars{stroke:var(--accent);stroke-width:1}.threshold{stroke:var(--critical);stroke-width:1;stroke-dasharray:6 4}
.bar{fill:var(--accent)}.track{fill:var(--soft)}.band{fill:var(--soft)}.trace{fill:none;stroke:var(--text);stroke-width:1.2}
.peak{fill:var(--critical)}.axis{stroke:var(--line)}.swarm{max-width:760px}.swarm text{fill:var(--text);font-size:10px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:6px 12px 6px 0;border-bottom:1px solid var(--line)}
th{font-weight:500;font-size:13px}.n{text-align:right;font-variant-numeric:tabular-nums}
.level{font-weight:600}.level.critical{color:var(--critical)}.level.high{color:var(--high)}.level.medium{color:var(--medium)}.level.low{color:var(--low)}
.level:before{display:inline-block;width:1.2em}.critical:before{content:\"\\25C6\"}.high:before{content:\"\\25B2\"}.medium:before{content:\"\\25A0\"}.low:before{content:\"\\25CF\"}
article{border-top:1px solid var(--line);padding:14px 0;break-inside:avoid}
article header{display:flex;flex-wrap:wrap;gap:2px 16px;align-items:baseline}
article p{margin:4px 0 8px;overflow-wrap:anywhere}
.why{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:12px 32px}
.why dl{margin:0;display:grid;grid-template-columns:minmax(6em,max-content) minmax(3em,1fr) 3.2em;gap:2px 10px;align-items:center;font-size:13px}
.why dt{color:var(--text);overflow-wrap:anywhere}.why dd{margin:0}.why .parts{grid-column:1/-1;color:var(--weak);margin:0 0 6px}
@media(max-width:640px){main{padding:20px 14px}.why{grid-template-columns:1fr}h1{font-size:22px}}
@media print{:root{color-scheme:light;--text:#000;--weak:#444;--line:#bbb;--base:#fff;--accent:#0a7d67;--soft:#0a7d6722;--critical:#c41e45;--high:#c2570c;--medium:#966d00;--low:#226db0}
body{font-size:11px;print-color-adjust:exact;-webkit-print-color-adjust:exact}main{max-width:none;padding:0}h2{break-after:avoid}.scroll{overflow:visible}}
";
