/** One project per kind of suite: `npm run test:unit` runs the first, `npm test` runs them all. */
const base = {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: {
          parser: { syntax: "typescript" },
          target: "es2024",
          experimental: { keepImportAttributes: true },
        },
        module: { type: "es6" },
      },
    ],
  },
  modulePathIgnorePatterns: ["<rootDir>/.cache/"],
};

/** Suites that need real processes, namespaces or root live under test/ and run one at a time. */
const REAL_SUITES = ["<rootDir>/test/integration/", "<rootDir>/test/reliability/", "<rootDir>/test/e2e/"];

export default {
  projects: [
    {
      ...base,
      displayName: "unit",
      testMatch: ["**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", ...REAL_SUITES],
    },
    { ...base, displayName: "integration", testMatch: ["<rootDir>/test/integration/**/*.test.ts"] },
    { ...base, displayName: "reliability", testMatch: ["<rootDir>/test/reliability/**/*.test.ts"] },
    { ...base, displayName: "e2e", testMatch: ["<rootDir>/test/e2e/**/*.test.ts"] },
  ],
};
