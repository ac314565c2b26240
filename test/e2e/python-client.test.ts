/** Debian's python3-kubernetes, a client that nobody here wrote (`python-client.py` beside this file). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { writeKubeconfig } from "../support/kubeconfig-file.ts";

const MINUTE_MS = 60_000;
/** Debian's own: another one on the path would not know Debian's packages. */
const PYTHON = "/usr/bin/python3";

describe("the Python client", () => {
  let server: ApiServerProcess;
  let folder = "";
  let facts: Record<string, unknown> = {};

  beforeAll(async () => {
    server = await startApiServerProcess();
    folder = mkdtempSync(join(tmpdir(), "python-client-"));
    const script = join(import.meta.dirname, "python-client.py");
    const kubeconfig = writeKubeconfig(folder, server.access);
    // It keeps what it learnt by discovery in the temporary folder.
    const env = { PATH: process.env["PATH"], HOME: folder, TMPDIR: folder };
    const done = spawnSync(PYTHON, [script, kubeconfig], { encoding: "utf8", timeout: MINUTE_MS, env });
    if (done.status !== 0) throw new Error(`python: ${done.stderr}`);
    facts = JSON.parse(done.stdout) as Record<string, unknown>;
  }, 2 * MINUTE_MS);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.close();
  });

  it.each<[string, Record<string, unknown>]>([
    ["creates with defaults", { created: ["RollingUpdate", 1, null] }],
    [
      "hears why something is refused",
      {
        twice: [409, "AlreadyExists"],
        missing: [404, "NotFound"],
        invalid: [422, "Invalid"],
        stale: [409, "Conflict"],
      },
    ],
    ["patches and scales", { patched: [4, "example.test/web:2"] }],
    [
      "watches from a revision",
      {
        watched: [
          ["ADDED", "one", "1"],
          ["ADDED", "two", "1"],
          ["MODIFIED", "one", "2"],
          ["DELETED", "two", "1"],
        ],
      },
    ],
    [
      "reads pages and selections",
      {
        pages: [
          [3, 4],
          [3, 1],
          [1, null],
        ],
        selected: ["web"],
      },
    ],
    ["finds kinds by discovery, and applies on the server", { dynamic: "python", applied: [["python", "Apply"]] }],
    ["asks what it may do", { allowed: true, version: "36" }],
    ["deletes a collection", { left: 0 }],
  ])("%s", (_, expected) => expect(facts).toMatchObject(expected));
});
