import { parseRequestInfo } from "./request-info.ts";

const info = (method: string, url: string) => {
  const [path = "", query = ""] = url.split("?");
  const { verb, group, version, namespace, resource, subresource, name, isResourceRequest } = parseRequestInfo(
    method,
    path,
    new URLSearchParams(query),
  );
  if (!isResourceRequest) return `${verb} path`;
  return [verb, `${group}/${version}`, namespace, resource, name, subresource].join(" ");
};

describe("what a URL asks for", () => {
  it.each([
    ["GET", "/api/v1/namespaces/ns/pods", "list /v1 ns pods  "],
    ["GET", "/api/v1/pods", "list /v1  pods  "],
    ["GET", "/api/v1/namespaces/ns/pods/p", "get /v1 ns pods p "],
    ["HEAD", "/api/v1/namespaces/ns/pods/p", "get /v1 ns pods p "],
    ["POST", "/apis/apps/v1/namespaces/ns/deployments", "create apps/v1 ns deployments  "],
    ["PUT", "/apis/apps/v1/namespaces/ns/deployments/d/status", "update apps/v1 ns deployments d status"],
    ["PATCH", "/api/v1/nodes/n", "patch /v1  nodes n "],
    ["DELETE", "/api/v1/namespaces/ns/pods/p", "delete /v1 ns pods p "],
    ["DELETE", "/api/v1/namespaces/ns/pods", "deletecollection /v1 ns pods  "],
    ["GET", "/api/v1/namespaces", "list /v1  namespaces  "],
    ["GET", "/api/v1/namespaces/ns", "get /v1 ns namespaces ns "],
    ["PUT", "/api/v1/namespaces/ns/finalize", "update /v1 ns namespaces ns finalize"],
    ["PUT", "/api/v1/namespaces/ns/status", "update /v1 ns namespaces ns status"],
    ["GET", "/api/v1/namespaces/ns/pods/p/log", "get /v1 ns pods p log"],
    ["GET", "/api/v1/pods?watch=1", "watch /v1  pods  "],
    ["GET", "/api/v1/pods?watch", "watch /v1  pods  "],
    ["GET", "/api/v1/pods?watch=false", "list /v1  pods  "],
    ["GET", "/api/v1/watch/namespaces/ns/pods/p", "watch /v1 ns pods p "],
    ["GET", "/api/v1/watch/pods", "watch /v1  pods  "],
    ["GET", "/api/v1/namespaces/ns/pods?fieldSelector=metadata.name%3Dp", "list /v1 ns pods p "],
    ["GET", "/api/v1/namespaces/ns/pods?watch=1&fieldSelector=metadata.name%3Dp", "watch /v1 ns pods p "],
    ["GET", "/api/v1/namespaces/ns/pods?fieldSelector=metadata.name!%3Dp", "list /v1 ns pods  "],
    ["GET", "/api/v1/namespaces/ns/pods?fieldSelector=metadata.name%3Da%2Fb", "list /v1 ns pods  "],
  ])("%s %s is %j", (method, url, expected) => {
    expect(info(method, url)).toBe(expected);
  });

  it.each(["/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/version", "/metrics"])(
    "%s is no resource",
    (path) => {
      expect(info("GET", path)).toBe("get path");
    },
  );

  it("keeps what follows a subresource for proxies", () => {
    expect(
      parseRequestInfo("GET", "/api/v1/namespaces/ns/services/s/proxy/a/b", new URLSearchParams()).trailingPath,
    ).toBe("/a/b");
  });
});
