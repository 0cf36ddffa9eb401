import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { closeServer, listen, portOf } from "./listener.ts";
import { makeSelfSigned } from "./self-signed.ts";
import type { WireHandler } from "./wire.ts";

/** Both ends of one connection: of the client, and as the server has taken it. */
export type SocketPair = { readonly client: Socket; readonly taken: Socket };

/** Servers and the connections to them, closed together. */
export class SocketFixture {
	readonly #servers: Server[] = [];
	readonly #sockets: Socket[] = [];

	async pair(isSecure = false): Promise<SocketPair> {
		const { certificate: cert, key } = makeSelfSigned(["localhost"], Date.now());
		const server = isSecure ? createTlsServer({ cert, key }) : createServer();
		this.#servers.push(server);
		await listen(server, { host: "127.0.0.1", port: 0 });
		const taken = new Promise<Socket>(resolve => {
			server.once(isSecure ? "secureConnection" : "connection", resolve);
		});
		const port = portOf(server);
		const client = isSecure
			? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
			: connect(port, "127.0.0.1");
		const both = { client, taken: await taken };
		this.#sockets.push(both.client, both.taken);
		return both;
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets.splice(0)) socket.destroy();
		await Promise.all(this.#servers.splice(0).map(closeServer));
	}
}

/** A handler that counts drains and knows when the wire has closed. */
export function countingHandler(): WireHandler & { drains: number; closed: unknown[] } {
	return {
		drains: 0,
		closed: [],
		onWireDrain() {
			this.drains++;
		},
		onWireClosed(error) {
			this.closed.push(error);
		},
	};
}

/** What has come, as it grows. */
export class Received {
	length = 0;
	readonly #parts: Buffer[] = [];

	constructor(client: Socket) {
		client.on("data", (part: Buffer) => {
			this.#parts.push(part);
			this.length += part.length;
		});
	}

	get bytes(): Buffer {
		return Buffer.concat(this.#parts);
	}
}

/** Bytes that differ by place and by `seed`. */
export function pattern(length: number, seed: number): Buffer {
	return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + seed) & 255));
}
