import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { healthRequest, probeGrpc } from "./grpc-health.ts";

let server: Http2Server | undefined;
afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

/** A server that answers every check with `status`. */
async function serve(status: number, code = "0"): Promise<number> {
  server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": code }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, status]));
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", () => resolve()));
  const address = listening.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("probeGrpc", () => {
  it("succeeds for a service that serves", async () => {
    expect(await probeGrpc("127.0.0.1", await serve(1), "", 1000)).toMatchObject({ isSuccess: true });
  });

  it("fails for one that does not, and for a server without health checks", async () => {
    expect(await probeGrpc("127.0.0.1", await serve(2), "web", 1000)).toEqual({
      isSuccess: false,
      output: 'service unhealthy (responded with "NOT_SERVING")',
    });
    server?.close();
    expect((await probeGrpc("127.0.0.1", await serve(0, "12"), "", 1000)).output).toContain("does not implement");
  });

  it("fails when nobody listens", async () => {
    const answer = await probeGrpc("127.0.0.1", 1, "", 1000);
    expect(answer).toEqual({
      isSuccess: false,
      output: 'timeout: failed to connect service "127.0.0.1:1" within 1s: context deadline exceeded',
    });
  });

  it("names the service in field 1", () => {
    expect([...healthRequest("ab")]).toEqual([0, 0, 0, 0, 4, 0x0a, 2, 97, 98]);
  });
});
