import type { AmfValue } from "@millrace/core/amf";
import type { PortEffect, PortQuestion, PortReply } from "../app/index.ts";
import { CallError, Client } from "./client.ts";

/** How questions and calls leave an instance. */
export type AnswerSource = {
	/** Sends an effect. Throws a `UsageError` for values that cannot be sent. */
	emit(effect: PortEffect): void;
	/** Asks, and stands still until the answer is there. Throws an `Error` where it cannot. */
	askNow(ask: PortEffect): PortReply;
};

/** The answers that the code of an instance waits for: those of the server, and of clients whose methods it has called. */
export class AwaitedAnswers {
	readonly #source: AnswerSource;
	readonly #asks = new Map<number, Waiting>();
	readonly #calls = new Map<number, WaitingCall>();
	#nextNumber = 1;
	#hasEnded = false;

	constructor(source: AnswerSource) {
		this.#source = source;
	}

	/** Asks the server. Rejects with an `Error` where it has no answer, or the instance ends first. */
	ask(question: PortQuestion, args: readonly AmfValue[]): Promise<AmfValue> {
		return new Promise((resolve, reject) => {
			if (this.#hasEnded) throw new Error(ENDED);
			const ask = this.#nextNumber++;
			this.#source.emit({ kind: "ask", ask, question, args, isAwaited: false });
			this.#asks.set(ask, { resolve, reject });
		});
	}

	/** The same, and stands still until the answer is there. */
	askNow(question: PortQuestion, args: readonly AmfValue[]): AmfValue {
		if (this.#hasEnded) throw new Error(ENDED);
		const ask = this.#nextNumber++;
		const { failed, value } = this.#source.askNow({ kind: "ask", ask, question, args, isAwaited: true });
		if (failed) throw new Error(String(value));
		return value;
	}

	/** Calls a method of a client that is there. Rejects with a `CallError`, or with an `Error` where it leaves first. */
	call(client: string, name: string, args: readonly AmfValue[]): Promise<AmfValue> {
		return new Promise((resolve, reject) => {
			const call = this.#nextNumber++;
			this.#source.emit({ kind: "call", client, call, name, args });
			// When the answer comes, nothing tells any more who asked for it.
			const place: { stack?: string } = {};
			Error.captureStackTrace(place, Client.prototype.call);
			this.#calls.set(call, { client, name, place, resolve, reject });
		});
	}

	/** The server's answer has come. */
	takeReply(ask: number, failed: boolean, value: AmfValue): void {
		const waiting = this.#asks.get(ask);
		this.#asks.delete(ask);
		if (failed) waiting?.reject(new Error(String(value)));
		else waiting?.resolve(value);
	}

	/** A client's answer has come. */
	takeAnswer(call: number, failed: boolean, value: AmfValue): void {
		const waiting = this.#calls.get(call);
		this.#calls.delete(call);
		if (failed) waiting?.reject(madeAt(waiting.place, new CallError(waiting.name, value)));
		else waiting?.resolve(value);
	}

	/** A client has gone: it answers nothing. */
	forget(client: string): void {
		for (const [call, waiting] of this.#calls) {
			if (waiting.client !== client) continue;
			this.#calls.delete(call);
			waiting.reject(madeAt(waiting.place, new Error("The client has gone.")));
		}
	}

	/** The instance has ended: no more answers come. */
	end(): void {
		this.#hasEnded = true;
		for (const { reject } of [...this.#asks.values(), ...this.#calls.values()]) reject(new Error(ENDED));
	}
}

const ENDED = "The instance has ended.";

type Waiting = {
	readonly resolve: (value: AmfValue) => void;
	readonly reject: (error: Error) => void;
};

type WaitingCall = Waiting & {
	readonly client: string;
	readonly name: string;
	readonly place: Place;
};

/** Where something was called for; the stack is made into text only when it is read. */
type Place = { readonly stack?: string };

/** Gives an error the stack of the place that it is about. */
function madeAt(place: Place, error: Error): Error {
	error.stack = `${error.name}: ${error.message}\n${place.stack?.replace(/^.*\n/, "") ?? ""}`;
	return error;
}
