import { defineConfig } from "vite";

// The service whose /v1 `npm run dev` shows.
const SERVICE = "http://127.0.0.1:8000";

export default defineConfig({
  build: {
    outDir: "../api/page",
    emptyOutDir: true,
    // Everything is a file of its own: the policy of the page forbids what stands inside of it, data: addresses too.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: { proxy: { "/v1": SERVICE, "/openapi.json": SERVICE } },
});
