import type { AmfValue } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";
import type { ApplicationHost, ApplicationPort, ClientFacts, ClientId, PortEffect, StreamFacts } from "./port.ts";

/** A connected client as its instance sees it. Implemented by peers, and by fakes in tests. */
export interface InstanceClient {
	readonly facts: ClientFacts;
	accept(): void;
	reject(status: NetStatus): void;
	sendResult(call: number, value: AmfValue): void;
	sendError(call: number, status: NetStatus): void;
	/** Calls a method of the client. */
	callMethod(name: string, args: readonly AmfValue[]): void;
	close(): void;
}

/** Called once with the application's answer: `undefined` when it allows, otherwise the status to refuse with. */
export type PermissionHandler = (refusal: NetStatus | undefined) => void;

/** One instance of an application (`app/instance`): its clients on this side, the application behind its port. */
export class ApplicationInstance {
	readonly application: string;
	readonly instance: string;
	readonly #port: ApplicationPort;
	readonly #clients = new Map<ClientId, ClientSlot>();
	readonly #permissions = new Map<number, Permission>();
	#nextRequest = 1;

	constructor(application: string, instance: string, host: ApplicationHost) {
		this.application = application;
		this.instance = instance;
		this.#port = host.open(application, instance, effects => {
			for (const effect of effects) this.#apply(effect);
		});
	}

	get clientCount(): number {
		return this.#clients.size;
	}

	/** Asks the application to let a client in. */
	connect(client: InstanceClient): void {
		this.#clients.set(client.facts.id, { client, held: [] });
		this.#port.send({ kind: "connect", client: client.facts });
	}

	/** The client has gone, whether it was let in or not. */
	disconnect(client: InstanceClient): void {
		const { id } = client.facts;
		if (!this.#clients.delete(id)) return;
		for (const [request, permission] of this.#permissions) {
			if (permission.client === id) this.#permissions.delete(request);
		}
		this.#port.send({ kind: "disconnect", client: id });
	}

	call(client: InstanceClient, call: number, name: string, args: readonly AmfValue[]): void {
		this.#port.send({ kind: "call", client: client.facts.id, call, name, args });
	}

	/** Asks whether a client may publish or play. */
	ask(kind: "publish" | "play", client: InstanceClient, stream: StreamFacts, onAnswer: PermissionHandler): void {
		const request = this.#nextRequest++;
		this.#permissions.set(request, { client: client.facts.id, onAnswer });
		this.#port.send({ kind, client: client.facts.id, request, stream });
	}

	/** Tells that a client no longer publishes or plays. */
	tell(kind: "unpublish" | "stop", client: InstanceClient, stream: StreamFacts): void {
		this.#port.send({ kind, client: client.facts.id, stream });
	}

	/** Unloads the application. */
	close(): void {
		this.#permissions.clear();
		this.#clients.clear();
		this.#port.close();
	}

	#apply(effect: PortEffect): void {
		// A client may be gone before the application has answered.
		const slot = this.#clients.get(effect.client);
		if (slot === undefined) return;
		const { client, held } = slot;
		if (held !== undefined && effect.kind !== "accept" && effect.kind !== "reject" && effect.kind !== "close") {
			held.push(effect);
			return;
		}
		switch (effect.kind) {
			case "accept":
				slot.held = undefined;
				client.accept();
				// The client may leave in answer to any of them.
				for (const later of held ?? []) this.#apply(later);
				return;
			case "reject":
				return client.reject(effect.status);
			case "result":
				return client.sendResult(effect.call, effect.value);
			case "error":
				return client.sendError(effect.call, effect.status);
			case "call":
				return client.callMethod(effect.name, effect.args);
			case "allow":
				return this.#answer(effect.request, undefined);
			case "refuse":
				return this.#answer(effect.request, effect.status);
			case "close":
				return client.close();
		}
	}

	#answer(request: number, refusal: NetStatus | undefined): void {
		const permission = this.#permissions.get(request);
		this.#permissions.delete(request);
		permission?.onAnswer(refusal);
	}
}

/** A client, and what the application did to it before it let it in: that follows the answer to `connect`. */
type ClientSlot = { readonly client: InstanceClient; held: PortEffect[] | undefined };

type Permission = { readonly client: ClientId; readonly onAnswer: PermissionHandler };
