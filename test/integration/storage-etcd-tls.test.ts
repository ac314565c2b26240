import { jest } from "@jest/globals";
import { openEtcdStorage } from "../../apiserver/storage/etcd/etcd-storage.ts";
import type { Storage } from "../../apiserver/storage/storage.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { type CertificateKeyPair, createCertificateAuthority, issueCertificate } from "../../shared/process/pki.ts";
import { type RunningEtcd, startEtcd } from "../support/etcd.ts";

// A real daemon, on a machine that is busy with other suites.
const SUITE_MS_MAX = 60_000;
jest.setTimeout(SUITE_MS_MAX);

let authority: CertificateKeyPair;
const running: RunningEtcd[] = [];
beforeAll(async () => {
  authority = await createCertificateAuthority("etcd-ca");
});
afterEach(() => Promise.all(running.splice(0).map((etcd) => etcd.stop())));

/** The store on an etcd whose certificate is for that address, reached as 127.0.0.1. */
async function openTo(ipAddress: string): Promise<Storage> {
  const etcd = await startEtcd(
    await issueCertificate(authority, { commonName: "etcd", ipAddresses: [ipAddress], usages: ["server"] }),
  );
  running.push(etcd);
  const tls = { ca: Buffer.from(authority.certificate) };
  return openEtcdStorage({ servers: [etcd.url], tls, clock: systemClock, logger: silentLogger });
}

describe("an etcd behind TLS", () => {
  it("is reached by its address", async () => {
    const storage = await openTo("127.0.0.1");
    await storage.checkHealth();
    expect(await storage.currentRevision()).toBeGreaterThan(0);
    await storage.close();
  });

  it("is refused when its certificate is for another address", async () => {
    const storage = await openTo("192.0.2.7");
    await expect(storage.currentRevision()).rejects.toThrow();
    await storage.close();
  });
});
