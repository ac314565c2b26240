/** What a pod spec is warned about, in pods and in templates (`pkg/api/pod/warnings.go`): valid, and still unwise. */
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  NodeSelectorTerm,
  PodAffinity,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from "../../../shared/api/generated/core/v1.ts";
import { labelValueProblems } from "../../../shared/machinery/label-syntax.ts";
import { milliValue } from "../../../shared/machinery/quantity.ts";
import { claimSpecWarnings } from "../core/claim-spec.ts";
import { deprecatedNodeLabel } from "./deprecated-labels.ts";
import { APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD } from "./pod-annotations.ts";

type AnyContainer = Container | EphemeralContainer;
type Annotations = Readonly<Record<string, string>> | undefined;

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
const NO_SELECTOR = "a null labelSelector results in matching no pod";
const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
};
const OLD_VOLUMES: readonly (readonly [keyof Volume, string, string])[] = [
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
];

/** Texts for `Warning` headers about the template of a workload; `field` is where it stands. */
export function podTemplateWarnings(template: PodTemplateSpec, field: string): string[] {
  const { spec, metadata } = template;
  return spec === undefined ? [] : specWarnings(spec, metadata?.annotations, `${field}.`, true);
}

/** Texts for `Warning` headers about a new pod. */
export function podWarnings(spec: PodSpec, annotations: Annotations): string[] {
  return specWarnings(spec, annotations, "", false);
}

