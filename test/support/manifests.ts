/** Objects that several suites apply, as plain data. */
import { webImage } from "./images.ts";

export interface WebDeployment {
  readonly name: string;
  readonly replicas: number;
  readonly version?: number;
}

/** The test web server with a readiness probe, and a preStop that lets kube-proxy learn first. */
export function webDeployment({ name, replicas, version = 1 }: WebDeployment): Record<string, unknown> {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 10,
          containers: [
            {
              name: "web",
              image: webImage(version),
              ports: [{ name: "http", containerPort: 8080 }],
              readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
              lifecycle: { preStop: { exec: { command: ["sleep", "2"] } } },
              resources: { requests: { cpu: "10m", memory: "8Mi" } },
            },
          ],
        },
      },
    },
  };
}

export function webService(name: string, type: "ClusterIP" | "NodePort" = "ClusterIP"): Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { type, selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
  };
}

/** Several objects as the input of `kubectl apply -f -`. */
export const manifest = (...items: readonly Record<string, unknown>[]): string =>
  JSON.stringify({ apiVersion: "v1", kind: "List", items });
