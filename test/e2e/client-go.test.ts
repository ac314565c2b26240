/** client-go and controller-runtime, as upstream's components and operators use them (`client-go/` beside this file). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { describeWith, goProgram } from "../support/go-program.ts";
import { writeKubeconfig } from "../support/kubeconfig-file.ts";

const MINUTE_MS = 60_000;
const APPS = "apps/v1";
/** What typed clients ask for first is what they get, in watches and refusals, too. */
const PROTOBUF = ["application/vnd.kubernetes.protobuf"];

/** What each scenario sees. */
const SCENARIOS: [string, string, Record<string, unknown>][] = [
  [
    "typed",
    "handles objects by typed clients, and tells errors apart",
    {
      strategy: "RollingUpdate",
      generation: 1,
      cpu: "100m",
      twice: true,
      missing: true,
      invalid: true,
      stale: true,
      patched: ["example.test/web:1", "1", 2],
      // Status is written alone: spec stays.
      status: [5, false, 3],
      job: [6, "NonIndexed", true],
      secret: [Buffer.from([0, 1, 127, 128, 254, 255]).toString("base64"), "plain", 0],
      left: 0,
      contentTypes: PROTOBUF,
    },
  ],
  ["pages", "reads a collection in pages of one revision", { sizes: [10, 10, 5], remaining: [15, 5], revisions: 1 }],
  [
    "watch",
    "watches one name from a revision",
    { seen: ["ADDED seen ", "MODIFIED seen 1", "DELETED seen 1"], contentTypes: PROTOBUF },
  ],
  [
    "informers",
    "fills shared informers by WatchList and keeps them right",
    { synced: 5, initial: [5, 0, 0], seen: [15, 2, 3], changed: 2, watchLists: 1, lists: 0, contentTypes: PROTOBUF },
  ],
  [
    "metadata-informers",
    "follows metadata alone",
    { seen: [15, 2, 3], contentTypes: PROTOBUF, labels: { when: "later", changed: "yes" } },
  ],
  [
    "leader-election",
    "elects one leader, and another when it steps down",
    { history: ["first leads", "first stopped", "second leads", "second stopped"], holder: "second", transitions: 1 },
  ],
  [
    "apply",
    "applies typed configurations, extracts them and shares an object with others",
    {
      unchanged: true,
      containers: ["main example.test/a:2 0", "sidecar example.test/sidecar:1 0"],
      replicas: 1,
      status: 1,
      managers: [`controller Apply ${APPS}status`, `mesh Apply ${APPS}`, `owner Apply ${APPS}`],
    },
  ],
  [
    "apply-conflict",
    "is told of conflicts with their causes, and may take or share fields",
    {
      message: 'Apply failed with 1 conflict: conflict with "one": .data.key',
      causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".data.key" }],
      taken: { key: "3" },
      managers: ["three Apply v1"],
      afterPatch: expect.stringMatching(
        /^Apply failed with 1 conflict: conflict with "patcher" using v1( at \S+)?: \.data\.key$/,
      ),
    },
  ],
  [
    "dynamic",
    "finds kinds by discovery and handles objects without their types",
    {
      shortName: "apps/v1, Resource=deployments",
      namespaced: true,
      uid: true,
      strict: expect.stringContaining('strict decoding error: unknown field "spec.defaultBackand"'),
      version: "1.36",
    },
  ],
  ["retry-on-conflict", "counts right with 20 writers", { count: "20" }],
  [
    "events",
    "records an event, and its repetition as a series",
    { message: "tested box", controller: "tester", count: 2 },
  ],
  [
    "reviews",
    "asks who it is, who may what, and for tokens",
    { self: ["kubernetes-admin", ["system:masters", "system:authenticated"]], nobody: false, token: [true, true] },
  ],
  [
    "controller",
    "runs a controller with caches, owners, finalizers and leader election",
    { seen: ["copied", "followed a change", "made again what was deleted", "cleaned up and let go"] },
  ],
];

describeWith(goProgram("client-go", "."), "client-go", (program) => {
  let server: ApiServerProcess;
  let folder = "";
  let kubeconfig = "";

  beforeAll(async () => {
    server = await startApiServerProcess();
    folder = mkdtempSync(join(tmpdir(), "client-go-"));
    kubeconfig = writeKubeconfig(folder, server.access);
  }, MINUTE_MS);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.close();
  });

  it.each(SCENARIOS)(
    "%s: %s",
    (scenario, _, expected) => {
      const done = spawnSync(program, [kubeconfig, scenario], { encoding: "utf8", timeout: MINUTE_MS });
      if (done.status !== 0) throw new Error(`${scenario}: ${done.stderr}${done.stdout}`);
      expect(JSON.parse(done.stdout)).toMatchObject(expected);
    },
    MINUTE_MS,
  );
});
