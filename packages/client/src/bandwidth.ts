import type { AmfValue } from "@millrace/core/amf";
import {
	BandwidthCheck,
	bandwidthPayload,
	DEFAULT_BANDWIDTH_CHECK,
	type NetStatus,
	netStatus,
	type Responder,
} from "@millrace/core/rtmp";
import type { ClientPlatform } from "./connect/index.ts";
import { NetStatusError } from "./errors.ts";

/** What the server has measured, as it tells it by `onBWDone`. */
export type DownloadBandwidth = {
	/** Kilobits a second from the server to here. */
	readonly kbitDown: number;
	/** What was sent for it, in kilobits, and how long that took, in milliseconds; 0 where the server does not say. */
	readonly deltaDown: number;
	readonly deltaTime: number;
	/** Round trip, in milliseconds. */
	readonly latencyMillis: number;
};

/** What was measured here. */
export type UploadBandwidth = {
	/** Kilobits a second from here to the server. */
	readonly kbitUp: number;
	/** What was sent for it, in kilobits, and how long that took, in milliseconds. */
	readonly deltaUp: number;
	readonly deltaTime: number;
	/** Round trip, in milliseconds. */
	readonly latencyMillis: number;
};

export type BandwidthOptions = {
	/** Longest wait for the result, in milliseconds. Default 30 s. */
	readonly timeoutMillis?: number;
};

/** What the checks use of their connection. */
export interface BandwidthConnection {
	/** The responder's `onError` gets `undefined` where the connection has ended. */
	call(name: string, args: readonly AmfValue[], responder: Responder): void;
	/** Is told once when the connection has ended; returns what ends that. */
	onEnd(listener: () => void): () => void;
}

type Waiting = { resolve(result: DownloadBandwidth): void; reject(error: NetStatusError): void };

const DEFAULT_TIMEOUT_MILLIS = 30_000;
const ENDED = "The connection ended before the result.";

/** The bandwidth checks of one connection. */
export class ConnectionBandwidth {
	readonly #connection: BandwidthConnection;
	readonly #platform: ClientPlatform;
	readonly #waiting = new Set<Waiting>();

	constructor(connection: BandwidthConnection, platform: ClientPlatform) {
		this.#connection = connection;
		this.#platform = platform;
	}

	/** Asks the server to measure. */
	down(options: BandwidthOptions = {}): Promise<DownloadBandwidth> {
		return new Promise((resolve, reject) => {
			const end = (): void => {
				this.#waiting.delete(waiting);
				stopTimer();
				stopListening();
			};
			const waiting: Waiting = {
				resolve: result => {
					end();
					resolve(result);
				},
				reject: error => {
					end();
					reject(error);
				},
			};
			const fail = (info: AmfValue): void => waiting.reject(new NetStatusError(asFailure(info)));
			const { timeoutMillis = DEFAULT_TIMEOUT_MILLIS } = options;
			const stopTimer = this.#platform.after(timeoutMillis, () => fail("The server told no result in time."));
			const stopListening = this.#connection.onEnd(() => fail(ENDED));
			this.#waiting.add(waiting);
			this.#connection.call("checkBandwidth", [], {
				onResult: () => undefined,
				onError: info => fail(info ?? ENDED),
			});
		});
	}

	/** Sends payloads, and measures how soon the server answers; that it knows the method is not needed. */
	up(options: BandwidthOptions = {}): Promise<UploadBandwidth> {
		return new Promise((resolve, reject) => {
			let stopTimer = (): void => undefined;
			const stopListening = this.#connection.onEnd(() => check.stop());
			const check = new BandwidthCheck(
				{ ...DEFAULT_BANDWIDTH_CHECK, answerTimeoutMillis: options.timeoutMillis ?? DEFAULT_TIMEOUT_MILLIS },
				(bytes, probe) => {
					const answered = (): void => {
						check.answered(probe, this.#platform.now());
						arm();
					};
					const args = [this.#platform.now(), bandwidthPayload(bytes)];
					const onError = (info: AmfValue): void => (info === undefined ? check.stop() : answered());
					this.#connection.call("checkBandwidthUp", args, { onResult: answered, onError });
				},
				result => {
					stopTimer();
					stopListening();
					if (result === undefined) {
						reject(new NetStatusError(asFailure("The server did not answer.")));
						return;
					}
					const { kbit, deltaKbit, deltaMillis, latencyMillis } = result;
					resolve({ kbitUp: kbit, deltaUp: deltaKbit, deltaTime: deltaMillis, latencyMillis });
				},
			);
			const arm = (): void => {
				stopTimer();
				if (check.isOver) return;
				const due = Math.max(1, check.deadline - this.#platform.now());
				stopTimer = this.#platform.after(due, () => {
					check.handleTimeout(this.#platform.now());
					arm();
				});
			};
			check.begin(this.#platform.now());
			arm();
		});
	}

	/** The server has called `onBWDone`. Without arguments it says only that it does not measure. */
	onDone(args: readonly AmfValue[]): void {
		const result = readResult(args);
		if (result === undefined) return;
		for (const waiting of [...this.#waiting]) waiting.resolve(result);
	}
}

/** Four numbers, as Flash Media Server has it, or one object, as Red5 has. */
function readResult([first, deltaDown, deltaTime, latency]: readonly AmfValue[]): DownloadBandwidth | undefined {
	const members: Record<string, unknown> =
		typeof first === "object" && first !== null
			? (first as Record<string, unknown>)
			: { kbitDown: first, deltaDown, deltaTime, latency };
	const number = (value: unknown): number => (Number.isFinite(Number(value ?? 0)) ? Number(value ?? 0) : 0);
	if (members["kbitDown"] === undefined || members["kbitDown"] === null) return undefined;
	return {
		kbitDown: number(members["kbitDown"]),
		deltaDown: number(members["deltaDown"]),
		deltaTime: number(members["deltaTime"]),
		latencyMillis: number(members["latency"]),
	};
}

function asFailure(info: AmfValue): NetStatus {
	if (typeof info === "object" && info !== null && "code" in info) return info as NetStatus;
	return netStatus("NetConnection.Call.Failed", typeof info === "string" ? info : undefined);
}
