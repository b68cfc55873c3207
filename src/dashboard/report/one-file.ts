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
      const files = Object.values(bundle);
      const page = files.find(({ fileName }) => fileName.endsWith(".html"));
      const code = files.flatMap((file) => (file.type === "chunk" ? [file] : []));
      const styles = files.filter(({ fileName }) => fileName.endsWith(".css"));
      if (page?.type !== "asset" || code.length !== 1 || styles.length !== 1 || files.length !== 3)
        throw new RangeError(
          `one-file: expected a page with one script and one style, got ${files.map(({ fileName }) => fileName).join(", ")}`,
        );
      const [css] = styles;
      page.source = inOne(textOf(page.source), {
        code: code[0]!.code,
        css: css?.type === "asset" ? textOf(css.source) : "",
      });
      for (const { fileName } of [...code, ...styles]) delete bundle[fileName];
    },
  };
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
