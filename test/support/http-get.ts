import { Agent, request } from "node:http";

const REQUEST_TIMEOUT_MS = 5000;

/** One GET on a connection of its own; rejects on any failure, a status of 400 or more among them. */
export function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const call = request(url, { agent, timeout: REQUEST_TIMEOUT_MS }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("error", reject);
      response.on("end", () =>
        (response.statusCode ?? 500) < 400 ? resolve(body) : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    call.on("timeout", () => call.destroy(new Error("timeout")));
    call.on("error", reject);
    call.end();
  });
}
