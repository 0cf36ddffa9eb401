import type { FaultCode } from "@millrace/core/fault";
import {
	decodeSharedObjectMessage,
	encodeSharedObjectMessage,
	SHARED_OBJECT_ANSWER_LIMITS,
	SHARED_OBJECT_PERSISTENT,
	type SharedObjectEvent,
} from "@millrace/core/shared-object";
import { expect } from "vitest";
import type { AbuseCase } from "../abuse-case.ts";
import { join, repeat, u16, u32 } from "../bytes.ts";
import type { RawClient } from "../raw-client.ts";

const SHARED_OBJECT = 19;
/** Version, flags and what is always 0, of a volatile object. */
const HEAD = join(u32(0), u32(0), u32(0));

function message(client: RawClient, name: string, events: readonly SharedObjectEvent[], flags = 0): Uint8Array {
	return client.message(SHARED_OBJECT, encodeSharedObjectMessage({ name, version: 0, flags, events }, 0));
}

/** A name that no other test uses. */
function fresh(): string {
	return `abuse-${Math.random().toString(36).slice(2)}`;
}

type EventKind = SharedObjectEvent["kind"];

/** The events of the messages that a client is sent. */
function watchEvents(client: RawClient): Set<EventKind> {
	const kinds = new Set<EventKind>();
	const keep = client.onMessage;
	client.onMessage = received => {
		if (received.type !== SHARED_OBJECT) return keep(received);
		const { events } = decodeSharedObjectMessage(SHARED_OBJECT, received.payload, SHARED_OBJECT_ANSWER_LIMITS);
		for (const { kind } of events) kinds.add(kind);
	};
	return kinds;
}

async function stillServed(client: RawClient): Promise<void> {
	const kinds = watchEvents(client);
	client.send(message(client, fresh(), [{ kind: "use" }]));
	await client.until(() => kinds.has("use-success") || kinds.has("status"), "an answer about a shared object");
	expect(await client.call("createStream")).toBeTypeOf("number");
}

/** What is answered with an event: `status` where it is refused, `remove` where a slot has no room. */
function answered(
	row: number,
	behaviour: string,
	event: EventKind,
	send: (client: RawClient) => Uint8Array,
): AbuseCase {
	return {
		row,
		behaviour,
		stage: "connected",
		outcome: "served",
		withinMillis: 10_000,
		async attack(client) {
			const kinds = watchEvents(client);
			await client.sendAll(send(client));
			await client.until(() => kinds.has(event), `the event ${event} of a shared object`);
			return undefined;
		},
		confirm: stillServed,
	};
}

const TRAVERSALS = ["../../intruder", "/etc/intruder", "a/../../b", "..", "a//b", "nul\0byte", "line\r\nend", ""];

/** Offenders by shared objects, in an application without code: rows 54 and 55. */
export const sharedObjectCases: readonly AbuseCase[] = [
	answered(54, "more than 1,000 shared objects of one client are refused", "status", client =>
		manySharedObjects(client, 1010),
	),
	answered(54, "more than 50,000 slots of a shared object are refused", "remove", client => {
		const name = fresh();
		const parts = [message(client, name, [{ kind: "use" }])];
		for (let i = 0; i < 60_000; i += 5000) {
			const events = Array.from(
				{ length: 5000 },
				(_, at): SharedObjectEvent => ({ kind: "request-change", name: `slot${i + at}`, value: 1 }),
			);
			parts.push(message(client, name, events));
		}
		return Buffer.concat(parts);
	}),
	answered(54, "a slot of 5 MB is refused", "remove", client => {
		const name = fresh();
		const value = "x".repeat(5_000_000);
		return join(
			message(client, name, [{ kind: "use" }]),
			message(client, name, [{ kind: "request-change", name: "large", value }]),
		);
	}),
	...TRAVERSALS.map(name =>
		answered(55, `the persistent shared object ${JSON.stringify(name)} is refused`, "status", client =>
			message(client, name, [{ kind: "use" }], SHARED_OBJECT_PERSISTENT),
		),
	),
	answered(55, "a version that was never given is told everything", "use-success", client => {
		const events: SharedObjectEvent[] = [{ kind: "use" }];
		const body = encodeSharedObjectMessage({ name: fresh(), version: 0xffffffff, flags: 0, events }, 0);
		return client.message(SHARED_OBJECT, body);
	}),
	{
		row: 55,
		behaviour: "changes of objects that are not used, and events that only a server sends, are ignored or refused",
		stage: "connected",
		outcome: "served",
		attack: client =>
			join(
				message(client, fresh(), [{ kind: "request-change", name: "a", value: 1 }]),
				message(client, fresh(), [{ kind: "release" }, { kind: "clear" }, { kind: "use-success" }]),
				message(client, fresh(), [{ kind: "slot-version", name: "a", version: 7 }, { kind: "request-clear" }]),
			),
		confirm: stillServed,
	},
];

/** Uses so many shared objects, each with a slot of 100 bytes. */
export function manySharedObjects(client: RawClient, count: number): Uint8Array {
	const events: SharedObjectEvent[] = [
		{ kind: "use" },
		{ kind: "request-change", name: "slot", value: "x".repeat(100) },
	];
	return Buffer.concat(Array.from({ length: count }, () => message(client, fresh(), events)));
}

/** What ends the connection: the row, what is sent, and the fault that the log names. */
export const CLOSED: readonly (readonly [row: string, fault: FaultCode, send: (client: RawClient) => Uint8Array])[] = [
	[
		"row 54: a name of 64 kB",
		"SHARED_OBJECT_TOO_LARGE",
		client => message(client, "n".repeat(65_000), [{ kind: "use" }]),
	],
	[
		"row 54: 20,000 changes in one message",
		"SHARED_OBJECT_TOO_LARGE",
		client => client.message(SHARED_OBJECT, join(u16(1), "a", HEAD, repeat(join(3, u32(4), u16(1), "a", 5), 20_000))),
	],
	[
		"row 55: a message that breaks off",
		"MESSAGE_MALFORMED",
		client => client.message(SHARED_OBJECT, join(u16(9), "abc")),
	],
];
