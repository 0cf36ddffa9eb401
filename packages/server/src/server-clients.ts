import type { Socket } from "node:net";
import type { ServerOptions } from "./config/index.ts";
import { HttpTunnel, originOf, SocketWire, type Wire, type WireHandler } from "./net/index.ts";
import { type ClientTransport, type PeerContext, RtmpPeer, RtmpWebSocket } from "./rtmp/index.ts";
import type { ServerDoor } from "./server-door.ts";

/** What clients come to. */
export type ServerClientsOptions = {
	readonly options: ServerOptions;
	readonly door: ServerDoor;
	/** What the peers share. */
	readonly context: PeerContext;
	/** A name for the next one. */
	nextId(): string;
};

/** The RTMP clients of a server, whichever way they have come: by connections, in WebSockets, in HTTP requests. */
export class ServerClients {
	/** Takes clients that come in WebSockets. */
	readonly webSockets: RtmpWebSocket;
	/** Takes clients that come in HTTP requests; `undefined`: none may. */
	readonly tunnel: HttpTunnel | undefined;
	readonly #options: ServerClientsOptions;
	readonly #peers = new Set<RtmpPeer>();

	constructor(options: ServerClientsOptions) {
		const { door } = options;
		const { http, rtmpt } = options.options;
		this.#options = options;
		this.webSockets = new RtmpWebSocket({
			cors: http.cors,
			originOf: request => door.originOf(request),
			admit: (origin, socket) => door.admitWebSocket(origin, socket),
			onClient: (wire, { secure }) => this.#take(wire, { protocol: secure ? "wss" : "ws", secure }),
		});
		this.tunnel = rtmpt.enabled ? this.#makeTunnel() : undefined;
	}

	/** How many there are. */
	get count(): number {
		return this.#peers.size;
	}

	/** Takes a connection that speaks RTMP. What was read of it is all that passes outside the wire. */
	takeSocket(socket: Socket, first: Uint8Array): void {
		const { address, secure } = originOf(socket);
		if (!this.#options.door.admitClient(address)) {
			// A reset: nothing stays behind of a connection that was never taken.
			if (secure) socket.destroy();
			else socket.resetAndDestroy();
			return;
		}
		const transport = { protocol: secure ? "rtmps" : "rtmp", secure };
		this.#take(handler => new SocketWire(socket, handler), transport).onWireData(first);
	}

	/** Does what is due at `now`, in monotonic milliseconds. */
	handleTimeouts(now: number): void {
		for (const peer of this.#peers) peer.checkTimeouts(now);
	}

	/** Takes no more, and tells every client that the server stops. */
	stop(): void {
		this.webSockets.stop();
		this.tunnel?.stop();
		for (const peer of [...this.#peers]) peer.stop();
	}

	/** Ends every connection at once. */
	destroy(): void {
		for (const peer of [...this.#peers]) peer.destroy();
	}

	#take(wire: (handler: WireHandler) => Wire, transport: ClientTransport): RtmpPeer {
		const { context, nextId } = this.#options;
		const peer = new RtmpPeer(nextId(), wire, transport, context, gone => this.#peers.delete(gone));
		this.#peers.add(peer);
		return peer;
	}

	#makeTunnel(): HttpTunnel {
		const { door, context } = this.#options;
		const { rtmpt, http } = this.#options.options;
		return new HttpTunnel({
			limits: rtmpt,
			times: {
				holdMillis: rtmpt.holdMillis,
				sessionMillis: rtmpt.sessionTimeoutMillis,
				unusedMillis: rtmpt.unusedTimeoutMillis,
				gapMillis: rtmpt.gapTimeoutMillis,
				firstMillis: rtmpt.firstTimeoutMillis,
				endMillis: rtmpt.endTimeoutMillis,
			},
			cors: http.cors,
			ident2: rtmpt.ident2,
			ident: rtmpt.ident,
			now: context.now,
			random: count => context.random(count),
			originOf: request => door.originOf(request),
			refusalOf: address => door.tunnelRefusal(address),
			onSession: (open, { secure }) => {
				if (!door.hasRoom) return false;
				this.#take(open, { protocol: secure ? "rtmpts" : "rtmpt", secure });
				return true;
			},
			onRefused: (address, text) => door.refuse(address, text),
		});
	}
}
