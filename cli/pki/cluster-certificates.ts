/**
 * The cluster's certificates on disk, in kubeadm's layout (`pki/NAME.crt`, `pki/NAME.key`). What is there and still
 * good is kept; what ends soon, or does not name the machine's present addresses, is signed anew.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CertificateKeyPair,
  createCertificateAuthority,
  createServiceAccountKey,
  isCertificateUsable,
  issueCertificate,
  type LeafOptions,
} from "../../shared/process/pki.ts";
import { CLUSTER_DOMAIN, type Cluster } from "../cluster/cluster.ts";
import { DRIVER_USER } from "../storage/storage-objects.ts";

/**
 * etcd has an authority of its own: who may speak to the API must not for that alone reach the store. So have front
 * proxies: their certificates let them speak for anybody.
 */
type AuthorityName = "ca" | "etcd-ca" | "front-proxy-ca";

type Leaf = LeafOptions & { readonly file: string; readonly signedBy?: AuthorityName };

/** True when the cluster runs an etcd of its own. */
export const hasOwnEtcd = ({ store }: Pick<Cluster, "store">): boolean =>
  store.kind === "etcd" && store.servers.length === 0;

const ETCD_LEAVES: readonly Leaf[] = [
  {
    file: "etcd-server",
    signedBy: "etcd-ca",
    commonName: "kube-etcd",
    usages: ["server", "client"],
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1", "::1"],
  },
  {
    file: "apiserver-etcd-client",
    signedBy: "etcd-ca",
    commonName: "kube-apiserver-etcd-client",
    usages: ["client"],
  },
];

/** Every certificate of the cluster; a client's organizations are its groups. */
export function leafCertificates(cluster: Cluster, nodeIp: string): Leaf[] {
  const client = (file: string, commonName: string, ...organizations: string[]): Leaf => ({
    file,
    commonName,
    organizations,
    usages: ["client"],
  });
  // Without one they make their own at every start, and the library for that then stays in their memory.
  const local = (file: string, commonName: string): Leaf => ({
    file,
    commonName,
    usages: ["server"],
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
  });
  return [
    {
      file: "apiserver",
      commonName: "kube-apiserver",
      usages: ["server"],
      dnsNames: [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
        "localhost",
        "host.docker.internal",
        cluster.nodeName,
      ],
      ipAddresses: ["127.0.0.1", "::1", cluster.apiServiceIp, nodeIp],
    },
    {
      file: "kubelet",
      commonName: `system:node:${cluster.nodeName}`,
      organizations: ["system:nodes"],
      usages: ["server"],
      dnsNames: [cluster.nodeName, "localhost"],
      ipAddresses: [nodeIp, "127.0.0.1", "::1"],
    },
    { ...client("front-proxy-client", "front-proxy-client"), signedBy: "front-proxy-ca" },
    client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
    client("admin", "kubernetes-admin", "system:masters"),
    client("controller-manager", "system:kube-controller-manager"),
    client("scheduler", "system:kube-scheduler"),
    client("kubelet-client", `system:node:${cluster.nodeName}`, "system:nodes"),
    client("kube-proxy", "system:kube-proxy"),
    client("csi-hostpath", DRIVER_USER),
    local("controller-manager-server", "kube-controller-manager"),
    local("scheduler-server", "kube-scheduler"),
    ...(hasOwnEtcd(cluster) ? ETCD_LEAVES : []),
  ];
}

const paths = (cluster: Cluster, file: string): { certificate: string; key: string } => ({
  certificate: join(cluster.pkiDir, `${file}.crt`),
  key: join(cluster.pkiDir, `${file}.key`),
});

/** Throws when the pair is not there. */
export function readCertificate(cluster: Cluster, file: string): CertificateKeyPair {
  const { certificate, key } = paths(cluster, file);
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
}

export const authorityPath = (cluster: Cluster): string => paths(cluster, "ca").certificate;

function writePrivately(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function writeCertificate(cluster: Cluster, file: string, pair: CertificateKeyPair): void {
  const { certificate, key } = paths(cluster, file);
  // The key first: a certificate on disk always has its key beside it.
  writePrivately(key, pair.key);
  writePrivately(certificate, pair.certificate);
  chmodSync(certificate, 0o644);
}

function has(cluster: Cluster, file: string): boolean {
  const { certificate, key } = paths(cluster, file);
  return existsSync(certificate) && existsSync(key);
}

async function ensureAuthority(cluster: Cluster, file: AuthorityName, commonName: string): Promise<CertificateKeyPair> {
  if (has(cluster, file)) return readCertificate(cluster, file);
  const authority = await createCertificateAuthority(commonName);
  writeCertificate(cluster, file, authority);
  return authority;
}

async function ensureServiceAccountKey(cluster: Cluster): Promise<boolean> {
  const [privatePath, publicPath] = [join(cluster.pkiDir, "sa.key"), join(cluster.pkiDir, "sa.pub")];
  if (existsSync(privatePath) && existsSync(publicPath)) return false;
  const key = await createServiceAccountKey();
  writePrivately(publicPath, key.publicKey);
  writePrivately(privatePath, key.privateKey);
  return true;
}

async function ensureLeaf(cluster: Cluster, authority: CertificateKeyPair, leaf: Leaf): Promise<boolean> {
  const hosts = [...(leaf.dnsNames ?? []), ...(leaf.ipAddresses ?? [])];
  if (has(cluster, leaf.file)) {
    const { certificate } = readCertificate(cluster, leaf.file);
    if (isCertificateUsable(certificate, authority.certificate, hosts, Date.now())) return false;
  }
  writeCertificate(cluster, leaf.file, await issueCertificate(authority, leaf));
  return true;
}

/** Makes what is missing; resolves to how many files were made. */
export async function ensureCertificates(cluster: Cluster, nodeIp: string): Promise<number> {
  mkdirSync(cluster.pkiDir, { recursive: true, mode: 0o700 });
  const authority = await ensureAuthority(cluster, "ca", "kubernetes");
  const authorities: Record<AuthorityName, CertificateKeyPair> = {
    ca: authority,
    "etcd-ca": hasOwnEtcd(cluster) ? await ensureAuthority(cluster, "etcd-ca", "etcd-ca") : authority,
    "front-proxy-ca": await ensureAuthority(cluster, "front-proxy-ca", "front-proxy-ca"),
  };
  const made = await Promise.all([
    ensureServiceAccountKey(cluster),
    ...leafCertificates(cluster, nodeIp).map((leaf) => ensureLeaf(cluster, authorities[leaf.signedBy ?? "ca"], leaf)),
  ]);
  return made.filter(Boolean).length;
}
