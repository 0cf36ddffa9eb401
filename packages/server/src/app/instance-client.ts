import type { AmfObject, AmfValue } from "@millrace/core/amf";
import type { NetStatus, Responder } from "@millrace/core/rtmp";
import type { ClientStats } from "./client-stats.ts";
import type { Admission, ClientFacts, PortQuestion, SharedObjectType, StreamAction } from "./port.ts";

/** A connected client as its instance sees it. Implemented by peers, and by fakes in tests. */
export interface InstanceClient {
	readonly facts: ClientFacts;
	accept(admission: Admission): void;
	reject(status: NetStatus): void;
	sendResult(call: number, value: AmfValue): void;
	sendError(call: number, status: NetStatus): void;
	/** Answers a call (`SERVER_CALLS`) as where the application does not handle it. */
	answerCall(call: number): void;
	/** Calls a method of the client. `responder` gets its answer, or an error where none comes. */
	callMethod(name: string, args: readonly AmfValue[], responder?: Responder): void;
	sendSharedObject(type: SharedObjectType, body: Uint8Array): void;
	readonly line: ClientLine;
	/** What it is told until `releaseOutput` may leave together. They come in pairs. */
	holdOutput(): void;
	releaseOutput(): void;
	/** The instance ends: the client is told `status`, and its connection ends. */
	close(status?: NetStatus): void;
}

/** What may be asked and done about the connection of a client. */
export interface ClientLine {
	/** Bytes a second; 0 leaves a direction as it is, `Infinity` lifts its limit. */
	setBandwidthLimit(serverToClient: number, clientToServer: number): void;
	/** Bytes a second, infinite where there is no limit. */
	readonly bandwidthLimit: { readonly serverToClient: number; readonly clientToServer: number };
	/** `undefined`: the client did not answer. */
	ping(onAnswer: (roundTripMillis: number | undefined) => void): void;
	/** `undefined`: the client did not answer. False: it is not connected. */
	checkBandwidth(onDone: (result: AmfObject | undefined) => void): boolean;
	/** Measures at this moment. */
	stats(): ClientStats;
}

/** What only the connections of clients can answer. */
export type ClientQuestion =
	| "client-stats"
	| "bandwidth-limit"
	| "ping"
	| "check-bandwidth"
	| "alive"
	| "instance-stats";

/** What the media of an instance can answer. */
export type MediaQuestion = Exclude<PortQuestion, ClientQuestion>;

/** Called once with the application's answer: `undefined` when it allows, otherwise the status to refuse with. */
export type PermissionHandler = (refusal: NetStatus | undefined) => void;

/** What the media side does for the application of an instance: streams of its own, files and figures. */
export interface InstanceMedia {
	act(stream: string, action: StreamAction, args: readonly AmfValue[]): void;
	/** Rejects with a sentence that says why it cannot. */
	answer(question: MediaQuestion, args: readonly AmfValue[]): Promise<AmfValue>;
	/** The instance is unloaded: what its application played and recorded ends. */
	close(): void;
}
