import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { filesOfPage, inOne } from "./one-file.ts";
import { reportDocument } from "./report-file.ts";

const page =
  '<html><head><script type="module" crossorigin src="./a.js"></script><link rel="stylesheet" crossorigin href="./a.css"></head></html>';

const digest = (text: string) => createHash("sha256").update(text).digest("base64");

it("puts script and style into the page, and lets the browser run these alone", () => {
  const found = inOne(page, { code: 'let a = "$&";', css: "p{}" });
  expect(found).toContain('<script type="module">let a = "$&";</script><style>p{}</style>');
  expect(found).toContain(`script-src 'sha256-${digest('let a = "$&";')}'; style-src 'sha256-${digest("p{}")}'`);
  expect(found).toContain("default-src 'none'");
  expect(found).not.toMatch(/\.js|\.css/);
});

it("lets no text of a script end it", () => {
  const found = inOne(page, { code: 'let a = "</script><b>";', css: "" });
  expect(found.split("</script>")).toHaveLength(2);
  expect(found).toContain(`'sha256-${digest('let a = "<\\/script><b>";')}'`);
});

it("takes a page, its script and its style, in whatever order they were built, and nothing beside them", () => {
  const [page, code, css, icon] = ["a.html", "a.js", "a.css", "a.svg"].map((name) => ({ name, text: `of ${name}` }));
  expect(filesOfPage([css!, page!, code!])).toEqual({ page, code, css });
  for (const files of [
    [page!, code!],
    [page!, css!],
    [code!, css!],
    [page!, code!, css!, icon!],
  ])
    expect(() => filesOfPage(files)).toThrow("expected a page, a script and a style, got");
});

it("refuses a page that names no script", () => {
  expect(() => inOne("<head></head>", { code: "", css: "" })).toThrow("expected /<script");
});

it("refuses a page without a place for its data", () => {
  const audit = { clean: true, rows: [], laws: {}, conclusion: "", leaks: [] };
  expect(() => reportDocument("<body></body>", { kind: "audit", subject: "run", audit })).toThrow(
    "expected a page with one place for its data, got 0",
  );
});
