// The page that shows a graph. It must not know VS Code.

/** A page with an SVG, which can be moved and made larger; `source` is where the page's own parts come from. */
export function page(svg: string, source: string, nonce: string): string {
  const policy = `default-src 'none'; img-src ${source} data:; style-src 'unsafe-inline'; font-src ${source}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<style>
  html, body { height: 100%; margin: 0; overflow: hidden; }
  #graph { height: 100%; cursor: grab; }
  #graph svg { transform-origin: 0 0; max-width: none; }
  pre { padding: 1em; white-space: pre-wrap; }
</style>
</head>
<body>
<div id="graph">${withoutScripts(svg)}</div>
<script nonce="${nonce}">
  const box = document.getElementById("graph");
  const graph = box.querySelector("svg");
  let x = 16, y = 16, scale = 1, from;
  const draw = () => { if (graph) graph.style.transform = "translate(" + x + "px," + y + "px) scale(" + scale + ")"; };
  box.addEventListener("pointerdown", (e) => { from = [e.clientX - x, e.clientY - y]; box.setPointerCapture(e.pointerId); });
  box.addEventListener("pointermove", (e) => { if (from) { x = e.clientX - from[0]; y = e.clientY - from[1]; draw(); } });
  box.addEventListener("pointerup", () => { from = undefined; });
  box.addEventListener("wheel", (e) => {
    e.preventDefault();
    const next = Math.min(8, Math.max(0.1, scale * Math.exp(-e.deltaY / 500)));
    x = e.clientX - (e.clientX - x) * next / scale;
    y = e.clientY - (e.clientY - y) * next / scale;
    scale = next;
    draw();
  }, { passive: false });
  draw();
</script>
</body>
</html>`;
}

/** A page that says why there is no graph. */
export function apology(message: string): string {
  return `<!DOCTYPE html><html lang="en"><body><pre style="white-space: pre-wrap">${escaped(message)}</pre></body></html>`;
}

/** The first SVG of what was printed; none if there is no whole one. */
export function firstSvg(output: string): string | undefined {
  return /<svg[\s\S]*<\/svg>/.exec(output)?.[0];
}

function withoutScripts(svg: string): string {
  return svg.replace(/<script[\s\S]*?<\/script>/gi, "");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
