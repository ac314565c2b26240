import { containerFrom, outcomeOf, sandboxFrom, timeMs } from "./observe.ts";
import type { WireContainerState, WireListedContainer } from "./engine-wire.ts";

const LISTED: WireListedContainer = {
  Id: "c1",
  Names: ["/k8s_main"],
  Image: "sha256:1",
  ImageID: "sha256:1",
  Created: 1_700_000_000,
  State: "running",
  HostConfig: { NetworkMode: "none" },
  Labels: {
    "io.kubernetes.pod.uid": "u1",
    "io.kubernetes.pod.name": "web",
    "io.kubernetes.pod.namespace": "default",
    "io.kubernetes.container.name": "main",
    "io.kubernetes.docker.type": "container",
    "io.kubernetes.docker.attempt": "3",
    "io.kubernetes.sandbox.id": "s1",
    "io.kubernetes.container.logpath": "/logs/3.log",
    "annotation.io.kubernetes.container.hash": "h",
  },
};

const STATE: WireContainerState = {
  Status: "exited",
  Running: false,
  OOMKilled: false,
  Pid: 0,
  ExitCode: 0,
  Error: "",
  StartedAt: "2026-01-01T00:00:01.5Z",
  FinishedAt: "2026-01-01T00:00:02.25Z",
};
const NEVER = "0001-01-01T00:00:00Z";

it.each<[string, Partial<WireContainerState>, object]>([
  ["runs", { Status: "running", ExitCode: 0 }, { state: "running", reason: "" }],
  ["waits for its start", { Status: "created", StartedAt: NEVER }, { state: "created" }],
  ["is paused", { Status: "paused" }, { state: "running" }],
  ["ended well", {}, { state: "exited", exitCode: 0, reason: "Completed" }],
  ["ended badly", { ExitCode: 3 }, { state: "exited", exitCode: 3, reason: "Error" }],
  ["had too much memory", { ExitCode: 137, OOMKilled: true }, { exitCode: 137, reason: "OOMKilled" }],
  ["is told too late that it had", { ExitCode: 0, OOMKilled: true }, { exitCode: 137, reason: "OOMKilled" }],
  [
    "could not be started",
    { Status: "created", ExitCode: 127, Error: "no such file", StartedAt: NEVER, FinishedAt: NEVER },
    { state: "exited", exitCode: 128, reason: "StartError", message: "no such file" },
  ],
  ["is in a state of the future", { Status: "frozen" }, { state: "unknown" }],
])("a container that %s", (_what, state, outcome) => {
  expect(outcomeOf({ ...STATE, ...state })).toMatchObject(outcome);
});

it("times before there were computers are no times", () => {
  expect([timeMs(NEVER), timeMs(""), timeMs("1970-01-01T00:00:01.5Z")]).toEqual([0, 0, 1500]);
});

it("a container is what its labels say", () => {
  expect(containerFrom(LISTED, { image: "web:1", imageRef: "web@sha256:1" }, "/engine/c1.log")).toMatchObject({
    id: "c1",
    sandboxId: "s1",
    name: "main",
    attempt: 3,
    state: "running",
    image: "web:1",
    logPath: "/engine/c1.log",
    annotations: { "io.kubernetes.container.hash": "h" },
  });
});

it("a sandbox is ready with addresses, or in the host's network", () => {
  expect(sandboxFrom(LISTED, [])).toMatchObject({ state: "notReady" });
  expect(sandboxFrom(LISTED, ["10.0.0.1"])).toMatchObject({ podUid: "u1", state: "ready", ips: ["10.0.0.1"] });
  expect(sandboxFrom({ ...LISTED, HostConfig: { NetworkMode: "host" } }, [])).toMatchObject({ state: "ready" });
  expect(sandboxFrom({ ...LISTED, State: "exited" }, ["10.0.0.1"])).toMatchObject({ state: "notReady", ips: [] });
});
