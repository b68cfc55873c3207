import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { inOne } from "./one-file.ts";
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

it("refuses a page that names no script", () => {
  expect(() => inOne("<head></head>", { code: "", css: "" })).toThrow("expected /<script");
});

it("refuses a page without a place for its data", () => {
  const audit = { clean: true, rows: [], laws: {}, conclusion: "", leaks: [] };
  expect(() => reportDocument("<body></body>", { kind: "audit", subject: "run", audit })).toThrow(
    "expected a page with one place for its data, got 0",
  );
});
