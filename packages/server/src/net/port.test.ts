import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { randomSplit } from "@millrace/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { AddressSet } from "./address-set.ts";
import { Port, type PortOptions, type PortProtocol, type PortRefusal } from "./port.ts";
import { canBorrow, readBorrowed } from "./read-borrowed.ts";
import { makeSelfSigned } from "./self-signed.ts";
import { originOf } from "./socket-origin.ts";

const ALL: readonly PortProtocol[] = ["rtmp", "rtmps", "http", "https"];
const { certificate: cert, key } = makeSelfSigned(["localhost"], Date.now());
const RTMP = Uint8Array.from({ length: 5000 }, (_, at) => (at === 0 ? 3 : (at * 31) & 255));
const PROXY_LINE = Buffer.from("PROXY TCP4 192.0.2.9 198.51.100.1 56324 1935\r\n");

/** A port that echoes RTMP and answers HTTP with the client's address. */
class PortFixture {
	readonly refusals: PortRefusal[] = [];
	readonly origins: string[] = [];
	/** Whether a socket was given on as if it had just been accepted. */
	readonly pristine: boolean[] = [];
	readonly tls = createTlsServer({ cert, key, handshakeTimeout: 300 });
	readonly #http: HttpServer = createHttpServer((request, response) => {
		const { address, secure } = originOf(request.socket);
		response.end(`${address} ${secure} ${request.url}`);
	});
	readonly #sockets: Socket[] = [];
	port!: Port;

	async open(options: Partial<PortOptions> = {}): Promise<this> {
		this.#http.emit("listening");
		this.port = await Port.open(
			{ host: "127.0.0.1", port: 0 },
			{
				protocols: ALL,
				tls: this.tls,
				firstBytesMillis: 300,
				admit: () => true,
				onRtmp: (socket, first) => {
					const { address, secure } = originOf(socket);
					this.origins.push(`${address} ${secure}`);
					const listeners = ["data", "readable", "error", "timeout"].reduce(
						(sum, name) => sum + socket.listenerCount(name),
						0,
					);
					// Node's own listeners for the error of a TLS socket stay.
					this.pristine.push(canBorrow(socket) && socket.readableLength === 0 && (secure || listeners === 0));
					socket.on("error", () => socket.destroy());
					readBorrowed(socket, bytes => socket.write(Buffer.from(bytes)));
					socket.write(first);
				},
				onHttp: socket => void this.#http.emit("connection", socket),
				onRefused: refusal => this.refusals.push(refusal),
				...options,
			},
		);
		return this;
	}

	connect(): Socket {
		const socket = connect({ port: this.port.number, host: "127.0.0.1", noDelay: true });
		this.#sockets.push(socket);
		socket.on("error", () => {});
		return socket;
	}

	connectTls(options: { readonly minVersion?: "TLSv1.3"; readonly maxVersion?: "TLSv1.2" } = {}): TLSSocket {
		const socket = connectTls({ socket: this.connect(), rejectUnauthorized: false, ...options });
		this.#sockets.push(socket);
		socket.on("error", () => {});
		return socket;
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		this.#http.closeAllConnections();
		await this.port.close();
		this.#http.close();
	}
}

let fixture: PortFixture;
afterEach(() => fixture.close());

async function open(options: Partial<PortOptions> = {}): Promise<PortFixture> {
	fixture = await new PortFixture().open(options);
	return fixture;
}

/** What comes until so many bytes are there, or the connection ends. */
function read(socket: Socket, bytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
	return new Promise(resolve => {
		const parts: Buffer[] = [];
		let length = 0;
		socket.on("data", (part: Buffer) => {
			parts.push(part);
			length += part.length;
			if (length >= bytes) resolve(Buffer.concat(parts));
		});
		socket.once("close", () => resolve(Buffer.concat(parts)));
	});
}

const request = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

