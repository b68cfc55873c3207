/** Text as HTML shows it, between tags and inside of attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A document that needs nothing beside itself: it opens from a disk and names no other host. */
export function htmlDocument(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** A column of a table: text stands left, numbers right. */
export interface HtmlColumn {
  readonly title: string;
  readonly align: "left" | "right";
}

/** A table of texts; wide ones scroll by themselves. */
export function htmlTable(columns: readonly HtmlColumn[], rows: readonly (readonly string[])[]): string {
  const cell = (tag: "th" | "td") => (text: string, at: number) =>
    `<${tag} class="${columns[at]?.align ?? "left"}">${escaped(text)}</${tag}>`;
  const titles = columns.map(({ title }) => title).map(cell("th"));
  const lines = rows.map((row) => `<tr>${row.map(cell("td")).join("")}</tr>`);
  return `<div class="wide"><table><thead><tr>${titles.join("")}</tr></thead><tbody>${lines.join("\n")}</tbody></table></div>`;
}

/** Colours by place, told apart by those who see red and green alike. @source Okabe and Ito, "Color universal design" */
export const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;

const style = `
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2430; background: #fff; margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 0; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
.quiet { color: #5b6675; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #e3e7ec; vertical-align: top; white-space: nowrap; }
th { font-weight: 600; color: #5b6675; border-bottom-color: #9aa5b3; }
.right { text-align: right; } .left { text-align: left; }
figure { margin: .75rem 0; } figcaption { color: #5b6675; font-size: .875rem; }
.row { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
svg { max-width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; fill: #5b6675; }
video { display: block; background: #2e3440; border-radius: 4px; max-width: 100%; }
pre { background: #f3f5f8; padding: .75rem 1rem; border-radius: 4px; overflow-x: auto; font-size: .9rem; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .35em 0 .9em; vertical-align: -.05em; }
.key:first-child { margin-left: 0; }
`;
