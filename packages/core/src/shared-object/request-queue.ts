import { LimitError } from "../fault/index.ts";
import type { SharedObjectSubscriber } from "./shared-object-master-handler.ts";
import type { SharedObjectEvent } from "./shared-object-message.ts";

/** What a client asks for in one message. */
export type SharedObjectRequest = {
	readonly subscriber: SharedObjectSubscriber;
	readonly events: readonly SharedObjectEvent[];
	/** The version that the client knew. */
	readonly version: number;
	/** The message's length. */
	readonly bytes: number;
};

/** Requests that wait for a lock to end, in order. */
export class RequestQueue {
	readonly #limit: { readonly messages: number; readonly bytes: number };
	#requests: SharedObjectRequest[] = [];
	#bytes = 0;

	constructor(limit = { messages: 10_000, bytes: 16 * 1024 * 1024 }) {
		this.#limit = limit;
	}

	get length(): number {
		return this.#requests.length;
	}

	/** @throws LimitError SHARED_OBJECT_TOO_LARGE where there is no room */
	add(request: SharedObjectRequest): void {
		const { messages, bytes } = this.#limit;
		if (this.length >= messages || this.#bytes + request.bytes > bytes) {
			throw new LimitError("SHARED_OBJECT_TOO_LARGE", `${this.length} requests wait for a lock's end.`);
		}
		this.#bytes += request.bytes;
		this.#requests.push(request);
	}

	/** The oldest. */
	take(): SharedObjectRequest | undefined {
		const request = this.#requests.shift();
		this.#bytes -= request?.bytes ?? 0;
		return request;
	}
}
