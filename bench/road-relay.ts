/**
 * Takes plain RTMP from rtmpload and brings it to a server by another road, in a process of its own, so that what the
 * road costs the client is not counted. `node road-relay.ts ROAD PORT`; prints the port on which it listens.
 */
import { randomBytes } from "node:crypto";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ClientHandshake, LinkCipher } from "@millrace/core/rtmp";
import { TunnelClient, type TunnelRequest } from "@millrace/core/tunnel";
import { WebSocket } from "ws";
import { RELAY_ROADS, type RelayRoad } from "./scenario.ts";

/** One player's way to the server. */
type Road = {
	write(bytes: Buffer): void;
	end(): void;
};

/** What a road does with what comes, and at its end. */
type RoadEnds = { onData(bytes: Uint8Array): void; onClosed(): void };

const HOST = "127.0.0.1";
const PACKET = 1536;
const OPENERS: Readonly<Record<RelayRoad, (port: number, ends: RoadEnds) => Road>> = {
	relayed: (port, ends) => overSocket(connect({ host: HOST, port, noDelay: true }), ends),
	rtmps: (port, ends) => overSocket(connectTls({ host: HOST, port, rejectUnauthorized: false }).setNoDelay(true), ends),
	rtmpe: overEncryption,
	rtmpt: overTunnel,
	ws: overWebSocket,
};

const [, , roadName = "", portText = ""] = process.argv;
const name = RELAY_ROADS.find(known => known === roadName);
if (name === undefined) throw new Error(`The road is one of ${RELAY_ROADS.join(", ")}.`);
const open = OPENERS[name];
const server = createServer({ noDelay: true }, player => {
	const road = open(Number(portText), { onData: bytes => void player.write(bytes), onClosed: () => player.destroy() });
	const shaker = name === "rtmpe" ? new PlainServer(player, road) : undefined;
	player.on("data", bytes => (shaker === undefined ? road.write(bytes as Buffer) : shaker.receive(bytes as Buffer)));
	player.on("error", () => player.destroy());
	player.on("close", () => road.end());
});
server.listen(0, HOST, () => console.log((server.address() as AddressInfo).port));

function overSocket(socket: Socket, { onData, onClosed }: RoadEnds): Road {
	socket.on("data", onData as (bytes: string | Buffer) => void);
	socket.on("error", () => socket.destroy());
	socket.on("close", onClosed);
	return { write: bytes => void socket.write(bytes), end: () => socket.destroy() };
}

function overWebSocket(port: number, { onData, onClosed }: RoadEnds): Road {
	const socket = new WebSocket(`ws://${HOST}:${port}/rtmp`, { perMessageDeflate: false });
	const early: Buffer[] = [];
	socket.on("open", () => {
		for (const bytes of early) socket.send(bytes);
	});
	socket.on("message", bytes => onData(bytes as Buffer));
	socket.on("error", () => socket.terminate());
	socket.on("close", onClosed);
	return {
		write: bytes => void (socket.readyState === WebSocket.OPEN ? socket.send(bytes) : early.push(bytes)),
		end: () => socket.terminate(),
	};
}

/** RTMPE to the server; the player has had a plain handshake of its own. */
function overEncryption(port: number, { onData, onClosed }: RoadEnds): Road {
	const handshake = new ClientHandshake({ random: randomBytes, nowMillis: 0, encryption: 6 });
	let cipher: LinkCipher | undefined;
	const early: Buffer[] = [];
	const flush = (): void => {
		for (const slice of handshake.takeOutput()) socket.write(slice);
	};
	const socket = connect({ host: HOST, port, noDelay: true });
	const road = overSocket(socket, {
		onClosed,
		onData(bytes) {
			let rest = bytes;
			if (cipher === undefined) {
				rest = bytes.subarray(handshake.receive(bytes));
				flush();
				if (!handshake.done) return;
				cipher = handshake.cipher!;
				for (const waiting of early) socket.write(cipher.seal(waiting));
			}
			const opened = Buffer.allocUnsafe(rest.length);
			for (let at = 0; at < rest.length; at += LinkCipher.PIECE_BYTES) {
				opened.set(cipher.open(rest.subarray(at, at + LinkCipher.PIECE_BYTES)), at);
			}
			if (opened.length > 0) onData(opened);
		},
	});
	flush();
	return {
		write: bytes => void (cipher === undefined ? early.push(bytes) : socket.write(cipher.seal(bytes))),
		end: road.end,
	};
}

