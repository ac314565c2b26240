/** Defaults of pod specs, in pods and in templates alike (`pkg/apis/core/v1/defaults.go`). All in place. */
import type { Container, HTTPGetAction, PodSpec, Probe, Volume } from "../../../shared/api/generated/core/v1.ts";
import { defaultSources } from "./volume-defaults.ts";

/** 0644 */
const FILE_MODE = 420;
const TOKEN_SECONDS = 3600;
const GRACE_SECONDS = 30;

/** Everything that can hang in a pod template: what `containersOf` gives. */
type AnyContainer = Pick<
  Container,
  | "env"
  | "image"
  | "imagePullPolicy"
  | "lifecycle"
  | "livenessProbe"
  | "name"
  | "ports"
  | "readinessProbe"
  | "resources"
  | "startupProbe"
  | "terminationMessagePath"
  | "terminationMessagePolicy"
  | "volumeMounts"
>;

/** Init, main and ephemeral containers. */
export function containersOf(spec: PodSpec): AnyContainer[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ??= "ClusterFirst";
  spec.restartPolicy ??= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= GRACE_SECONDS;
  spec.schedulerName ??= "default-scheduler";
  syncServiceAccount(spec);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of containersOf(spec)) defaultContainer(container);
}

/** The old spelling `serviceAccount` always shows what `serviceAccountName` says. */
export function syncServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName ?? spec.serviceAccount;
  if (name === undefined || name === "") return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

const SOURCES_KEY = "name";

function defaultVolume(volume: Volume): void {
  const hasSource = Object.keys(volume).some((key) => key !== SOURCES_KEY);
  if (!hasSource) volume.emptyDir = {};
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source !== undefined) source.defaultMode ??= FILE_MODE;
  }
  defaultSources(volume);
  for (const item of volume.downwardAPI?.items ?? [])
    if (item.fieldRef !== undefined) item.fieldRef.apiVersion ??= "v1";
  for (const source of volume.projected?.sources ?? []) {
    if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= TOKEN_SECONDS;
    for (const item of source.downwardAPI?.items ?? [])
      if (item.fieldRef !== undefined) item.fieldRef.apiVersion ??= "v1";
  }
  const { image } = volume;
  if (image !== undefined) image.pullPolicy ??= isLatest(image.reference ?? "") ? "Always" : "IfNotPresent";
  const claim = volume.ephemeral?.volumeClaimTemplate;
  if (claim !== undefined) claim.spec.volumeMode ??= "Filesystem";
}

function defaultContainer(container: AnyContainer): void {
  container.imagePullPolicy ??= isLatest(container.image ?? "") ? "Always" : "IfNotPresent";
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
  for (const variable of container.env ?? []) {
    const source = variable.valueFrom;
    if (source?.fieldRef !== undefined) source.fieldRef.apiVersion ??= "v1";
    if (source?.resourceFieldRef !== undefined) source.resourceFieldRef.divisor ??= "0";
    if (source?.fileKeyRef !== undefined) source.fileKeyRef.optional ??= false;
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) defaultProbe(probe);
  defaultHttpGet(container.lifecycle?.postStart?.httpGet);
  defaultHttpGet(container.lifecycle?.preStop?.httpGet);
}

/** Without a tag, or tagged `latest`; a digest is never latest. */
function isLatest(image: string): boolean {
  if (image.includes("@")) return false;
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === "latest";
}

function defaultProbe(probe: Probe | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
  if (probe.grpc !== undefined) probe.grpc.service ??= "";
  defaultHttpGet(probe.httpGet);
}

function defaultHttpGet(action: HTTPGetAction | undefined): void {
  if (action === undefined) return;
  action.path ??= "/";
  action.scheme ??= "HTTP";
}

/** What only real pods get: requests from limits, host ports on the host's network, service links. */
export function defaultRunningPod(spec: PodSpec): void {
  spec.enableServiceLinks ??= true;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const { limits } = container.resources ?? {};
    if (limits !== undefined && container.resources !== undefined) {
      container.resources.requests = { ...limits, ...container.resources.requests };
    }
    if (spec.hostNetwork === true) for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
  }
}