async function untilRefused(count = 1): Promise<PortRefusal[]> {
	const end = Date.now() + 3000;
	while (fixture.refusals.length < count) {
		if (Date.now() > end) throw new Error("Nothing was refused within 3 s.");
		await new Promise(resolve => setTimeout(resolve, 5));
	}
	return fixture.refusals;
}

describe("a port that takes everything", () => {
	it("gives RTMP on with every byte, to be read into borrowed memory", async () => {
		await open();
		const socket = fixture.connect();
		const echo = read(socket, 2 * RTMP.length);
		socket.write(RTMP);
		socket.once("data", () => socket.write(RTMP));
		expect((await echo).equals(Buffer.concat([RTMP, RTMP]))).toBe(true);
		expect(fixture.pristine).toEqual([true]);
		expect(fixture.origins).toEqual(["127.0.0.1 false"]);
		expect(fixture.port.waitingCount).toBe(0);
	});

	it("answers HTTP, several requests on one connection, however it is split", async () => {
		await open();
		for (const seed of [1, 2, 3]) {
			const socket = fixture.connect();
			const answers = read(socket);
			const text = Buffer.from(request("/one") + request("/two", "Connection: close\r\n"));
			for (const part of pieces(text, seed)) {
				socket.write(part);
				await new Promise(resolve => setImmediate(resolve));
			}
			expect(String(await answers)).toMatch(/127\.0\.0\.1 false \/one[\s\S]*127\.0\.0\.1 false \/two/);
		}
	});

	it.each([[{ maxVersion: "TLSv1.2" }], [{ minVersion: "TLSv1.3" }]] as const)(
		"takes RTMP and HTTP inside TLS (%j)",
		async versions => {
			await open();
			const rtmp = fixture.connectTls(versions);
			const echo = read(rtmp, 2 * RTMP.length);
			rtmp.write(RTMP);
			rtmp.once("data", () => rtmp.write(RTMP));
			expect((await echo).equals(Buffer.concat([RTMP, RTMP]))).toBe(true);
			expect(fixture.origins).toEqual(["127.0.0.1 true"]);
			expect(fixture.pristine).toEqual([true]);
			const https = fixture.connectTls(versions);
			const answer = read(https);
			https.write(request("/secret", "Connection: close\r\n"));
			expect(String(await answer)).toContain("127.0.0.1 true /secret");
		},
	);

	it("takes TLS whose bytes drip in one by one", async () => {
		await open({ firstBytesMillis: 5000 });
		const outside = fixture.connect();
		// Byte by byte to the port, at once back from it.
		const dripping = new Duplex({
			write: (bytes: Uint8Array, _encoding, done) => {
				for (const byte of bytes) outside.write(Uint8Array.of(byte));
				setImmediate(done);
			},
			read() {},
		});
		outside.on("data", bytes => dripping.push(bytes));
		const client = connectTls({ socket: dripping, rejectUnauthorized: false });
		const echo = read(client, 10);
		client.write(RTMP.subarray(0, 10));
		expect([...(await echo)]).toEqual([...RTMP.subarray(0, 10)]);
		client.destroy();
	});

	it("closes who says nothing, and who begins and does not go on, in time", async () => {
		await open();
		const begun = Date.now();
		const silent = read(fixture.connect());
		const half = fixture.connect();
		half.write("PO");
		const inTls = fixture.connectTls();
		await Promise.all([silent, read(half), read(inTls)]);
		expect(Date.now() - begun).toBeLessThan(2500);
		expect(fixture.refusals.map(({ kind }) => kind)).toEqual(["silent", "silent", "silent"]);
		expect(fixture.port.waitingCount).toBe(0);
	});

	it("closes who begins a TLS handshake and does not go on", async () => {
		await open();
		const socket = fixture.connect();
		socket.write(Uint8Array.of(0x16, 3, 1, 0, 200, 1));
		await read(socket);
		expect(fixture.refusals[0]).toMatchObject({ kind: "refused", address: "127.0.0.1" });
		expect(fixture.refusals[0]?.reason).toContain("handshake");
		expect(fixture.port.waitingCount).toBe(0);
	});

	it("tells why a TLS handshake failed", async () => {
		await open();
		const socket = fixture.connect();
		socket.write(Buffer.concat([Uint8Array.of(0x16, 3, 1, 0, 5), Buffer.from("hello")]));
		await read(socket);
		expect((await untilRefused())[0]).toMatchObject({ kind: "refused", address: "127.0.0.1" });
	});

	it("leaves what is none of them to RTMP's handshake, which names it", async () => {
		await open();
		const socket = fixture.connect();
		socket.write("SSH-2.0-x\r\n");
		await read(socket, 11);
		expect(fixture.origins).toHaveLength(1);
	});

	it("forgets who goes before a byte came", async () => {
		await open();
		const socket = fixture.connect();
		await new Promise(resolve => socket.once("connect", resolve));
		socket.destroy();
		while (fixture.port.waitingCount > 0) await new Promise(resolve => setTimeout(resolve, 5));
		expect(fixture.refusals).toEqual([]);
	});

	it("serves 200 connections that come at once, each with what it speaks", async () => {
		await open({ firstBytesMillis: 10_000 });
		const clients = Array.from({ length: 200 }, async (_, at) => {
			if (at % 4 === 0) {
				const tls = fixture.connectTls();
				tls.write(RTMP.subarray(0, 100));
				return (await read(tls, 100)).length === 100;
			}
			const socket = fixture.connect();
			if (at % 4 === 1) {
				socket.write(request(`/${at}`, "Connection: close\r\n"));
				return String(await read(socket)).includes(`false /${at}`);
			}
			socket.write(RTMP);
			return (await read(socket, RTMP.length)).equals(RTMP);
		});
		expect((await Promise.all(clients)).filter(Boolean)).toHaveLength(200);
		expect(fixture.refusals).toEqual([]);
	}, 20_000);

	it("ends those that have not said what they speak when it is closed", async () => {
		await open({ firstBytesMillis: 60_000 });
		const silent = fixture.connect();
		await new Promise(resolve => silent.once("connect", resolve));
		const hello = fixture.connect();
		hello.write(Uint8Array.of(0x16, 3, 1, 0, 200, 1));
		while (fixture.port.waitingCount < 2) await new Promise(resolve => setTimeout(resolve, 5));
		await Promise.all([read(silent), read(hello), fixture.port.close()]);
		expect(fixture.port.waitingCount).toBe(0);
	});
});

