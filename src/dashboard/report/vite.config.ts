import { join } from "node:path";
import { defineConfig } from "vite";
import { oneFile } from "./one-file.ts";

/** How the page of a report is built: one file, with its script and its style in it, that opens from a disk; in the package beside modules. */
export default defineConfig({
  root: join(import.meta.dirname, "../page"),
  base: "./",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [oneFile()],
  build: {
    emptyOutDir: false,
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: { input: join(import.meta.dirname, "../page/report.html") },
    target: "es2023",
    sourcemap: false,
  },
});
