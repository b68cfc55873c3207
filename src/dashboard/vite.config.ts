import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { physicsAddress } from "./asset.ts";

/** MuJoCo is not built into the page: the server gives it as it is installed beside it. */
function installedPhysics(): Plugin {
  return {
    name: "installed-physics",
    enforce: "pre",
    resolveId: (id) => (id === "@mujoco/mujoco" ? { id: `${physicsAddress}/mujoco.js`, external: "absolute" } : null),
  };
}

/** How the page is built: files with nothing inline, which the server's content security policy asks for. */
export default defineConfig({
  root: join(import.meta.dirname, "page"),
  base: "/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: {
    format: "es",
    plugins: () => [installedPhysics()],
    rolldownOptions: {
      output: { entryFileNames: "worker/[name]-[hash].js", chunkFileNames: "worker/[name]-[hash].js" },
    },
  },
  build: {
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    sourcemap: false,
  },
});
