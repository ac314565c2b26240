/**
 * A client. `send.ts tcp|udp HOST PORT COUNT [SOURCE_PORT]` prints a JSON list of answers (or error codes);
 * `send.ts hold HOST PORT` keeps one TCP connection and asks once per line of its input.
 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";

const [mode = "", host = "", port = "", count = "1", sourcePort = "0"] = process.argv.slice(2);
const TIMEOUT_MS = 2000;

const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message;

function askTcp(): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: TIMEOUT_MS }, () => socket.write("?\n"));
    const finish = (answer: string): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (data) => finish(data.toString().trim()));
    socket.on("timeout", () => finish("TIMEOUT"));
    socket.on("error", (error) => finish(codeOf(error)));
  });
}

function askUdp(): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const timer = setTimeout(() => finish("TIMEOUT"), TIMEOUT_MS);
    const finish = (answer: string): void => {
      clearTimeout(timer);
      socket.close(() => resolve(answer));
    };
    socket.on("message", (data) => finish(data.toString()));
    socket.on("error", (error) => finish(codeOf(error)));
    socket.bind(Number(sourcePort), () => socket.connect(Number(port), host, () => socket.send("?")));
  });
}

if (mode === "hold") {
  const socket = connect({ host, port: Number(port) });
  socket.on("data", (data) => process.stdout.write(data));
  socket.on("error", (error) => process.stdout.write(`${codeOf(error)}\n`));
  process.stdin.on("data", (line) => socket.write(line));
} else {
  const answers: string[] = [];
  for (let asked = 0; asked < Number(count); asked++) answers.push(await (mode === "tcp" ? askTcp() : askUdp()));
  process.stdout.write(JSON.stringify(answers));
}
