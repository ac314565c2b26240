/** A "pod": answers each line of TCP and each datagram with its name and the address it was asked from. */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const [name = "", port = "8080"] = process.argv.slice(2);

const tcp = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  socket.on("data", () => socket.write(`${name} ${socket.remoteAddress ?? ""}\n`));
});
const udp = createSocket("udp4");
udp.on("message", (_message, from) => udp.send(`${name} ${from.address}`, from.port, from.address));
tcp.listen(Number(port), "0.0.0.0", () => udp.bind(Number(port), () => process.stdout.write("ready\n")));
