/**
 * `main.ts PORT`: joins its standard input and output with a port of the loopback of the network namespace it was
 * started in, IPv4 first. The end of either direction is passed on; the other one goes on.
 */
import { connect, type Socket } from "node:net";

const HOSTS = ["127.0.0.1", "::1"];

function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

async function dialLoopback(port: number): Promise<Socket> {
  const problems: string[] = [];
  for (const host of HOSTS) {
    try {
      return await dial(host, port);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(problems.join("; "));
}

try {
  const socket = await dialLoopback(Number(process.argv[2]));
  socket.on("error", () => {
    process.exitCode = 1;
  });
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
  socket.once("close", () => process.stdin.destroy());
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
