/**
 * Users from client certificates (apiserver `pkg/authentication/request/x509`): CN is the name, each O a group. The
 * TLS server asks for a certificate and checks its chain against all authorities that it knows (`requestCert: true`,
 * `rejectUnauthorized: false`); whether that went well is read from the socket here, and which authority it was.
 */
import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ALL_AUTHENTICATED, type UserInfo } from "./user.ts";

export type CertificateIdentity =
  | { readonly kind: "none" }
  /** A certificate that no CA of ours vouches for, or that names nobody. */
  | { readonly kind: "rejected" }
  | { readonly kind: "user"; readonly user: UserInfo; readonly notAfterMs: number }
  /** A certificate of the front proxies' authority: a user by itself only when the users' one signed it as well. */
  | {
      readonly kind: "proxy";
      readonly commonName: string;
      readonly user: UserInfo | undefined;
      readonly notAfterMs: number;
    };

/** PEM of the authorities; with one of them only, that one vouches for every certificate that TLS accepts. */
export interface ClientAuthorities {
  readonly users: string | undefined;
  readonly frontProxies: string | undefined;
}

const NONE: CertificateIdentity = { kind: "none" };
const REJECTED: CertificateIdentity = { kind: "rejected" };
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/gu;
/** Longer chains of intermediates are not followed. */
const CHAIN_LENGTH_MAX = 8;

function valuesOf(attribute: string | string[] | undefined): string[] {
  if (attribute === undefined) return [];
  return Array.isArray(attribute) ? attribute : [attribute];
}

function commonNameOf(certificate: X509Certificate): string {
  return valuesOf(certificate.toLegacyObject().subject.CN).at(-1) ?? "";
}

/** The user that a certificate stands for; nothing when it has no common name. */
function userOfCertificate(certificate: X509Certificate): UserInfo | undefined {
  const name = commonNameOf(certificate);
  if (name === "") return undefined;
  const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  return {
    name,
    uid: "",
    groups: [...valuesOf(certificate.toLegacyObject().subject.O), ALL_AUTHENTICATED],
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
  };
}

function readAuthorities(pem: string | undefined): X509Certificate[] {
  return [...(pem ?? "").matchAll(PEM_CERTIFICATE)].map(([block]) => new X509Certificate(block));
}

/** Whether one of the authorities signed it, or an intermediate that came with it. */
function isSignedBy(authorities: readonly X509Certificate[], certificate: X509Certificate): boolean {
  let current: X509Certificate | undefined = certificate;
  for (let length = 0; current !== undefined && length < CHAIN_LENGTH_MAX; length += 1) {
    const link: X509Certificate = current;
    if (authorities.some((one) => link.checkIssued(one) && link.verify(one.publicKey))) return true;
    const issuer: X509Certificate | undefined = link.issuerCertificate;
    current = issuer !== undefined && link.verify(issuer.publicKey) ? issuer : undefined;
  }
  return false;
}

/** Who is at the other end of a connection, as far as its certificate tells. */
export function createCertificateReader(authorities: ClientAuthorities): (socket: Socket) => CertificateIdentity {
  const [users, proxies] = [readAuthorities(authorities.users), readAuthorities(authorities.frontProxies)];
  /** A connection shows one certificate for as long as it lives. */
  const identities = new WeakMap<Socket, CertificateIdentity>();

  const identify = (socket: TLSSocket): CertificateIdentity => {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return NONE;
    if (!socket.authorized) return REJECTED;
    const notAfterMs = certificate.validToDate.getTime();
    // With one authority only, TLS has checked already that it was this one.
    const isUser = proxies.length === 0 || isSignedBy(users, certificate);
    const user = isUser ? userOfCertificate(certificate) : undefined;
    if (proxies.length > 0 && isSignedBy(proxies, certificate)) {
      return { kind: "proxy", commonName: commonNameOf(certificate), user, notAfterMs };
    }
    return user === undefined ? REJECTED : { kind: "user", user, notAfterMs };
  };

  return (socket) => {
    if (!(socket instanceof TLSSocket)) return NONE;
    let identity = identities.get(socket);
    if (identity === undefined) {
      identity = identify(socket);
      identities.set(socket, identity);
    }
    return identity;
  };
}
