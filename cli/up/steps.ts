/** What `kubernode up` does, in the order of its lines; steps side by side where `needs` lets them. */
import { mkdirSync } from "node:fs";
import {
  ensureObject,
  hasDefaultServiceAccount,
  isApiReady,
  labelControlPlane,
  whyNodeNotReady,
} from "../cluster/api-probe.ts";
import { clusterState } from "../cluster/cluster-state.ts";
import { importArchive } from "../image/import-image.ts";
import { imageArchitecture, PAUSE_IMAGE, pauseArchive } from "../image/pause-image.ts";
import { addToKubeconfig } from "../kubeconfig/kubeconfig-file.ts";
import { installCommand, installPackages, missingPackages } from "../machine/debian-packages.ts";
import { machineChecks, networkChecks } from "../machine/machine-checks.ts";
import { nodeAddress } from "../machine/node-address.ts";
import { fallbackNodeAddress, setUpNetwork } from "../network/cluster-network.ts";
import { ensureCertificates } from "../pki/cluster-certificates.ts";
import { adminEntry, writeComponentKubeconfigs } from "../pki/component-kubeconfigs.ts";
import { runtimeOf } from "../runtime/cluster-runtime.ts";
import { type Step, type StepOutcome, skipped } from "../steps/step.ts";
import { storageObjects } from "../storage/storage-objects.ts";
import { startSupervisor } from "../supervisor/start-supervisor.ts";
import { UserError } from "../user-error.ts";
import type { UpContext } from "./up-context.ts";
import { waitedTooLong, waitUntil } from "./wait.ts";

type Run = (context: UpContext) => Promise<StepOutcome>;

const RUNTIME_WAIT_MS = 30_000;
const API_WAIT_MS = 60_000;
const NODE_WAIT_MS = 90_000;

const checkMachine: Run = async () => {
  for (const { check } of machineChecks) await check();
  return undefined;
};

const providePackages: Run = async ({ cluster, mayInstall, say }) => {
  const missing = missingPackages(cluster);
  if (missing.length === 0) return skipped;
  if (!mayInstall) {
    throw new UserError(`These packages are missing: ${missing.join(", ")}.`, `Run: ${installCommand(missing)}`);
  }
  say(`Installing with apt-get: ${missing.join(" ")}`);
  await installPackages(missing);
  return missing.join(" ");
};

const checkNetwork: Run = async (context) => {
  const { cluster } = context;
  context.nodeIp = (await nodeAddress()) ?? fallbackNodeAddress(cluster);
  const leftovers = clusterState(cluster) === "leftovers";
  if (leftovers) context.say("Processes of an earlier run are still here without their supervisor: taking them over.");
  for (const { name, check } of networkChecks) if (name !== "ports" || !leftovers) await check(cluster);
  return undefined;
};

const makeCertificates: Run = async ({ cluster, nodeIp }) => {
  const made = await ensureCertificates(cluster, nodeIp);
  return made === 0 ? skipped : undefined;
};

const writeConfiguration: Run = async ({ cluster }) => {
  writeComponentKubeconfigs(cluster);
  mkdirSync(`${cluster.dataDir}/cni`, { recursive: true });
  runtimeOf(cluster).writeConfiguration(cluster);
  return skipped;
};

const prepareNetwork: Run = async ({ cluster, nodeIp }) => {
  await setUpNetwork(cluster, nodeIp);
  return undefined;
};

const startProcesses: Run = async ({ cluster, sourceRoot, nodeIp }) => {
  startSupervisor(cluster, { sourceRoot, nodeIp, sandboxImage: PAUSE_IMAGE });
  return undefined;
};

const loadPauseImage: Run = async ({ cluster }) => {
  const runtime = runtimeOf(cluster);
  const daemon = runtime.processes(cluster).at(-1)?.name ?? "";
  const isServing = await waitUntil(RUNTIME_WAIT_MS, () => runtime.isServing(cluster));
  if (!isServing) throw waitedTooLong(cluster, `${daemon} does not answer.`, daemon);
  if (!(await runtime.imageNames(cluster)).has(PAUSE_IMAGE)) {
    await importArchive(cluster, pauseArchive(imageArchitecture()));
  }
  return undefined;
};

const waitForApi: Run = async ({ cluster }) => {
  if (await waitUntil(API_WAIT_MS, () => isApiReady(cluster))) return `https://127.0.0.1:${cluster.ports.api}`;
  throw waitedTooLong(cluster, "The API server does not get ready.", "kube-apiserver");
};

const mergeKubeconfig: Run = async ({ cluster }) =>
  `context ${cluster.contextName} in ${await addToKubeconfig(adminEntry(cluster))}`;

const waitForNode: Run = async ({ cluster }) => {
  let reason: string | undefined;
  const isReady = await waitUntil(NODE_WAIT_MS, async () => {
    reason = await whyNodeNotReady(cluster);
    return reason === undefined;
  });
  if (!isReady) throw waitedTooLong(cluster, `The node does not get Ready: ${reason ?? ""}.`, "kubelet");
  if (!(await waitUntil(API_WAIT_MS, () => labelControlPlane(cluster)))) {
    throw waitedTooLong(cluster, "The node could not be labelled.", "kube-apiserver");
  }
  const hasAccount = await waitUntil(API_WAIT_MS, () => hasDefaultServiceAccount(cluster));
  if (!hasAccount) {
    throw waitedTooLong(cluster, "The default ServiceAccount was not made.", "kube-controller-manager");
  }
  return cluster.nodeName;
};

const makeStorage: Run = async ({ cluster }) => {
  for (const { collection, object } of storageObjects) {
    if (await waitUntil(API_WAIT_MS, () => ensureObject(cluster, collection, object))) continue;
    throw waitedTooLong(cluster, `${object.metadata.name} could not be created.`, "kube-apiserver");
  }
  return undefined;
};

/** From nothing (or leftovers) to a Ready node. */
export const upSteps: readonly Step<UpContext>[] = [
  { name: "machine", title: "Checking this machine", needs: [], run: checkMachine },
  { name: "packages", title: "Installing packages", needs: ["machine"], run: providePackages },
  { name: "free", title: "Checking ports and addresses", needs: ["packages"], run: checkNetwork },
  { name: "certificates", title: "Making certificates", needs: ["free"], run: makeCertificates },
  { name: "configuration", title: "Writing configuration", needs: ["certificates"], run: writeConfiguration },
  { name: "network", title: "Routing unserved addresses to an empty bridge", needs: ["free"], run: prepareNetwork },
  { name: "start", title: "Starting components", needs: ["network", "configuration"], run: startProcesses },
  { name: "image", title: "Loading the pause image", needs: ["start"], run: loadPauseImage },
  { name: "api", title: "Waiting for the API server", needs: ["start"], run: waitForApi },
  { name: "storage", title: "Making the default StorageClass", needs: ["api"], run: makeStorage },
  { name: "kubeconfig", title: "Merging the kubeconfig", needs: ["api"], run: mergeKubeconfig },
  { name: "node", title: "Waiting for the node to be Ready", needs: ["api", "image"], run: waitForNode },
];

/** For a cluster whose supervisor runs. */
export const waitingSteps: readonly Step<UpContext>[] = upSteps
  .filter((step) => ["api", "storage", "kubeconfig", "node"].includes(step.name))
  .map((step) => ({ ...step, needs: step.needs.filter((need) => need === "api") }));
