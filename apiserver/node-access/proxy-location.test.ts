import type { Pod, Service } from "../../shared/api/generated/core/v1.ts";
import type { EndpointSlice } from "../../shared/api/generated/discovery/v1.ts";
import { parseProxiedName, podLocation, serviceLocation } from "./proxy-location.ts";

const pod = (ip: string, port?: number): Pod => ({
  metadata: { name: "p" },
  spec: { containers: [{ name: "c", ...(port === undefined ? {} : { ports: [{ containerPort: port }] }) }] },
  status: { podIPs: [{ ip }] },
});
const service: Service = {
  metadata: { name: "web" },
  spec: {
    ports: [
      { name: "http", port: 80, targetPort: 8080 },
      { name: "admin", port: 81, targetPort: 9090 },
    ],
  },
};
const slice = (addresses: readonly string[], ready = true): EndpointSlice => ({
  metadata: { name: "web-1" },
  addressType: "IPv4",
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready } })),
  ports: [
    { name: "http", port: 8080 },
    { name: "admin", port: 9090 },
  ],
});
const toService = (slices: readonly EndpointSlice[], text: string, pick = 0) =>
  serviceLocation(service, slices, parseProxiedName("service", text), text, pick);

describe("the name of a proxied object", () => {
  it("may have a scheme and a port", () => {
    expect(["a", "a:80", "https:a:", ":a:http"].map((text) => parseProxiedName("pod", text))).toEqual([
      { scheme: "http", name: "a", port: "" },
      { scheme: "http", name: "a", port: "80" },
      { scheme: "https", name: "a", port: "" },
      { scheme: "http", name: "a", port: "http" },
    ]);
  });

  it.each(["a:b:c", "ftp:a:1", ":80", "http::1", "a:1:2:3"])("is refused as %s", (text) => {
    expect(() => parseProxiedName("service", text)).toThrow(`invalid service request "${text}"`);
  });
});

describe("a proxied pod", () => {
  it("is reached at its first declared port, or at that of the URL", () => {
    expect(podLocation(pod("10.0.0.9", 8080), parseProxiedName("pod", "p"))).toEqual({
      scheme: "http",
      host: "10.0.0.9",
      port: 8080,
    });
    expect(podLocation(pod("10.0.0.9", 8080), parseProxiedName("pod", "p:81")).port).toBe(81);
    expect(podLocation(pod("10.0.0.9"), parseProxiedName("pod", "https:p:")).port).toBe(443);
  });

  it.each(["127.0.0.1", "169.254.1.1", "::1", "fe80::1", "0.0.0.0", ""])("is not reached at %s", (ip) => {
    expect(() => podLocation(pod(ip), parseProxiedName("pod", "p"))).toThrow("address not allowed");
  });
});

describe("a proxied service", () => {
  it("leads to the port of a ready endpoint, by the port's name or number", () => {
    const slices = [slice(["10.0.0.1"], false), slice(["10.0.0.2", "10.0.0.3"])];
    expect(toService(slices, "web:http")).toEqual({ scheme: "http", host: "10.0.0.2", port: 8080 });
    expect(toService(slices, "https:web:81", 0.9)).toEqual({ scheme: "https", host: "10.0.0.3", port: 9090 });
  });

  it("answers 503 as upstream when nobody is there", () => {
    expect(() => toService([], "web:http")).toThrow('no endpoints available for service "web:http"');
    expect(() => toService([slice(["10.0.0.1"], false)], "web:80")).toThrow(
      'no endpoints available for service "web:80"',
    );
    expect(() => toService([], "web:82")).toThrow('no service port 82 found for service "web"');
  });
});
