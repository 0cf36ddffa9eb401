import { netStatus } from "@millrace/core/rtmp";
import type { ApplicationHost, ApplicationPort, PortEffect, PortEvent, PortListener } from "./port.ts";

/** How much of an unknown method's name is repeated in the answer, which must not grow with the call. */
const SHOWN_NAME = 100;

/**
 * Runs applications without code of their own: everybody is let in, every stream is allowed that the server's policy
 * allowed before, and there are no methods. It lives in the media process and answers at once.
 */
export class DefaultApplicationHost implements ApplicationHost {
	open(_application: string, _instance: string, listener: PortListener): ApplicationPort {
		let isOpen = true;
		let handled = 0;
		return {
			send(event) {
				if (!isOpen) return;
				handled++;
				const effect = answer(event);
				listener.onEffects(effect === undefined ? [] : [effect], handled);
			},
			close() {
				isOpen = false;
			},
		};
	}
}

function answer(event: PortEvent): PortEffect | undefined {
	switch (event.kind) {
		case "connect":
			return { kind: "accept", client: event.client.id };
		case "publish":
		case "play":
			return { kind: "allow", client: event.client, request: event.request };
		case "call":
			return {
				kind: "error",
				client: event.client,
				call: event.call,
				status: netStatus("NetConnection.Call.Failed", `Method not found (${event.name.slice(0, SHOWN_NAME)}).`),
			};
		default:
			return undefined;
	}
}
