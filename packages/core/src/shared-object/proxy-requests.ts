import type { SharedObjectSubscriber } from "./shared-object-master-handler.ts";
import type { SharedObjectEvent } from "./shared-object-message.ts";

/** What a client asked for, as it went to the owner. */
export type ProxyRequest = {
	/** The subscription by which it came: a client that has subscribed anew is not told what became of it. */
	readonly author: SharedObjectSubscriber;
	/** A change, a removal or a clear. */
	readonly event: SharedObjectEvent;
	/** The client's version of the object. */
	readonly version: number;
};

/**
 * What a proxy has asked the owner for and has had no answer to. The owner answers in order, so that the first request
 * for a slot is the one that an answer about it means.
 */
export class ProxyRequests {
	#list: ProxyRequest[] = [];

	get size(): number {
		return this.#list.length;
	}

	add(request: ProxyRequest): void {
		this.#list.push(request);
	}

	/** The first for a slot. */
	find(name: string): ProxyRequest | undefined {
		return this.#list.find(({ event }) => "name" in event && event.name === name);
	}

	/** Takes the first for a slot. */
	take(name: string): ProxyRequest | undefined {
		return this.#take(this.find(name));
	}

	/** Takes the first that wants to set the slot. A removal before it has been answered in others' words. */
	takeChange(name: string): ProxyRequest | undefined {
		for (;;) {
			const first = this.take(name);
			if (first === undefined || first.event.kind === "request-change") return first;
		}
	}

	/** Takes the first for a slot where it wants to remove it. */
	takeRemove(name: string): ProxyRequest | undefined {
		const first = this.find(name);
		return first?.event.kind === "request-remove" ? this.#take(first) : undefined;
	}

	/** Takes the first that wants to clear the object. */
	takeClear(): ProxyRequest | undefined {
		return this.#take(this.#list.find(({ event }) => event.kind === "clear" || event.kind === "request-clear"));
	}

	/** Takes all, in order. */
	takeAll(): ProxyRequest[] {
		const all = this.#list;
		this.#list = [];
		return all;
	}

	#take(request: ProxyRequest | undefined): ProxyRequest | undefined {
		if (request !== undefined) this.#list.splice(this.#list.indexOf(request), 1);
		return request;
	}
}
