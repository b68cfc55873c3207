import { join } from "node:path";
import { defineConfig } from "vite";

/** How the page is built: files with nothing inline, which the server's content security policy asks for. */
export default defineConfig({
  root: join(import.meta.dirname, "page"),
  base: "/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    sourcemap: false,
  },
});