/** The server's side of the plain handshake, which is all that it has to look at. */
class PlainServer {
	readonly #player: Socket;
	readonly #road: Road;
	#bytes = Buffer.alloc(0);
	#isAnswered = false;
	#isDone = false;

	constructor(player: Socket, road: Road) {
		this.#player = player;
		this.#road = road;
	}

	receive(bytes: Buffer): void {
		if (this.#isDone) {
			this.#road.write(bytes);
			return;
		}
		this.#bytes = Buffer.concat([this.#bytes, bytes]);
		if (!this.#isAnswered && this.#bytes.length >= 1 + PACKET) {
			this.#isAnswered = true;
			this.#player.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(PACKET), this.#bytes.subarray(1, 1 + PACKET)]));
		}
		if (this.#bytes.length < 1 + 2 * PACKET) return;
		this.#isDone = true;
		const rest = this.#bytes.subarray(1 + 2 * PACKET);
		if (rest.length > 0) this.#road.write(rest);
	}
}

/** RTMPT by two connections, one of them for polls, with no more HTTP than it takes. */
function overTunnel(port: number, { onData, onClosed }: RoadEnds): Road {
	let timer: NodeJS.Timeout | undefined;
	let isPlanned = false;
	const client = new TunnelClient(
		{ onOpen() {}, onHost() {}, onData, onDrain() {}, onClosed: () => finish() },
		{ ident: false },
	);
	const answered = (request: TunnelRequest, status: number, body: Uint8Array): void => {
		client.onAnswer(request, status, body, performance.now());
		plan();
	};
	const sends = new HttpConnection(port, answered, () => finish());
	const polls = new HttpConnection(port, answered, () => finish());
	const finish = (): void => {
		clearTimeout(timer);
		sends.socket.destroy();
		polls.socket.destroy();
		onClosed();
	};
	const pump = (): void => {
		isPlanned = false;
		for (;;) {
			const request = client.nextRequest(performance.now());
			if (request === undefined) break;
			(request.kind === "idle" ? polls : sends).post(request);
		}
		clearTimeout(timer);
		const { deadline } = client;
		if (deadline !== Number.POSITIVE_INFINITY) timer = setTimeout(pump, Math.max(1, deadline - performance.now()));
	};
	const plan = (): void => {
		if (!isPlanned) queueMicrotask(pump);
		isPlanned = true;
	};
	plan();
	return {
		write(bytes) {
			client.write(bytes);
			plan();
		},
		end: finish,
	};
}

/** Requests and their answers on one connection, in order. */
class HttpConnection {
	readonly socket: Socket;
	readonly #asked: TunnelRequest[] = [];
	readonly #onAnswer: (request: TunnelRequest, status: number, body: Uint8Array) => void;
	#parts: Buffer[] = [];
	#length = 0;
	#needed = 0;

	constructor(
		port: number,
		onAnswer: (request: TunnelRequest, status: number, body: Uint8Array) => void,
		onClosed: () => void,
	) {
		this.#onAnswer = onAnswer;
		this.socket = connect({ host: HOST, port, noDelay: true });
		this.socket.on("data", bytes => this.#receive(bytes as Buffer));
		this.socket.on("error", () => this.socket.destroy());
		this.socket.on("close", onClosed);
	}

	post(request: TunnelRequest): void {
		const { path, body } = request;
		this.#asked.push(request);
		const head = `POST ${path} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: application/x-fcs\r\nContent-Length: ${body.length}\r\n\r\n`;
		this.socket.write(Buffer.concat([Buffer.from(head, "latin1"), body]));
	}

	#receive(bytes: Buffer): void {
		this.#parts.push(bytes);
		this.#length += bytes.length;
		while (this.#length > 0 && this.#length >= this.#needed) {
			const all = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#length);
			this.#parts = [all];
			const end = all.indexOf("\r\n\r\n");
			if (end < 0) return;
			const head = all.toString("latin1", 0, end);
			const bodyAt = end + 4;
			this.#needed = bodyAt + Number(/Content-Length: (\d+)/.exec(head)?.[1] ?? 0);
			if (all.length < this.#needed) return;
			const body = all.subarray(bodyAt, this.#needed);
			const rest = all.subarray(this.#needed);
			this.#parts = rest.length === 0 ? [] : [rest];
			this.#length = rest.length;
			this.#needed = 0;
			this.#onAnswer(this.#asked.shift()!, Number(head.slice(9, 12)), body);
		}
	}
}
