import { systemClock } from "../../shared/process/clock.ts";
import { serviceCIDRs } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";
import { reconcileServiceRange } from "./service-range.ts";

const NAME = { name: "kubernetes" };
const RANGE = "10.96.0.0/16";
const SECOND = "fd00:10:96::/112";

describe("the ServiceCIDR of every cluster", () => {
  let api: TestApiServer;
  const reconcile = (...serviceRanges: string[]): Promise<void> =>
    reconcileServiceRange({ registry: api.server.registry, clock: systemClock, serviceRanges });

  beforeAll(async () => {
    api = await startTestApiServer();
  });
  afterAll(() => api.stop());

  it("is there and ready when the server is", async () => {
    const range = await api.client.get(serviceCIDRs, NAME);
    expect(range).toMatchObject({
      spec: { cidrs: [RANGE] },
      status: {
        conditions: [{ type: "Ready", status: "True", message: "Kubernetes default Service CIDR is ready" }],
      },
    });
    await reconcile(RANGE);
    const again = await api.client.get(serviceCIDRs, NAME);
    expect(again.metadata.resourceVersion).toBe(range.metadata.resourceVersion);
  });

  it("is not changed to another range, and gets a second family", async () => {
    await reconcile("10.97.0.0/16");
    expect((await api.client.get(serviceCIDRs, NAME)).spec.cidrs).toEqual([RANGE]);
    await reconcile(RANGE, SECOND);
    expect((await api.client.get(serviceCIDRs, NAME)).spec.cidrs).toEqual([RANGE, SECOND]);
    await reconcile(RANGE);
    expect((await api.client.get(serviceCIDRs, NAME)).spec.cidrs).toEqual([RANGE, SECOND]);
  });

  it("comes back when it is deleted, and stays unready when somebody says so", async () => {
    await api.client.delete(serviceCIDRs, NAME);
    await reconcile(RANGE);
    const range = await api.client.get(serviceCIDRs, NAME);
    const conditions = [
      { type: "Ready", status: "False", reason: "Mine", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
    ];
    await api.client.updateStatus(serviceCIDRs, { ...range, status: { conditions } });
    await reconcile(RANGE);
    expect((await api.client.get(serviceCIDRs, NAME)).status).toMatchObject({ conditions: [{ reason: "Mine" }] });
  });
});
