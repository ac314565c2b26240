import { createMetrics } from "./metrics.ts";
import { type SideServer, startSideServer } from "./side-server.ts";

describe("startSideServer", () => {
  let server: SideServer;
  let failure: Error | undefined;
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, text: await response.text() };
  };

  beforeAll(async () => {
    const check = () => {
      if (failure !== undefined) throw failure;
    };
    server = await startSideServer({
      host: "127.0.0.1",
      port: 0,
      registry: createMetrics("kube-test"),
      checks: [{ name: "leaderElection", check }],
      extend: (app) => app.get("/extra", (_request, response) => void response.send("more")),
    });
  });
  afterAll(() => server.close());

  it("answers ok, and every check by name when asked verbosely", async () => {
    expect(await get("/healthz")).toEqual({ status: 200, text: "ok" });
    expect(await get("/readyz?verbose")).toEqual({
      status: 200,
      text: "[+]ping ok\n[+]leaderElection ok\nreadyz check passed\n",
    });
  });

  it("answers 500 and withholds the reason when a check fails", async () => {
    failure = new Error("secret reason");
    const answer = await get("/livez");
    failure = undefined;
    expect(answer.status).toBe(500);
    expect(answer.text).toContain("[-]leaderElection failed: reason withheld");
    expect(answer.text).not.toContain("secret");
  });

  it("serves process metrics and the build info", async () => {
    const { text } = await get("/metrics");
    expect(text).toContain("process_cpu_seconds_total");
    expect(text).toMatch(/kubernetes_build_info\{major="1",minor="36",.*component="kube-test"\} 1/);
    expect(text).toContain("go_goroutines");
  });

  it("serves the component's own routes", async () => {
    expect((await get("/extra")).text).toBe("more");
  });
});