describe("a port that does not take everything", () => {
	it.each([
		["HTTP", ["rtmp"], Buffer.from(request("/")), "RTMP"],
		["HTTP", ["rtmps"], Buffer.from(request("/")), "HTTP is not taken on this port."],
		["RTMP", ["http", "https"], RTMP, "RTMP is not taken on this port."],
		["TLS", ["http"], Buffer.from([0x16, 3, 1, 0, 5]), "TLS is not taken on this port."],
	] as const)("refuses %s where only %j is spoken", async (_name, protocols, bytes, reason) => {
		await open({ protocols });
		const socket = fixture.connect();
		socket.write(bytes);
		if (reason === "RTMP") {
			// Its own handshake refuses it.
			await read(socket, bytes.length);
			expect(fixture.origins).toHaveLength(1);
			return;
		}
		expect(await read(socket)).toHaveLength(0);
		expect(fixture.refusals).toEqual([{ address: "127.0.0.1", kind: "refused", reason }]);
	});

	it("refuses TLS without a certificate, and TLS inside TLS", async () => {
		await open({ tls: undefined, protocols: ["https"] });
		const socket = fixture.connect();
		socket.write(Uint8Array.of(0x16, 3, 1));
		await read(socket);
		expect(fixture.refusals[0]?.reason).toBe("TLS is not taken on this port.");
		await fixture.close();
		await open({ protocols: ["https"] });
		const tls = fixture.connectTls();
		tls.write(Uint8Array.of(0x16, 3, 1));
		await read(tls);
		expect(fixture.refusals[0]?.reason).toBe("TLS is not taken on this port.");
	});

	it("asks whether it may take a connection before anything is read", async () => {
		const asked: string[] = [];
		await open({
			admit: address => {
				asked.push(address);
				return false;
			},
		});
		await read(fixture.connect());
		expect(asked).toEqual(["127.0.0.1"]);
		expect(fixture.port.waitingCount).toBe(0);
	});
});

