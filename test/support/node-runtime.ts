/** The container runtime of a test node: daemons of its own in the node's folder. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { containerdConfig } from "../../cli/containerd/containerd-config.ts";
import { dockerRuntime as engineDaemon, writeLimitedRunc } from "../../cli/docker/docker-runtime.ts";
import { loadIntoEngine } from "../../cli/docker/docker-engine.ts";
import { dockerdConfig, engineContainerdConfig, majorVersionOf } from "../../cli/docker/dockerd-config.ts";
import { PAUSE_IMAGE } from "../../cli/image/pause-image.ts";
import { mayLowerOomScores } from "../../cli/machine/machine-checks.ts";
import { findDockerd } from "./docker-daemon.ts";

export type NodeRuntimeName = "containerd" | "docker";

/** One daemon; each is started after the one before it, and only the last one is ended by a test. */
export interface RuntimeDaemon {
  readonly program: string;
  readonly args: readonly string[];
}

export interface NodeRuntime {
  readonly name: NodeRuntimeName;
  readonly socket: string;
  readonly daemons: readonly RuntimeDaemon[];
  /** Outside the node's folder; to be removed when they are empty. */
  readonly sharedFolders: readonly string[];
  load(archive: string): Promise<void>;
}

/** `KUBERNODE_TEST_RUNTIME=docker` runs a suite of the kubelet on the Docker Engine. */
export function chosenRuntime(): NodeRuntimeName {
  return process.env["KUBERNODE_TEST_RUNTIME"] === "docker" ? "docker" : "containerd";
}

/** Writes its configuration into `folder`; starts nothing. */
export function nodeRuntime(name: NodeRuntimeName, folder: string): NodeRuntime {
  return name === "docker" ? dockerRuntime(folder) : containerdRuntime(folder);
}

function containerdRuntime(folder: string): NodeRuntime {
  const config = join(folder, "containerd.toml");
  const socket = join(folder, "containerd.sock");
  const options = {
    rootDir: join(folder, "containerd"),
    stateDir: join(folder, "containerd-state"),
    socket,
    sandboxImage: PAUSE_IMAGE,
    cniBinDir: existsSync("/opt/cni/bin/bridge") ? "/opt/cni/bin" : "/usr/lib/cni",
    cniConfDir: join(folder, "cni"),
    mayLowerOomScores: mayLowerOomScores(),
  };
  writeFileSync(config, containerdConfig(options));
  return {
    name: "containerd",
    socket,
    sharedFolders: [],
    daemons: [{ program: "containerd", args: ["--config", config] }],
    load: async (archive) => {
      execFileSync("ctr", ["--address", socket, "--namespace", "k8s.io", "images", "import", archive], {
        stdio: "pipe",
      });
    },
  };
}

function dockerRuntime(folder: string): NodeRuntime {
  const dockerd = findDockerd() ?? "dockerd";
  const containerdFile = join(folder, "containerd.toml");
  const containerdSocket = join(folder, "containerd.sock");
  const dockerdFile = join(folder, "daemon.json");
  const socket = join(folder, "docker.sock");
  writeFileSync(
    containerdFile,
    engineContainerdConfig({
      rootDir: join(folder, "containerd"),
      stateDir: join(folder, "containerd-state"),
      socket: containerdSocket,
    }),
  );
  writeFileSync(
    dockerdFile,
    dockerdConfig({
      rootDir: join(folder, "docker"),
      execDir: join(folder, "docker-state"),
      socket,
      containerdSocket,
      runc: writeLimitedRunc(folder),
      majorVersion: majorVersionOf(execFileSync(dockerd, ["--version"], { encoding: "utf8" })),
    }),
  );
  return {
    name: "docker",
    socket,
    sharedFolders: engineDaemon.sharedFolders,
    daemons: [
      { program: "containerd", args: ["--config", containerdFile] },
      { program: dockerd, args: ["--config-file", dockerdFile, "--pidfile="] },
    ],
    load: async (archive) => {
      await loadIntoEngine(socket, archive);
    },
  };
}