/** `prefix` ends in a dot, or is empty. */
function specWarnings(spec: PodSpec, annotations: Annotations, prefix: string, isTemplate: boolean): string[] {
  const at = `${prefix}spec`;
  const texts: string[] = [];
  addPlacementWarnings(spec, at, texts);
  for (const [key, why] of Object.entries(OLD_ANNOTATIONS))
    if (annotations?.[key] !== undefined) texts.push(`${prefix}metadata.annotations[${key}]: ${why}`);
  addVolumeWarnings(spec.volumes ?? [], `${at}.volumes`, texts);
  addRepeatedWarnings(spec, at, texts);
  for (const name of ["memory", "ephemeral-storage"])
    addFractionWarnings(spec.overhead?.[name], `${at}.overhead[${name}]`, texts);
  addProfileWarnings(spec, annotations, prefix, isTemplate, texts);
  for (const { container, field } of containersOf(spec, at)) addContainerWarnings(container, field, texts);
  addPortWarnings(containersOf(spec, at), texts);
  if (Number(spec.terminationGracePeriodSeconds ?? 0) < 0)
    texts.push(
      `${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  addAffinityWarnings(spec.affinity?.podAffinity, `${at}.affinity.podAffinity`, texts);
  addAffinityWarnings(spec.affinity?.podAntiAffinity, `${at}.affinity.podAntiAffinity`, texts);
  return texts;
}

interface PlacedContainer {
  readonly container: AnyContainer;
  readonly field: string;
}

function containersOf(spec: PodSpec, at: string): PlacedContainer[] {
  return (["initContainers", "containers", "ephemeralContainers"] as const).flatMap((group) =>
    (spec[group] ?? []).map((container, index) => ({ container, field: `${at}.${group}[${index}]` })),
  );
}

function addPlacementWarnings(spec: PodSpec, at: string, texts: string[]): void {
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const why = deprecatedNodeLabel(key);
    if (why !== undefined) texts.push(`${at}.nodeSelector[${key}]: ${why}`);
  }
  const affinity = spec.affinity?.nodeAffinity;
  const field = `${at}.affinity.nodeAffinity`;
  affinity?.[REQUIRED]?.nodeSelectorTerms.forEach((term, index) =>
    addTermWarnings(term, false, `${field}.${REQUIRED}.nodeSelectorTerms[${index}]`, texts),
  );
  affinity?.[PREFERRED]?.forEach(({ preference }, index) =>
    addTermWarnings(preference, true, `${field}.${PREFERRED}[${index}].preference`, texts),
  );
  spec.topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, index) => {
    const one = `${at}.topologySpreadConstraints[${index}]`;
    const why = deprecatedNodeLabel(topologyKey);
    if (why !== undefined) texts.push(`${one}.topologyKey: ${topologyKey} is ${why}`);
    if (labelSelector === undefined) texts.push(`${one}.labelSelector: ${NO_SELECTOR}`);
  });
}

function addTermWarnings(term: NodeSelectorTerm, checksValues: boolean, field: string, texts: string[]): void {
  term.matchExpressions?.forEach(({ key, values = [] }, index) => {
    const at = `${field}.matchExpressions[${index}]`;
    const why = deprecatedNodeLabel(key);
    if (why !== undefined) texts.push(`${at}.key: ${key} is ${why}`);
    if (!checksValues) return;
    values.forEach((value, position) => {
      for (const problem of labelValueProblems(value))
        texts.push(`${at}.values[${position}]: ${value} is invalid, ${problem}`);
    });
  });
}

function addVolumeWarnings(volumes: readonly Volume[], field: string, texts: string[]): void {
  volumes.forEach((volume, index) => {
    for (const [kind, shown, why] of OLD_VOLUMES)
      if (volume[kind] !== undefined) texts.push(`${field}[${index}].${shown}: ${why}`);
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
    if (claim !== undefined)
      texts.push(...claimSpecWarnings(claim, `${field}[${index}].ephemeral.volumeClaimTemplate.spec`));
  });
  addTokenPathWarnings(volumes, field, texts);
}

/** A token lies where another projection's file lies too. */
function addTokenPathWarnings(volumes: readonly Volume[], field: string, texts: string[]): void {
  const sources = volumes.flatMap(({ projected }, index) =>
    (projected?.sources ?? []).map((source) => ({ source, at: `${field}[${index}].projected.sources` })),
  );
  const tokens = new Set(sources.flatMap(({ source }) => source.serviceAccountToken?.path ?? []));
  if (tokens.size === 0) return;
  const check = (path: string, where: string): void => {
    if (tokens.has(path)) texts.push(`${where}: has duplicated path with ServiceAccountToken ${JSON.stringify(path)}`);
  };
  for (const { source, at } of sources) {
    source.configMap?.items?.forEach(({ path }, index) => check(path, `${at}.configMap[${index}]`));
    source.secret?.items?.forEach(({ path }, index) => check(path, `${at}.secrets[${index}]`));
    source.downwardAPI?.items?.forEach(({ path }, index) => check(path, `${at}.downwardAPI[${index}]`));
    if (source.clusterTrustBundle !== undefined) check(source.clusterTrustBundle.path, `${at}.ClusterTrustBundle`);
  }
}

function addRepeatedWarnings(spec: PodSpec, at: string, texts: string[]): void {
  const addresses = new Set<string>();
  spec.hostAliases?.forEach(({ ip }, index) => {
    if (addresses.has(ip)) texts.push(`${at}.hostAliases[${index}].ip: duplicate ip ${JSON.stringify(ip)}`);
    addresses.add(ip);
  });
  const names = new Set<string>();
  spec.imagePullSecrets?.forEach(({ name = "" }, index) => {
    if (names.has(name)) texts.push(`${at}.imagePullSecrets[${index}].name: duplicate name ${JSON.stringify(name)}`);
    names.add(name);
  });
  spec.imagePullSecrets?.forEach(({ name = "" }, index) => {
    if (name === "") texts.push(`${at}.imagePullSecrets[${index}].name: invalid empty name ""`);
  });
}

function addFractionWarnings(amount: string | undefined, field: string, texts: string[]): void {
  if (amount !== undefined && amount.endsWith("m") && milliValue(amount) % 1000 !== 0)
    texts.push(`${field}: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`);
}

/** Annotations in place of fields that nobody reads any more. */
function addProfileWarnings(
  spec: PodSpec,
  annotations: Annotations,
  prefix: string,
  isTemplate: boolean,
  texts: string[],
): void {
  if (annotations === undefined) return;
  const warn = (key: string, why: string): void => {
    if (annotations[key] !== undefined) texts.push(`${prefix}metadata.annotations[${key}]: ${why}`);
  };
  const seccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  if (spec.securityContext?.seccompProfile === undefined) warn(SECCOMP_POD, seccomp);
  for (const { container } of containersOf(spec, "")) {
    const { seccompProfile, appArmorProfile } = container.securityContext ?? {};
    if (seccompProfile === undefined) warn(`${SECCOMP_CONTAINER}${container.name}`, seccomp);
    if (isTemplate && (appArmorProfile ?? spec.securityContext?.appArmorProfile) === undefined)
      warn(`${APP_ARMOR}${container.name}`, 'deprecated since v1.30; use the "appArmorProfile" field instead');
  }
}

function addContainerWarnings(container: AnyContainer, field: string, texts: string[]): void {
  for (const kind of ["limits", "requests"] as const)
    for (const name of ["memory", "ephemeral-storage"])
      addFractionWarnings(container.resources?.[kind]?.[name], `${field}.resources.${kind}[${name}]`, texts);
  const names = new Set<string>();
  container.env?.forEach(({ name, value = "", valueFrom }, index) => {
    const isFirst = !names.has(name);
    names.add(name);
    const reference = `$(${name})`;
    // A second definition is fine when it builds on the first.
    if (isFirst || (valueFrom === undefined && value !== reference && value.includes(reference))) return;
    texts.push(
      `${field}.env[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
    );
  });
}

