/** The Kubernetes release whose API we serve, and our own version in upstream's format. */
export const KUBERNETES_MAJOR = "1";
export const KUBERNETES_MINOR = "36";
export const KUBERNODE_VERSION = "0.1.0";
export const GIT_VERSION = `v1.36.0+kubernode-${KUBERNODE_VERSION}`;
