import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { silentLogger } from "../../shared/process/logger.ts";
import { createCertificateAuthority, issueCertificate } from "../../shared/process/pki.ts";
import { createCertificateRequest } from "../../shared/process/certificate-request.ts";
import { requestedNames, signCertificateRequest } from "../../shared/process/certificate-signer.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { until } from "../../test/support/until.ts";
import { CertificateFile } from "./certificate-file.ts";
import { CertificateKeeper } from "./certificate-keeper.ts";
import { isExpired, rotationMs } from "./plan-rotation.ts";

const HOUR_MS = 3_600_000;

describe("the moment of a rotation", () => {
  it("is between 70 and 90 percent of the certificate's life", () => {
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.integer({ min: 10, max: 1e9 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (from, life, random) => {
          const at = rotationMs({ fromMs: from, untilMs: from + life }, random);
          expect(at).toBeGreaterThanOrEqual(from + Math.floor(life * 0.7));
          expect(at).toBeLessThanOrEqual(from + life * 0.9);
        },
      ),
    );
    expect(isExpired({ fromMs: 0, untilMs: 10 }, 10)).toBe(true);
    expect(isExpired({ fromMs: 0, untilMs: 10 }, 9)).toBe(false);
  });
});

describe("a certificate request", () => {
  it("asks for the names of the node, with a key that fits the certificate", async () => {
    const { request, key } = await createCertificateRequest({
      commonName: "system:node:n",
      organizations: ["system:nodes"],
      dnsNames: ["n"],
      ipAddresses: ["192.0.2.1"],
    });
    const base64 = Buffer.from(request).toString("base64");
    expect(requestedNames(base64)).toMatchObject({
      commonName: "system:node:n",
      organizations: ["system:nodes"],
      dnsNames: ["n"],
      ipAddresses: ["192.0.2.1"],
    });
    const authority = await createCertificateAuthority("ca");
    const terms = { usages: ["digital signature", "server auth"], lifetimeMs: HOUR_MS, nowMs: Date.now() };
    const certificate = new X509Certificate(await signCertificateRequest(authority, base64, terms));
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  });
});

describe("certificates on disk", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kubernode-certificates-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const issue = async (name: string) => {
    const authority = await createCertificateAuthority("ca");
    return issueCertificate(authority, { commonName: name, usages: ["client"], lifetimeMs: HOUR_MS });
  };

  it("are found again, readable by nobody else, and only the last ones are kept", async () => {
    const file = new CertificateFile(folder, "kubelet-client");
    expect(file.read()).toBeUndefined();
    for (const [index, name] of ["one", "two", "three"].entries()) {
      const { certificate, key } = await issue(name);
      file.write(certificate, key, Date.now() + index * 1000);
    }
    expect(new X509Certificate(file.read()?.certificate ?? "").subject).toBe("CN=three");
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toHaveLength(3);
    expect(readFileSync(file.path, "utf8")).toContain("PRIVATE KEY");
  });

  it("count as missing when they are garbage", () => {
    const file = new CertificateFile(folder, "kubelet-client");
    for (const text of ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
      writeFileSync(file.path, text);
      expect(file.read()).toBeUndefined();
    }
  });

  it("are asked for until the cluster signs, used at once, and replaced before they end", async () => {
    const file = new CertificateFile(folder, "kubelet-server");
    const clock = new ManualClock(Date.now());
    const stopping = new AbortController();
    const used: string[] = [];
    let refusals = 2;
    let serial = 0;
    const keeper = new CertificateKeeper({
      name: "kubelet-server",
      file,
      clock,
      logger: silentLogger,
      request: async () => {
        if (refusals-- > 0) throw new Error("not yet");
        return issue(`c${serial++}`);
      },
      onCertificate: ({ certificate }) => used.push(new X509Certificate(certificate).subject),
    });
    const running = keeper.run(stopping.signal);
    await until(async () => {
      await clock.advance(2000);
      return used.length === 1;
    });
    expect(used).toEqual(["CN=c0"]);
    await clock.advance(HOUR_MS / 2);
    expect(used).toHaveLength(1);
    await until(async () => {
      await clock.advance(HOUR_MS / 10);
      return used.length > 1;
    });
    expect(used[1]).toBe("CN=c1");
    stopping.abort();
    await running;
    const again = new CertificateKeeper({
      name: "kubelet-server",
      file,
      clock: new ManualClock(Date.now()),
      logger: silentLogger,
      request: () => Promise.reject(new Error("nobody asks")),
      onCertificate: ({ certificate }) => used.push(new X509Certificate(certificate).subject),
    });
    const stoppingAgain = new AbortController();
    const runningAgain = again.run(stoppingAgain.signal);
    expect(used.at(-1)).toBe(used.at(-2));
    stoppingAgain.abort();
    await runningAgain;
  });
});
