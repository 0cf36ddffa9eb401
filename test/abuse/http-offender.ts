import { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { RawClient } from "./raw-client.ts";

/** How much of what the server says is kept. */
const KEPT = 262_144;

/** A client that speaks HTTP as badly as it likes. */
export class HttpOffender {
	readonly client: RawClient;
	/** What the server said, one character a byte. */
	text = "";

	constructor(client: RawClient) {
		this.client = client;
		client.onBytes = bytes => {
			this.text = (this.text + Buffer.from(bytes).toString("latin1")).slice(-KEPT);
		};
	}

	/** Sends text, one byte a character. */
	send(text: string): boolean {
		return this.client.send(Buffer.from(text, "latin1"));
	}

	/** Waits until the server has said something that matches. */
	async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
		await this.client.until(() => pattern.test(this.text), String(pattern));
		return pattern.exec(this.text)!;
	}

	/** Opens a tunnel's session and returns its id. */
	async openTunnel(): Promise<string> {
		this.text = "";
		this.send(post("/open/1", "\0"));
		const found = await this.waitFor(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n([0-9a-f]+)\n$/);
		return found[1]!;
	}

	/** The answers so far: status and body. */
	answers(): readonly { readonly status: number; readonly body: string }[] {
		const found: { status: number; body: string }[] = [];
		for (let rest = this.text; ; ) {
			const head = /^HTTP\/1\.1 (\d{3}) [\s\S]*?\r\n\r\n/.exec(rest);
			if (head === null) return found;
			const length = Number(/content-length: (\d+)/i.exec(head[0])?.[1] ?? 0);
			const end = head[0].length + length;
			if (rest.length < end) return found;
			found.push({ status: Number(head[1]), body: rest.slice(head[0].length, end) });
			rest = rest.slice(end);
		}
	}
}

/** A request with a body of text, one byte a character. */
export function post(path: string, body: string, length = body.length): string {
	return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** An upgrade to a WebSocket at `/rtmp`. */
export const UPGRADE =
	"GET /rtmp HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** A frame of a WebSocket, masked with zeros; `announced` is what its head says of the length. */
export function frame(opcode: number, payload: Uint8Array, isLast = true, announced = payload.length): Uint8Array {
	const head = Buffer.alloc(14);
	head[0] = opcode | (isLast ? 0x80 : 0);
	head[1] = 0x80 | 127;
	head.writeBigUInt64BE(BigInt(announced), 2);
	return Buffer.concat([head, payload]);
}

/** The first bytes that a TLS client says. */
export function tlsHello(): Promise<Uint8Array> {
	return new Promise(resolve => {
		const wire = new Duplex({
			read() {},
			write(bytes: Uint8Array, _encoding, done) {
				resolve(Uint8Array.from(bytes));
				done();
			},
		});
		connectTls({ socket: wire, servername: "somewhere.example" }).on("error", () => {});
	});
}

/** TLS on a connection that is open; whatever comes back is read and forgotten unless a listener is added. */
export function tlsOver(client: RawClient, options: { readonly servername?: string } = {}): Promise<TLSSocket> {
	return new Promise((resolve, reject) => {
		client.socket.removeAllListeners("data");
		const socket = connectTls({
			socket: client.socket,
			rejectUnauthorized: false,
			maxVersion: "TLSv1.2",
			...options,
		});
		socket.on("error", reject);
		socket.once("secureConnect", () => resolve(socket));
	});
}
