/** Unmodified kubectl of several versions: Debian's own packages, unpacked beside each other under `.cache/kubectl/`. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type DebianProgram, debianProgram } from "./debian-program.ts";

const PROGRAMS = {
  /** The newest there is. */
  newest: { suite: "sid", debianPackage: "kubectl", path: "usr/bin/kubectl" },
  /** Debian 12's: SPDY only, older discovery. */
  "1.20": { suite: "bookworm", debianPackage: "kubernetes-client", path: "usr/bin/kubectl" },
} as const satisfies Record<string, DebianProgram>;

export type KubectlVersion = keyof typeof PROGRAMS;

/** Path of a kubectl, fetched at the first call. */
export const kubectlPath = (version: KubectlVersion): string =>
  debianProgram(`kubectl/kubectl-${version}`, PROGRAMS[version]);

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Kubectl {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs to the end; does not throw. */
  try(args: readonly string[], input?: string): KubectlResult;
  /** Standard output; throws with what kubectl said when it fails. */
  run(args: readonly string[], input?: string): string;
  json<T>(args: readonly string[]): T;
}

/** Longest run of one command. */
const KUBECTL_TIMEOUT_MS = 120_000;

/** A kubectl that speaks to the cluster of a kubeconfig file, with a home of its own. */
export function kubectlFor(kubeconfig: string, version: KubectlVersion = "newest"): Kubectl {
  const path = kubectlPath(version);
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: join(kubeconfig, ".."), KUBE_EDITOR: "true" };
  const attempt = (args: readonly string[], input = ""): KubectlResult => {
    const done = spawnSync(path, args, {
      env,
      input,
      encoding: "utf8",
      timeout: KUBECTL_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: done.status ?? 137, stdout: done.stdout, stderr: done.stderr };
  };
  const run = (args: readonly string[], input?: string): string => {
    const result = attempt(args, input);
    if (result.code === 0) return result.stdout;
    throw new Error(`kubectl ${args.join(" ")}: code ${result.code}: ${result.stderr}${result.stdout}`);
  };
  return {
    path,
    env,
    try: attempt,
    run,
    json: <T>(args: readonly string[]) => JSON.parse(run([...args, "-o", "json"])) as T,
  };
}
