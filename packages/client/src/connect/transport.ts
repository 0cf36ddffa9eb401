import type { RoadProtocol } from "./address.ts";
import type { UsedProxy } from "./attempt-list.ts";

/** Where a connection goes, and how. */
export type TransportTarget = {
	readonly protocol: RoadProtocol;
	/** Name or address, IPv6 without brackets. */
	readonly host: string;
	readonly port: number;
	/** The kind of proxy to go through; the platform knows which. */
	readonly proxy: UsedProxy;
};

/** What a transport reports. */
export interface TransportHandler {
	/** Bytes can be sent. */
	onOpen(): void;
	/** The bytes are the handler's until it returns. */
	onData(bytes: Uint8Array): void;
	/** Everything that was written has been taken by the network. */
	onDrain(): void;
	/** The last call, exactly one, whether or not the transport ever opened. */
	onClosed(error: Error | undefined): void;
}

/** A byte stream to a server: TCP, TLS, a tunnel through HTTP, a WebSocket. */
export interface Transport {
	/** Bytes that were written and that the network has not taken yet. */
	readonly backlog: number;
	/** Sends slices in order, as one piece where that is cheaper. */
	write(slices: readonly Uint8Array[]): void;
	/** Sends what was written and ends. */
	close(): void;
	/** Ends at once. */
	destroy(): void;
	/**
	 * Stops reading from the network, so that the server is held back, or goes on. Where it is left out, what comes is
	 * read as it comes.
	 */
	holdInput?(isHeld: boolean): void;
}

/** Opens a transport. Nothing is reported before it has returned. */
export type TransportOpener = (target: TransportTarget, handler: TransportHandler) => Transport;
