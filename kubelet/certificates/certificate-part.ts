/** Certificates that the node gets for itself while it runs: for its calls of the API, and for its own server. */
import type { KubeletBase } from "../kubelet-base.ts";
import type { KubeletServer } from "../server/kubelet-server.ts";
import { clientWish } from "./bootstrap.ts";
import { CertificateFile } from "./certificate-file.ts";
import { CertificateKeeper } from "./certificate-keeper.ts";
import { type CertificateWish, requestCertificate } from "./request-certificate.ts";

function servingWish(nodeName: string, hostIps: readonly string[]): CertificateWish {
  return {
    subject: {
      commonName: `system:node:${nodeName}`,
      organizations: ["system:nodes"],
      dnsNames: [nodeName],
      ipAddresses: hostIps,
    },
    signerName: "kubernetes.io/kubelet-serving",
    usages: ["digital signature", "server auth"],
  };
}

/** Does nothing that the configuration does not ask for. */
export function createCertificatePart(
  base: KubeletBase,
  server: Pick<KubeletServer, "useCertificate">,
): { run(): Promise<void> } {
  const { options, client, clock, logger, signal, hostIps } = base;
  const { rotateCertificates, serverTLSBootstrap } = options.configuration;
  const keeper = (name: string, wish: CertificateWish, use: (cert: string, key: string) => void): CertificateKeeper =>
    new CertificateKeeper({
      name,
      file: new CertificateFile(options.certDir, name),
      clock,
      logger,
      request: (until) => requestCertificate(client, wish, clock, until),
      onCertificate: ({ certificate, key }) => use(certificate, key),
    });
  const keepers = [
    ...(rotateCertificates
      ? [keeper("kubelet-client", clientWish(options.nodeName), (cert, key) => base.useClientCertificate(cert, key))]
      : []),
    // A serving certificate that was given by file is not touched.
    ...(serverTLSBootstrap && options.tlsCertFile === ""
      ? [
          keeper("kubelet-server", servingWish(options.nodeName, hostIps), (cert, key) =>
            server.useCertificate(cert, key),
          ),
        ]
      : []),
  ];
  return {
    run: async () => {
      await Promise.all(keepers.map((one) => one.run(signal)));
    },
  };
}
