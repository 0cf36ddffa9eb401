import type { AmfValue } from "@millrace/core/amf";
import type { Responder as CallResponder, NetStatus } from "@millrace/core/rtmp";
import { flashValue } from "./callback.ts";
import { callFailed } from "./connect/index.ts";
import { asStatus } from "./net-connection-answer.ts";
import type { RemotingAnswer } from "./remoting.ts";
import { Responder, type ResponderObject } from "./responder.ts";

/** What the answers to calls need of their connection. */
export type CallAnswerHost = {
	/** Runs code of the user, which may throw. */
	guard(what: string, action: () => unknown): void;
	/** Takes the failure of a call whose responder takes none. */
	onStatus(info: NetStatus): void;
};

/** The answer to one call, of a server or a gateway, on its way to the user's responder of either form. */
export class CallAnswer implements CallResponder, RemotingAnswer {
	readonly #host: CallAnswerHost;
	readonly #name: string;
	readonly #responder: Responder | ResponderObject;

	constructor(host: CallAnswerHost, name: string, responder: Responder | ResponderObject) {
		this.#host = host;
		this.#name = name;
		this.#responder = responder;
	}

	onResult(value: AmfValue): void {
		this.#tell(true, flashValue(value));
	}

	/** The call failed, as the server says; `undefined`: the connection ended before the answer. */
	onError(value: AmfValue): void {
		const info = flashValue(callFailed(value));
		const handler = this.#responder instanceof Responder ? this.#responder.status : this.#responder.onStatus;
		if (typeof handler === "function") this.#tell(false, info);
		else if (value !== undefined) this.#host.onStatus(asStatus(info));
	}

	onFault(value: AmfValue): void {
		this.onError(value);
	}

	/** The connection's status has told of it already, where there is one. */
	onLost(info: NetStatus | undefined): void {
		this.#tell(false, info ?? callFailed(undefined));
	}

	onDebugEvents(value: AmfValue): void {
		const responder = this.#responder;
		if (responder instanceof Responder) return;
		this.#guard(() => responder.onDebugEvents?.(flashValue(value)));
	}

	#tell(ok: boolean, value: AmfValue): void {
		const responder = this.#responder;
		this.#guard(() => {
			if (responder instanceof Responder) return ok ? responder.result(value) : responder.status?.(value);
			return ok ? responder.onResult?.(value) : responder.onStatus?.(value);
		});
	}

	#guard(action: () => unknown): void {
		this.#host.guard(`The responder of ${this.#name} threw`, action);
	}
}
