import { defineConfig } from "vite";

// The API that `npm run dev` talks to; the built page is served by the API itself.
const api = process.env["SENTINELA_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/ui/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { target: "es2023", modulePreload: { polyfill: false }, reportCompressedSize: false },
  server: { proxy: { "^/(?!ui/)": api } },
});
