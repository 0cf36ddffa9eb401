import { AmfClassRegistry, type AmfValue, encodeAmf3 } from "@millrace/core/amf";
import { PeerError, UsageError } from "@millrace/core/fault";
import { describe, expect, it } from "vitest";
import { EFFECTS, EVENTS } from "./port-case.ts";
import { decodeControl, decodeEffect, decodeEvent, encodeControl, encodeEffect, encodeEvent } from "./port-codec.ts";

describe("what crosses a port", () => {
	it.each(EVENTS.map(event => [event.kind, event] as const))("the event %s arrives as it was sent", (_kind, event) => {
		expect(decodeEvent(encodeEvent(event))).toEqual(event);
	});

	it.each(EFFECTS.map(effect => [effect.kind, effect] as const))(
		"the effect %s arrives as it was sent",
		(_, effect) => {
			expect(decodeEffect(encodeEffect(effect))).toEqual(effect);
		},
	);

	it("control messages arrive as they were sent", () => {
		expect(decodeControl(encodeControl("open", 1, "a", "{}"))).toEqual({ word: "open", values: [1, "a", "{}"] });
	});

	it("classes of the application become instances on its side", () => {
		class Point {
			x = 0;
		}
		const classes = new AmfClassRegistry();
		classes.registerClass("Point", Point);
		const point = Object.assign(new Point(), { x: 3 }) as unknown as AmfValue;
		const bytes = encodeEffect({ kind: "result", client: "c1", call: 1, value: point }, { classes });
		expect(decodeEffect(bytes)).toMatchObject({ value: { className: "Point", members: { x: 3 } } });
		const event = encodeEvent({ kind: "call", client: "c1", call: 1, name: "m", args: [] });
		expect(decodeEvent(event, { classes })).toMatchObject({ name: "m" });
	});

	it("is bounded by what an application may send at once", () => {
		const large = { kind: "result", client: "c1", call: 1, value: "x".repeat(1000) } as const;
		expect(() => encodeEffect(large, { maxBytes: 500 })).toThrow(UsageError);
	});

	it("is refused at every length that is too short", () => {
		for (const effect of EFFECTS) {
			const bytes = encodeEffect(effect);
			for (let length = 0; length < bytes.length; length++) {
				expect(() => decodeEffect(bytes.subarray(0, length))).toThrow(PeerError);
			}
		}
	});

	it.each<[string, AmfValue]>([
		["no array", "accept"],
		["an unknown kind", [99]],
		["a client that is no text", [0, 7]],
		["a number that is none", [6, "c1", Number.NaN]],
		["arguments that are no list", [4, "c1", 0, "name", "args"]],
		["a status that is no object", [1, "c1", null]],
		["a status with an unknown code", [1, "c1", { code: "X", level: "error", description: "" }]],
		["a status without a level", [1, "c1", { code: "NetConnection.Connect.Rejected", description: "" }]],
		["a message type that is none of shared objects", [10, ["c1"], 20, new Uint8Array(0)]],
		["a body that is no bytes", [10, ["c1"], 19, "x"]],
		["an unknown action", [11, "tv", "explode", []]],
		["an unknown question", [12, 1, "password", []]],
		["an unknown level", [14, "loud", "x"]],
		["a call that the server does not know", [16, ["connect"]]],
	])("an application cannot send %s", (_what, fields) => {
		expect(() => decodeEffect(encodeAmf3(fields))).toThrow(PeerError);
	});
});
