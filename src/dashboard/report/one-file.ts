import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const script = /<script type="module"[^>]*\ssrc="[^"]*"[^>]*><\/script>/;
const style = /<link rel="stylesheet"[^>]*>/;

/**
 * Puts the script and the style of a page into it, and tells the browser to run and to show nothing else: neither another script nor
 * anything of a network.
 */
export function oneFile(): Plugin {
  return {
    name: "one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      const files = Object.values(bundle).map((file) => {
        return { name: file.fileName, text: file.type === "chunk" ? file.code : textOf(file.source) };
      });
      const { page, code, css } = filesOfPage(files);
      const own = bundle[page.name];
      if (own?.type === "asset") own.source = inOne(page.text, { code: code.text, css: css.text });
      delete bundle[code.name];
      delete bundle[css.name];
    },
  };
}

/** A file that was built. */
interface BuiltFile {
  readonly name: string;
  readonly text: string;
}

/** The files of a page that can be one. @throws RangeError where they are others than a page, a script and a style */
export function filesOfPage(files: readonly BuiltFile[]): Readonly<Record<"page" | "code" | "css", BuiltFile>> {
  const [page, code, css] = [".html", ".js", ".css"].map((end) => files.find(({ name }) => name.endsWith(end)));
  if (page !== undefined && code !== undefined && css !== undefined && files.length === 3) return { page, code, css };
  const found = files.map(({ name }) => name).join(", ");
  throw new RangeError(`one-file: expected a page, a script and a style, got ${found}`);
}

/** The page with its script and style where it named their files. */
export function inOne(page: string, { code, css }: { readonly code: string; readonly css: string }): string {
  // What would end the element that it stands in is written otherwise.
  const [own, look] = [code.replaceAll("</script", "<\\/script"), css.replaceAll("</style", "<\\/style")];
  const policy = [
    "default-src 'none'",
    `script-src ${sourceOf(own)}`,
    `style-src ${sourceOf(look)}`,
    "img-src data: blob:",
    "media-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const parts: readonly [RegExp, string][] = [
    [/<head>/, `<head><meta http-equiv="content-security-policy" content="${policy}" />`],
    [script, `<script type="module">${own}</script>`],
    [style, `<style>${look}</style>`],
  ];
  return parts.reduce((text, [place, part]) => {
    if (!place.test(text)) throw new RangeError(`one-file: expected ${place} in the page, got none`);
    return text.replace(place, () => part);
  }, page);
}

/** @source W3C Content Security Policy Level 3, § 8.3 (hashes of inline elements) */
function sourceOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function textOf(source: string | Uint8Array): string {
  return typeof source === "string" ? source : Buffer.from(source).toString("utf8");
}
