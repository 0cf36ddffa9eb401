import type { AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus, type Responder } from "@millrace/core/rtmp";
import {
	type ApplicationInstance,
	type ClientFacts,
	type ClientLine,
	emptyClientStats,
	type InstanceClient,
	type InstanceDirectory,
} from "../app/index.ts";

/** What became of a call. */
export type CallOutcome =
	| { readonly kind: "result"; readonly value: AmfValue }
	| { readonly kind: "status"; readonly status: NetStatus };

type OpenCall = { readonly name: string; readonly args: readonly AmfValue[]; settle(outcome: CallOutcome): void };

/**
 * The client that a request is to an application: it connects, makes the request's calls in their order once it is let
 * in, and leaves when they are answered. Nothing reaches it but answers: what the application sends it besides is lost,
 * and what it calls of it fails.
 */
export class RemotingClient implements InstanceClient {
	readonly facts: ClientFacts;
	readonly line: ClientLine = LINE;
	readonly #instance: ApplicationInstance;
	/** By their numbers, in their order. */
	readonly #calls = new Map<number, OpenCall>();
	#nextCall = 1;
	#state: "new" | "connecting" | "connected" | "over" = "new";
	/** What became of the connection, for calls that come later. */
	#end: NetStatus = netStatus("NetConnection.Call.Failed");

	constructor(facts: ClientFacts, instance: ApplicationInstance) {
		this.facts = facts;
		this.#instance = instance;
	}

	/** Calls a method. Never rejects. */
	call(name: string, args: readonly AmfValue[]): Promise<CallOutcome> {
		return new Promise(settle => {
			if (this.#state === "over") {
				settle({ kind: "status", status: this.#end });
				return;
			}
			const number = this.#nextCall++;
			this.#calls.set(number, { name, args, settle });
			if (this.#state === "connected") this.#instance.call(this, number, name, args);
		});
	}

	/** Asks to be let in: all calls that are to be made are known. */
	connect(): void {
		this.#state = "connecting";
		this.#instance.connect(this);
	}

	/** Calls that are not answered fail with that status; it does nothing any more. */
	end(status: NetStatus): void {
		if (this.#state === "over") return;
		this.#state = "over";
		this.#end = status;
		const open = [...this.#calls.values()];
		this.#calls.clear();
		for (const { settle } of open) settle({ kind: "status", status });
	}

	/** All is answered. */
	leave(directory: InstanceDirectory): void {
		this.#state = "over";
		directory.leave(this.#instance, this);
	}

	// ── what the instance does ──

	accept(): void {
		if (this.#state !== "connecting") return;
		this.#state = "connected";
		for (const [number, { name, args }] of [...this.#calls]) this.#instance.call(this, number, name, args);
	}

	reject(status: NetStatus): void {
		this.end(status);
	}

	sendResult(call: number, value: AmfValue): void {
		this.#settle(call, { kind: "result", value });
	}

	sendError(call: number, status: NetStatus): void {
		this.#settle(call, { kind: "status", status });
	}

	answerCall(call: number): void {
		const name = this.#calls.get(call)?.name ?? "";
		this.#settle(call, {
			kind: "status",
			status: netStatus("NetConnection.Call.Failed", `Method not found (${name}).`),
		});
	}

	callMethod(_name: string, _args: readonly AmfValue[], responder?: Responder): void {
		responder?.onError(undefined);
	}

	sendSharedObject(): void {}

	holdOutput(): void {}

	releaseOutput(): void {}

	close(
		status: NetStatus = netStatus("NetConnection.Call.Failed", "The application has closed the connection."),
	): void {
		this.end(status);
	}

	#settle(number: number, outcome: CallOutcome): void {
		const call = this.#calls.get(number);
		this.#calls.delete(number);
		call?.settle(outcome);
	}
}

/** There is no line that could be measured or limited. */
const LINE: ClientLine = {
	setBandwidthLimit() {},
	ping: onAnswer => onAnswer(undefined),
	checkBandwidth: () => false,
	stats: emptyClientStats,
	bandwidthLimit: { serverToClient: Number.POSITIVE_INFINITY, clientToServer: Number.POSITIVE_INFINITY },
};
