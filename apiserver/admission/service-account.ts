/**
 * ServiceAccount (upstream: `plugin/pkg/admission/serviceaccount`): every pod runs as an account that exists, with its
 * token mounted and its pull secrets, unless it says otherwise.
 */
import type { Pod, ServiceAccount } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { serviceAccounts } from "../../shared/resources/catalog.ts";
import type { Storage } from "../storage/storage.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { mountApiAccess } from "./api-access-volume.ts";
import { podOf, refuse } from "./refusal.ts";
import { storedObject } from "./stored-object.ts";

const DEFAULT_NAME = "default";
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";
/** A controller makes the default account a moment after the namespace: wait for it that often. */
const DEFAULT_ACCOUNT_ATTEMPTS = 10;
const ATTEMPT_INTERVAL_MS = 100;
const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;

export interface ServiceAccountOptions {
  readonly reader: ObjectReader;
  readonly storage: Storage;
  readonly clock: Clock;
}

function randomSuffix(clock: Clock): string {
  const letters = Array.from({ length: SUFFIX_LENGTH }, () => Math.floor(clock.random() * SUFFIX_ALPHABET.length));
  return letters.map((index) => SUFFIX_ALPHABET[index] ?? "").join("");
}

function checkMirrorPod(request: AdmissionRequest, pod: Pod): void {
  if ((pod.spec.serviceAccountName ?? "") !== "")
    throw refuse(request, "a mirror pod may not reference service accounts");
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.secret !== undefined) throw refuse(request, "a mirror pod may not reference secrets");
    const tokens = volume.projected?.sources?.some((source) => source.serviceAccountToken !== undefined);
    if (tokens === true) throw refuse(request, "a mirror pod may not use ServiceAccountToken volume projections");
  }
}

export function serviceAccountAdmission({ reader, storage, clock }: ServiceAccountOptions): AdmissionPlugin {
  const find = async (namespace: string, name: string): Promise<ServiceAccount | undefined> => {
    const attempts = name === DEFAULT_NAME ? DEFAULT_ACCOUNT_ATTEMPTS : 1;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (attempt > 0) await clock.sleep(ATTEMPT_INTERVAL_MS * (1 + clock.random()));
      const account =
        reader.get(serviceAccounts, namespace, name) ?? (await storedObject(storage, serviceAccounts, namespace, name));
      if (account !== undefined) return account;
    }
    return undefined;
  };

  return {
    name: "ServiceAccount",
    mutate: async (request) => {
      const pod = request.operation === "CREATE" ? podOf(request) : undefined;
      if (pod === undefined) return;
      if (pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return checkMirrorPod(request, pod);
      const { spec } = pod;
      const name = spec.serviceAccountName || spec.serviceAccount || DEFAULT_NAME;
      spec.serviceAccountName = name;
      spec.serviceAccount = name;
      const account = await find(request.namespace, name);
      if (account === undefined) {
        const why = `error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`;
        throw refuse(request, why);
      }
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) {
        mountApiAccess(spec, randomSuffix(clock));
      }
      const pullSecrets = account.imagePullSecrets ?? [];
      if ((spec.imagePullSecrets ?? []).length === 0 && pullSecrets.length > 0) {
        spec.imagePullSecrets = pullSecrets.map((secret) => ({ ...secret }));
      }
    },
  };
}
