/** `relay.ts PORT SOCKET`: makes the API, served on a Unix socket, reachable on 127.0.0.1 of a network namespace. */
import { connect, createServer } from "node:net";

const [port = "", path = ""] = process.argv.slice(2);

createServer((client) => {
  const server = connect(path);
  client.on("error", () => server.destroy());
  server.on("error", () => client.destroy());
  client.pipe(server).pipe(client);
}).listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
