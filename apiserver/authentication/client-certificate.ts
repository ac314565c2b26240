/**
 * Users from client certificates (apiserver `pkg/authentication/request/x509`): CN is the name, each O a group. The
 * TLS server asks for a certificate and checks its chain against `--client-ca-file` (`requestCert: true`,
 * `rejectUnauthorized: false`); whether that went well is read from the socket here.
 */
import type { X509Certificate } from "node:crypto";
import { TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import { ALL_AUTHENTICATED, type UserInfo } from "./user.ts";

export type CertificateIdentity =
  | { readonly kind: "none" }
  /** A certificate that no CA of ours vouches for, or that names nobody. */
  | { readonly kind: "rejected" }
  | { readonly kind: "user"; readonly user: UserInfo; readonly notAfterMs: number };

const NONE: CertificateIdentity = { kind: "none" };
const REJECTED: CertificateIdentity = { kind: "rejected" };

/** A connection shows one certificate for as long as it lives. */
const identities = new WeakMap<Socket, CertificateIdentity>();

function valuesOf(attribute: string | string[] | undefined): string[] {
  if (attribute === undefined) return [];
  return Array.isArray(attribute) ? attribute : [attribute];
}

/** The user that a certificate stands for; nothing when it has no common name. */
export function userOfCertificate(certificate: X509Certificate): UserInfo | undefined {
  const { subject } = certificate.toLegacyObject();
  const name = valuesOf(subject.CN).at(-1);
  if (name === undefined || name === "") return undefined;
  const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  return {
    name,
    uid: "",
    groups: [...valuesOf(subject.O), ALL_AUTHENTICATED],
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
  };
}

function identify(socket: TLSSocket): CertificateIdentity {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return NONE;
  const user = socket.authorized ? userOfCertificate(certificate) : undefined;
  if (user === undefined) return REJECTED;
  return { kind: "user", user, notAfterMs: certificate.validToDate.getTime() };
}

/** Who is at the other end of a connection, as far as its certificate tells. */
export function certificateIdentity(socket: Socket): CertificateIdentity {
  if (!(socket instanceof TLSSocket)) return NONE;
  let identity = identities.get(socket);
  if (identity === undefined) {
    identity = identify(socket);
    identities.set(socket, identity);
  }
  return identity;
}