interface PlacedPort {
  readonly port: ContainerPort;
  readonly field: string;
}

function addPortWarnings(containers: readonly PlacedContainer[], texts: string[]): void {
  const known = new Map<string, PlacedPort[]>();
  for (const { container, field } of containers) {
    container.ports?.forEach((port, index) => {
      const at = `${field}.ports[${index}]`;
      if ((port.hostIP ?? "") !== "" && (port.hostPort ?? 0) === 0)
        texts.push(`${at}: hostIP set without hostPort: ${goPort(port)}`);
      const key = `${port.containerPort}/${port.protocol}`;
      const others = known.get(key) ?? [];
      for (const other of others) {
        const clash = clashOf(port, other.port);
        if (clash !== undefined) texts.push(`${at}: ${clash} with ${other.field}`);
      }
      known.set(key, [...others, { port, field: at }]);
    });
  }
}

function clashOf(one: ContainerPort, other: ContainerPort): string | undefined {
  const [ip, otherIp] = [one.hostIP ?? "", other.hostIP ?? ""];
  const [port, otherPort] = [one.hostPort ?? 0, other.hostPort ?? 0];
  if (ip === otherIp && port === otherPort) return "duplicate port definition";
  if (port === 0 || otherPort === 0) return "overlapping port definition";
  return port === otherPort && (ip === "") !== (otherIp === "") ? "dangerously ambiguous port definition" : undefined;
}

/** As Go prints the struct. */
function goPort({ name = "", hostPort = 0, containerPort, protocol = "", hostIP = "" }: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}

function addAffinityWarnings(affinity: PodAffinity | undefined, field: string, texts: string[]): void {
  affinity?.[REQUIRED]?.forEach(({ labelSelector }, index) => {
    if (labelSelector === undefined) texts.push(`${field}.${REQUIRED}[${index}].labelSelector: ${NO_SELECTOR}`);
  });
  affinity?.[PREFERRED]?.forEach(({ podAffinityTerm }, index) => {
    if (podAffinityTerm.labelSelector === undefined)
      texts.push(`${field}.${PREFERRED}[${index}].podAffinityTerm.labelSelector: ${NO_SELECTOR}`);
  });
}
