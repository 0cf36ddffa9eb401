import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { NetStatus } from "@millrace/core/rtmp";
import type { ServerOptions } from "./config/index.ts";
import type { EventLog } from "./log/index.ts";
import { AddressRule, AddressSet, ConnectionRate, originOf, requestOrigin, type SocketOrigin } from "./net/index.ts";

/** The server behind a door. */
export type ServerDoorOptions = {
	readonly options: Pick<ServerOptions, "limits" | "addresses" | "trustedProxies">;
	readonly log: EventLog;
	/** Monotonic milliseconds. */
	now(): number;
	/** Whether it runs: it has been started, and does not stop. */
	isRunning(): boolean;
	/** RTMP clients, viewers and calls that are there. */
	connectionCount(): number;
	/** Connections that have not said what they speak. */
	waitingCount(): number;
};

/** Who is let in: by the address, by how many come from it in a minute, and by how many are there. */
export class ServerDoor {
	/** Proxies that may say whom they speak for. */
	readonly trusted: AddressSet;
	/** The status with which every `connect` is rejected while the server is emptied. */
	rejection: NetStatus | undefined;
	readonly #server: ServerDoorOptions;
	readonly #addresses: AddressRule;
	readonly #rate: ConnectionRate;

	constructor(server: ServerDoorOptions) {
		const { limits, addresses, trustedProxies } = server.options;
		this.#server = server;
		this.trusted = new AddressSet(trustedProxies);
		this.#addresses = new AddressRule(addresses);
		this.#rate = new ConnectionRate(limits.connectionsPerAddressPerMinute);
	}

	/** Where a request comes from: what a trusted proxy says, otherwise what its connection says. */
	originOf(request: IncomingMessage): SocketOrigin {
		return requestOrigin(request, this.trusted);
	}

	/** Whether one more client is taken. */
	get hasRoom(): boolean {
		return this.#server.isRunning() && !this.#isFull;
	}

	/** The same for a viewer, who cannot be told where to go instead. */
	get hasRoomForViewer(): boolean {
		return this.hasRoom && this.rejection === undefined;
	}

	/** Whether a request may come from where it comes. */
	mayAsk(request: IncomingMessage): boolean {
		return this.#addresses.admits(this.originOf(request).address);
	}

	/** Whether a connection is taken, whatever it speaks; it is counted then. Trusted proxies bring many clients. */
	admit(address: string): boolean {
		const { connections } = this.#limits;
		if (!this.#server.isRunning()) this.refuse(address, STOPPING);
		else if (this.#server.waitingCount() >= connections) this.refuse(address, this.#tooMany);
		else if (this.trusted.has(address) || this.#admitRate(address)) return true;
		return false;
	}

	/** Whether an RTMP client is taken whose connection was admitted. */
	admitClient(address: string): boolean {
		if (!this.#isFull) return true;
		this.refuse(address, this.#tooMany);
		return false;
	}

	/** Whether a client of a WebSocket is taken: its connection was counted, unless it is a proxy's. */
	admitWebSocket(origin: SocketOrigin, socket: Socket): boolean {
		return this.hasRoom && (originOf(socket).address === origin.address || this.#admitRate(origin.address));
	}

	/** Why a tunnel is not opened, or `undefined`: it is counted. Many of them may come over one connection. */
	tunnelRefusal(address: string): string | undefined {
		if (!this.#server.isRunning()) return STOPPING;
		if (this.#isFull) return this.#tooMany;
		return this.#rate.admit(address, this.#server.now()) ? undefined : this.#tooOften;
	}

	/** Says in the log that somebody was not let in. */
	refuse(address: string, text: string): void {
		this.#server.log.warn("refuse", { from: address, text });
	}

	#admitRate(address: string): boolean {
		if (!this.#addresses.admits(address)) this.refuse(address, NOT_ALLOWED);
		else if (this.#rate.admit(address, this.#server.now())) return true;
		else this.refuse(address, this.#tooOften);
		return false;
	}

	get #limits(): ServerOptions["limits"] {
		return this.#server.options.limits;
	}

	get #isFull(): boolean {
		return this.#server.connectionCount() >= this.#limits.connections;
	}

	get #tooMany(): string {
		return `More than ${this.#limits.connections} connections.`;
	}

	get #tooOften(): string {
		return `More than ${this.#limits.connectionsPerAddressPerMinute} connections in a minute.`;
	}
}

const STOPPING = "The server stops.";
const NOT_ALLOWED = "The settings do not allow this address.";
