import { defineConfig } from "vitest/config";

// Against a real service, which tests/typescript_client starts.
export default defineConfig({
  test: {
    include: ["contract/**/*.test.ts"],
    environment: "node",
    pool: "threads",
    fileParallelism: false,
    testTimeout: Number(process.env["PATIENCE"] ?? 20_000),
  },
});
