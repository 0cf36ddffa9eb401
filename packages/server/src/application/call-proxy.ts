import type { AmfValue } from "@millrace/core/amf";
import { asRecord, CallError, type Client } from "./client.ts";
import { Refusal } from "./definition.ts";

/** An application of another server that can be called: a `NetConnection` of `millrace/client`. */
export interface RemoteCaller {
	readonly connected: boolean;
	callAsync(name: string, ...args: AmfValue[]): Promise<AmfValue>;
	call(name: string, responder: null, ...args: AmfValue[]): void;
}

/** Whom calls of clients are handed on to. */
export type ProxyTarget = Client | RemoteCaller;

/** Methods of which others take the calls (`Application.registerProxy`). */
export class CallProxies {
	readonly #proxies = new Map<string, { readonly target: ProxyTarget; readonly method: string }>();

	/** @returns whether there is something new: a target, or one less */
	register(name: string, target: ProxyTarget | null, method: string): boolean {
		if (target === null) return this.#proxies.delete(name);
		this.#proxies.set(name, { target, method });
		return true;
	}

	/**
	 * What hands calls of that name on: it resolves with the result, and rejects with a `Refusal` where the other side
	 * fails. Without an answer nothing is waited for. `undefined`: nobody else takes them.
	 */
	find(name: string): ((args: readonly AmfValue[], wantsAnswer: boolean) => Promise<AmfValue>) | undefined {
		const proxy = this.#proxies.get(name);
		if (proxy === undefined) return undefined;
		const { target, method } = proxy;
		return async (args, wantsAnswer) => {
			// A call would wait for a connection that may never come.
			if ("callAsync" in target && !target.connected)
				throw new Refusal("There is no connection.", undefined, undefined);
			if (!wantsAnswer) {
				if ("callAsync" in target) target.call(method, null, ...args);
				else target.send(method, ...args);
				return undefined;
			}
			try {
				return await ("callAsync" in target ? target.callAsync(method, ...args) : target.call(method, ...args));
			} catch (error) {
				throw refusalOf(error);
			}
		};
	}
}

/** The other side's failure, as the caller is to be told it: nothing that this application has done wrong. */
function refusalOf(error: unknown): unknown {
	const isStatus = error instanceof CallError || (error instanceof Error && error.name === "NetStatusError");
	if (!isStatus || !("info" in error)) return error;
	const { description, application } = asRecord(error.info as AmfValue);
	return new Refusal(typeof description === "string" ? description : error.message, application, undefined);
}
