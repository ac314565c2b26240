import { podTemplateHash, safeEncode } from "./template-hash.ts";

describe("the pod template hash", () => {
  const template = {
    metadata: { labels: { app: "web", tier: "front" } },
    spec: { containers: [{ name: "c", image: "i:1" }] },
  };

  it("is the same for the same meaning, whatever the order of fields", () => {
    const other = {
      spec: { containers: [{ image: "i:1", name: "c", command: undefined }] },
      metadata: { labels: { tier: "front", app: "web" } },
    };
    expect(podTemplateHash(other)).toBe(podTemplateHash(template));
  });

  it("changes with the template and with the collision count", () => {
    const changed = { ...template, spec: { containers: [{ name: "c", image: "i:2" }] } };
    const hashes = [
      podTemplateHash(template),
      podTemplateHash(changed),
      podTemplateHash(template, 0),
      podTemplateHash(template, 1),
    ];
    expect(new Set(hashes).size).toBe(4);
  });

  it("uses upstream's safe alphabet only", () => {
    expect(safeEncode("0123456789")).toBe("456789bcdf");
    expect(podTemplateHash(template)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  });
});
