import { netStatus } from "@millrace/core/rtmp";
import type { ApplicationHost, ApplicationPort, EffectHandler, PortEffect, PortEvent } from "./port.ts";

/** How much of an unknown method's name is repeated in the answer, which must not grow with the call. */
const SHOWN_NAME = 100;

/**
 * The built-in application without code of its own: it lets everybody in, allows every stream that the server's policy
 * allowed before it, and knows no methods. It runs in the media process and answers at once.
 */
export class LiveApplicationHost implements ApplicationHost {
	open(_application: string, _instance: string, onEffects: EffectHandler): ApplicationPort {
		let open = true;
		return {
			send(event) {
				const effect = open ? answer(event) : undefined;
				if (effect !== undefined) onEffects([effect]);
			},
			close() {
				open = false;
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
