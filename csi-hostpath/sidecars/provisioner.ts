/**
 * Makes volumes for claims (upstream: external-provisioner with --node-deployment, one beside each driver).
 *
 * Invariants:
 * P1 The driver's name for a claim's volume is made of the claim's UID: however often this is begun again, there is
 *    one volume.
 * P2 With several nodes, the one makes a volume whose name stands in the claim; who wants to make one for a claim that
 *    needs no node writes its own there first.
 * P3 A volume that was made and has neither an object nor a claim, because we were killed in between, is deleted.
 */
import type { PersistentVolume, PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import type { StorageClass } from "../../shared/api/generated/storage/v1.ts";
import { CsiError } from "../../shared/csi/csi-error.ts";
import { isAlreadyExists, isNotFound } from "../../shared/errors/status-error.ts";
import type { EventRecorder } from "../../shared/events/event-recorder.ts";
import { SELECTED_NODE, storageClassNameOf, withAnnotations } from "../../shared/machinery/claims.ts";
import { persistentVolumeClaims, persistentVolumes } from "../../shared/resources/catalog.ts";
import { objectKey } from "../../shared/resources/resource.ts";
import { topologyKeyOf } from "../driver-name.ts";
import { creationRequest, turnOf, volumeNameFor, volumeObject, whyImpossible } from "./provision-plan.ts";
import { keepDoing, type SidecarContext } from "./sidecar.ts";

/** As external-provisioner's --timeout. */
const TIMEOUT_MS = 10_000;
const OURS = /^pvc-([0-9a-f-]{36})$/u;

export async function runProvisioner(context: SidecarContext, recorder: EventRecorder): Promise<void> {
  const { claims, classes, driverName, nodeName } = context;
  const turn = (claim: PersistentVolumeClaim) =>
    turnOf(claim, classes.lister.get(undefined, storageClassNameOf(claim)), driverName, nodeName);
  await deleteForgotten(context);
  await keepDoing(
    context,
    "provisioning",
    claims,
    (claim) => turn(claim) !== "not ours",
    async (claim) => {
      const storageClass = classes.lister.get(undefined, storageClassNameOf(claim));
      if (storageClass === undefined) return;
      if (turn(claim) === "anybody's") return takeTurn(context, claim);
      await provision(context, recorder, claim, storageClass);
    },
  );
}

/** P2: of several that want to, one write succeeds; the change that it makes brings us back here. */
async function takeTurn({ client, nodeName, signal }: SidecarContext, claim: PersistentVolumeClaim): Promise<void> {
  await client.update(persistentVolumeClaims, withAnnotations(claim, { [SELECTED_NODE]: nodeName }), { signal });
}

async function provision(
  context: SidecarContext,
  recorder: EventRecorder,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
): Promise<void> {
  const { driver, driverName, nodeName, volumes, signal } = context;
  if (volumes.lister.get(undefined, volumeNameFor(claim)) !== undefined) return;
  recorder.event(
    claim,
    "Normal",
    "Provisioning",
    `External provisioner is provisioning volume for claim ${JSON.stringify(objectKey(claim))}`,
  );
  try {
    const impossible = whyImpossible(claim);
    if (impossible !== undefined) throw new Error(impossible);
    const topology = { segments: { [topologyKeyOf(driverName)]: nodeName } };
    const request = creationRequest(claim, storageClass, topology);
    const { volume } = await driver.call("CreateVolume", request, { timeoutMs: TIMEOUT_MS, signal });
    if (volume === null) throw new Error("the driver told of no volume");
    await save(context, volumeObject(claim, storageClass, driverName, volume));
    const name = volumeNameFor(claim);
    recorder.event(claim, "Normal", "ProvisioningSucceeded", `Successfully provisioned volume ${name}`);
  } catch (err) {
    if (signal.aborted) throw err;
    const why = err instanceof Error ? err.message : String(err);
    const message = `failed to provision volume with StorageClass ${JSON.stringify(storageClass.metadata.name)}: ${why}`;
    recorder.event(claim, "Warning", "ProvisioningFailed", message);
    if (err instanceof CsiError && err.code === "RESOURCE_EXHAUSTED") await giveBack(context, claim, storageClass);
    throw err;
  }
}

async function save({ client, signal }: SidecarContext, draft: Parameters<typeof client.create<PersistentVolume>>[1]) {
  try {
    await client.create(persistentVolumes, draft, { signal });
  } catch (err) {
    if (!isAlreadyExists(err)) throw err;
  }
}

/** Tells the scheduler that it does not work here. */
async function giveBack(
  { client, signal }: SidecarContext,
  claim: PersistentVolumeClaim,
  { volumeBindingMode }: StorageClass,
): Promise<void> {
  if (volumeBindingMode !== "WaitForFirstConsumer") return;
  const { [SELECTED_NODE]: _, ...annotations } = claim.metadata.annotations ?? {};
  await client.update(persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, annotations } }, { signal });
}

/** P3: looks once, at the start, when nothing is under way. */
async function deleteForgotten({ client, driver, claims, volumes, logger, signal }: SidecarContext): Promise<void> {
  const uids = new Set(claims.lister.list().map(({ metadata }) => metadata.uid));
  const handles = new Set(volumes.lister.list().map(({ spec }) => spec.csi?.volumeHandle));
  const { entries } = await driver.call("ListVolumes", { maxEntries: 0, startingToken: "" }, { signal });
  for (const { volume } of entries) {
    const volumeId = volume?.volumeId ?? "";
    const uid = OURS.exec(volumeId)?.[1];
    if (uid === undefined || uids.has(uid) || handles.has(volumeId)) continue;
    // Caches may be behind what another process of this driver wrote last.
    if (await exists(client, volumeId, signal)) continue;
    logger.info({ volume: volumeId }, "deleting a volume that nobody knows of");
    await driver.call("DeleteVolume", { volumeId }, { signal });
  }
}

async function exists(client: SidecarContext["client"], name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.get(persistentVolumes, { name }, signal);
    return true;
  } catch (err) {
    if (isNotFound(err)) return false;
    throw err;
  }
}
