/**
 * A pod from a file on this node: pure but for the hash. Upstream: `pkg/kubelet/config/common.go` applyDefaults and
 * tryDecodeSinglePod. Different: of the API's defaults only those are set that the kubelet reads.
 */
import { createHash } from "node:crypto";
import { parse } from "yaml";
import type { Container, Pod } from "../../shared/api/generated/core/v1.ts";

export const HASH_ANNOTATION = "kubernetes.io/config.hash";
export const SOURCE_ANNOTATION = "kubernetes.io/config.source";
const SEEN_ANNOTATION = "kubernetes.io/config.seen";
export const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

export function isStaticPod({ metadata }: Pod): boolean {
  const source = metadata.annotations?.[SOURCE_ANNOTATION];
  return source !== undefined && source !== "api" && !isMirrorPod({ metadata });
}

/** What the API shows in the place of a static pod. */
export function isMirrorPod({ metadata }: Pick<Pod, "metadata">): boolean {
  return metadata.annotations?.[MIRROR_ANNOTATION] !== undefined;
}

export interface StaticPodOrigin {
  readonly file: string;
  readonly nodeName: string;
  /** When the file was first seen like this, RFC 3339. */
  readonly seenAt: string;
}

/** Throws when the text is not a pod. The same file with another content is another pod: it gets another uid. */
export function staticPod(text: string, { file, nodeName, seenAt }: StaticPodOrigin): Pod {
  const value: unknown = parse(text);
  if (!isPod(value)) throw new Error("not a Pod of v1 with metadata.name and spec.containers");
  const uid = createHash("md5")
    .update(JSON.stringify([nodeName, file, text]))
    .digest("hex");
  const { metadata, spec } = value;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadata,
      name: `${metadata.name}-${nodeName}`,
      namespace: metadata.namespace ?? "default",
      uid,
      annotations: {
        ...metadata.annotations,
        [HASH_ANNOTATION]: uid,
        [SEEN_ANNOTATION]: seenAt,
        [SOURCE_ANNOTATION]: "file",
      },
    },
    spec: {
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
      ...spec,
      nodeName,
      containers: spec.containers.map(withDefaults),
      ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(withDefaults) }),
      tolerations: [...(spec.tolerations ?? []), { operator: "Exists", effect: "NoExecute" }],
    },
    status: { phase: "Pending" },
  };
}

function withDefaults(container: Container): Container {
  const tag = /:([^/@:]+)$/.exec(container.image ?? "")?.[1];
  const isFixed = (container.image ?? "").includes("@") || (tag !== undefined && tag !== "latest");
  return { imagePullPolicy: isFixed ? "IfNotPresent" : "Always", ...container };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPod(value: unknown): value is Pod {
  if (!isObject(value) || value["kind"] !== "Pod" || value["apiVersion"] !== "v1") return false;
  const { metadata, spec } = value;
  if (!isObject(metadata) || typeof metadata["name"] !== "string" || metadata["name"] === "") return false;
  if (!isObject(spec) || !Array.isArray(spec["containers"]) || spec["containers"].length === 0) return false;
  return spec["containers"].every((container) => isObject(container) && typeof container["name"] === "string");
}