describe("a port behind a proxy", () => {
	const proxies = new AddressSet(["127.0.0.1"]);

	it("takes the address from the header, however it is split, for RTMP, HTTP and TLS", async () => {
		const asked: string[] = [];
		const admit = (address: string): boolean => asked.push(address) > 0;
		await open({ proxies, admit });
		for (const seed of [1, 2, 3]) {
			const socket = fixture.connect();
			const echo = read(socket, RTMP.length);
			for (const part of pieces(Buffer.concat([PROXY_LINE, RTMP]), seed)) {
				socket.write(part);
				await new Promise(resolve => setImmediate(resolve));
			}
			expect((await echo).equals(RTMP)).toBe(true);
		}
		const http = fixture.connect();
		http.write(Buffer.concat([PROXY_LINE, Buffer.from(request("/", "Connection: close\r\n"))]));
		expect(String(await read(http))).toContain("192.0.2.9 false /");
		const raw = fixture.connect();
		raw.write(PROXY_LINE);
		const tls = connectTls({ socket: raw, rejectUnauthorized: false });
		tls.write(request("/", "Connection: close\r\n"));
		expect(String(await read(tls))).toContain("192.0.2.9 true /");
		expect(fixture.origins).toEqual(new Array(3).fill("192.0.2.9 false"));
		expect(new Set(asked)).toEqual(new Set(["192.0.2.9"]));
	});

	it.each([
		["no header", Buffer.from(RTMP)],
		["a malformed one", Buffer.from("PROXY TCP4 nobody\r\n")],
		["an oversized one", Buffer.from(`PROXY UNKNOWN ${"x".repeat(200)}\r\n`)],
	])("refuses a proxy that sends %s", async (_name, bytes) => {
		await open({ proxies });
		const socket = fixture.connect();
		socket.write(bytes);
		expect(await read(socket)).toHaveLength(0);
		expect(fixture.refusals[0]).toMatchObject({ kind: "refused" });
		expect(fixture.origins).toEqual([]);
	});

	it("closes a proxy whose header stays incomplete", async () => {
		await open({ proxies });
		const socket = fixture.connect();
		socket.write(PROXY_LINE.subarray(0, 20));
		expect(await read(socket)).toHaveLength(0);
		expect(fixture.refusals[0]).toMatchObject({ kind: "silent" });
	});

	it("does not believe others: what they send is no header but nonsense", async () => {
		await open({ proxies: new AddressSet(["192.0.2.0/24"]) });
		const socket = fixture.connect();
		socket.write(Buffer.concat([PROXY_LINE, RTMP]));
		await read(socket, 10);
		expect(fixture.origins).toEqual(["127.0.0.1 false"]);
	});

	it("asks again for the address behind the proxy", async () => {
		await open({ proxies, admit: address => address !== "192.0.2.9" });
		const socket = fixture.connect();
		socket.write(Buffer.concat([PROXY_LINE, RTMP]));
		expect(await read(socket)).toHaveLength(0);
		expect(fixture.origins).toEqual([]);
	});
});

function pieces(bytes: Uint8Array, seed: number): Uint8Array[] {
	const out: Uint8Array[] = [];
	randomSplit(seed).feed(bytes, piece => out.push(Uint8Array.from(piece)));
	return out;
}
