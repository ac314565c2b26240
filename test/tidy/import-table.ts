/** Who may import whom (ARCHITECTURE.md, "Invariants"): the table that `imports.test.ts` holds the tree to. */

/** For each folder (longest prefix wins): what of our own tree its files may import. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "shared/api": ["shared/api"],
  "shared/errors": ["shared/api", "shared/errors"],
  "shared/machinery": ["shared/api", "shared/errors", "shared/machinery", "shared/resources"],
  shared: ["shared"],
  apiserver: ["shared", "apiserver"],
  "controller-manager": ["shared", "controller-manager"],
  scheduler: ["shared", "scheduler"],
  kubelet: ["shared", "kubelet"],
  "kube-proxy": ["shared", "kube-proxy"],
  "csi-hostpath": ["shared", "csi-hostpath"],
  cli: ["shared", "cli"],
  bench: [
    "shared",
    "apiserver",
    "controller-manager",
    "scheduler",
    "kubelet",
    "kube-proxy",
    "cli",
    "bench",
    "test/support",
  ],
  test: [
    "shared",
    "apiserver",
    "controller-manager",
    "scheduler",
    "kubelet",
    "kube-proxy",
    "csi-hostpath",
    "cli",
    "test",
  ],
};

/** Where an npm package may be imported; a package that is not named here may be imported nowhere. */
export const PACKAGE_HOMES: Readonly<Record<string, readonly string[]>> = {
  "@grpc/grpc-js": [
    "kubelet/runtime/cri",
    "kubelet/plugins",
    "kubelet/devices",
    "apiserver/storage/etcd",
    "shared/csi",
    "csi-hostpath",
  ],
  "@grpc/proto-loader": ["kubelet/runtime/cri", "kubelet/plugins", "shared/csi"],
  "@peculiar/x509": ["shared/process"],
  "reflect-metadata": ["shared/process"],
  commander: ["cli"],
  etcd3: ["apiserver/storage/etcd"],
  express: ["apiserver/http", "addons", "kubelet/server", "shared/process"],
  jose: ["apiserver/authentication"],
  "parse5-html-rewriting-stream": ["apiserver/node-access"],
  pino: ["shared/process"],
  "prom-client": ["shared/process"],
  protobufjs: ["apiserver/schema", "apiserver/openapi", "kubelet/runtime/cri"],
  undici: ["shared/client", "kubelet/runtime/docker"],
  ws: ["apiserver/http", "apiserver/handlers", "shared/streaming", "shared/client", "kubelet/server"],
  yaml: ["apiserver/schema", "apiserver/http", "shared/client", "shared/machinery", "cli", "kubelet"],
};

/** Packages that only tests and benchmarks use. */
export const TEST_PACKAGES: readonly string[] = ["@jest/globals", "fast-check", "@kubernetes/client-node"];

/** Folders (or files) that are pure: no `node:*`, no I/O package, no clock, no randomness, no `async`. */
export const PURE: readonly RegExp[] = [
  /^scheduler\/(framework|plugins)\//,
  /^controller-manager\/controllers\/[^/]+\/(?!controller\.ts|loop\.ts).*plan[^/]*\.ts$/,
  /^kubelet\/pods\/plan-pod\.ts$/,
  /^kube-proxy\/(state|rules)\//,
  /^apiserver\/(resources|validation|tables)\//,
  /^shared\/(machinery|errors)\//,
];

/** `node:*` modules that a pure file may use all the same: no I/O in them. */
export const PURE_NODE_MODULES: readonly string[] = ["node:crypto", "node:buffer", "node:net"];

/** Files that may touch the clock, timers and randomness themselves (D16). */
export const CLOCK_HOMES: readonly RegExp[] = [
  /^shared\/process\//,
  /(^|\/)main\.ts$/,
  /^cli\//,
  /^bench\//,
  /^test\//,
  /\.test\.ts$/,
];
