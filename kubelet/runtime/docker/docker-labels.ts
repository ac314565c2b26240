/**
 * What of a pod is kept in Docker's labels: Docker has no annotations, so those become labels with a prefix. Names are
 * those that dockershim and cri-dockerd use, so that tools recognise the containers. Pure.
 */
export const TYPE_LABEL = "io.kubernetes.docker.type";
export const SANDBOX_ID_LABEL = "io.kubernetes.sandbox.id";
export const LOG_PATH_LABEL = "io.kubernetes.container.logpath";
export const ATTEMPT_LABEL = "io.kubernetes.docker.attempt";
/** Image as the pod names it; the Engine only keeps what it was resolved to. */
export const IMAGE_LABEL = "io.kubernetes.docker.image";
const ANNOTATION_PREFIX = "annotation.";

export type ContainerType = "podsandbox" | "container";

type Texts = Readonly<Record<string, string>>;

export function packLabels(type: ContainerType, labels: Texts, annotations: Texts, own: Texts): Texts {
  const packed: Record<string, string> = { ...labels };
  for (const [key, value] of Object.entries(annotations)) packed[`${ANNOTATION_PREFIX}${key}`] = value;
  return { ...packed, ...own, [TYPE_LABEL]: type };
}

const OWN = new Set([TYPE_LABEL, SANDBOX_ID_LABEL, LOG_PATH_LABEL, ATTEMPT_LABEL, IMAGE_LABEL]);

export function unpackLabels(packed: Texts): { labels: Texts; annotations: Texts } {
  const labels: Record<string, string> = {};
  const annotations: Record<string, string> = {};
  for (const [key, value] of Object.entries(packed)) {
    if (key.startsWith(ANNOTATION_PREFIX)) annotations[key.slice(ANNOTATION_PREFIX.length)] = value;
    else if (!OWN.has(key)) labels[key] = value;
  }
  return { labels, annotations };
}

/** Filter of the Engine's lists and events for what a kubelet made. */
export const OUR_CONTAINERS: readonly string[] = [TYPE_LABEL];
